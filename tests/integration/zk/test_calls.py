"""Requests end, whatever becomes of the servers."""

from __future__ import annotations

import contextlib
import threading
from functools import partial
from pathlib import Path

import pytest
from kazoo.exceptions import ConnectionClosedError, ConnectionLoss, NoAuthError, NoNodeError
from kazoo.security import make_digest_acl

from zc.zk import ZK, NoAnswer
from zc.zk.calls import Calls
from zc.zkdeployment.lab.relay import GET, SET, Relay
from zc.zkdeployment.lab.zookeeper import Server


def test_a_read_whose_answer_is_lost_is_made_again(zk: ZK, relay: Relay, relayed: ZK) -> None:
    zk.create("/node", "data")
    relay.lose_answer(GET, 2)
    assert relayed.get("/node")[0] == b"data"


def test_a_read_survives_a_restart_of_the_server(tmp_path: Path) -> None:
    with (
        Server.start(tmp_path) as server,
        contextlib.closing(ZK(server.connection_string)) as zk,
    ):
        zk.create("/node", "data")
        server.kill()
        server.launch()  # it takes a while to serve
        assert zk.get("/node")[0] == b"data"


def test_no_answer_within_the_time_allowed_is_an_error_and_not_a_hang(
    relay: Relay, relayed: ZK
) -> None:
    calls = Calls(relayed.client, 0.3)
    relay.hold()
    with pytest.raises(NoAnswer, match="no answer"):
        calls.read(partial(relayed.client.exists_async, "/"))
    relay.release()


def test_no_connection_within_the_time_allowed_is_an_error_and_not_a_hang(tmp_path: Path) -> None:
    with (
        Server.start(tmp_path) as server,
        contextlib.closing(ZK(server.connection_string)) as zk,
    ):
        suspended = threading.Event()
        zk.client.add_listener(lambda _: suspended.set())
        server.kill()
        assert suspended.wait(10.0)
        calls = Calls(zk.client, 0.3)
        for call in (calls.read, calls.once):
            with pytest.raises(NoAnswer, match="no connection"):
                call(partial(zk.client.exists_async, "/"))


def test_a_write_that_came_to_nothing_is_not_done_later(zk: ZK, relay: Relay, relayed: ZK) -> None:
    zk.create("/node", "before")
    calls = Calls(relayed.client, 0.3)
    relay.lose_request(SET)
    relay.hold()
    relay.cut()
    for _ in range(2):
        with pytest.raises((NoAnswer, ConnectionLoss)):
            calls.once(partial(relayed.client.set_async, "/node", b"after"))
    relay.release()
    assert relayed.get("/node")[0] == b"before"


def test_a_write_waits_for_the_connection_to_come_back(zk: ZK, relay: Relay, relayed: ZK) -> None:
    zk.create("/node", "before")
    suspended = threading.Event()
    relayed.client.add_listener(lambda _: suspended.set())
    relay.cut()
    assert suspended.wait(10.0)
    relayed.set("/node", "after")
    assert zk.get("/node")[0] == b"after"


def test_a_closed_client_says_so_at_once(zk: ZK) -> None:
    zk.close()
    with pytest.raises(ConnectionClosedError):
        zk.exists("/")
    with pytest.raises(ConnectionClosedError):
        zk.create("/node")


def test_many_reads_give_an_answer_or_an_error_each_although_connections_are_lost(
    zk: ZK, relay: Relay, relayed: ZK
) -> None:
    for number in range(300):
        zk.create(f"/{number}", str(number))
    zk.create("/secret", acl=[make_digest_acl("somebody", "else", all=True)])
    client = relayed.client
    calls = Calls(client, 10.0)
    relay.lose_answer(GET, 1)
    answers = calls.read_all(
        partial(client.get_async, f"/{name}") for name in (*range(300), "missing", "secret")
    )
    assert [data for data, _ in answers[:300]] == [b"%d" % number for number in range(300)]
    assert [type(error) for error in answers[300:]] == [NoNodeError, NoAuthError]
    zk.client.add_auth("digest", "somebody:else")
    zk.delete("/secret")
