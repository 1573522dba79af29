"""Ephemeral nodes come back after their session has ended."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kazoo.exceptions import ConnectionClosedError, NodeExistsError

from zc.zk import READ_ACL_UNSAFE, ZK, NoAnswer
from zc.zkdeployment.lab.relay import CREATE, SET, Relay

Expire = Callable[[ZK], None]
_PATIENCE = 30.0  # seconds

EndSession = Callable[[tuple[int, bytes]], None]


def test_an_ephemeral_node_comes_back_with_its_data_and_acl(
    zk: ZK, zk_connection: str, expire: Expire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "zc.zk")
    with contextlib.closing(ZK(zk_connection)) as host:
        host.ephemerals.create("/host", b"up", READ_ACL_UNSAFE)
        host.ephemerals.create("/other")
        before = host.exists("/host")
        assert before
        with _seen(zk, "/host", b"up"), _seen(zk, "/other", b""):
            expire(host)
        after = zk.exists("/host")
        assert after
        assert after.ephemeralOwner == host.client.client_id[0] != before.ephemeralOwner
        assert zk.client.get_acls("/host")[0] == READ_ACL_UNSAFE
    assert not zk.exists("/host")  # it went with the last session
    assert "Restored ephemeral node /host" in caplog.messages


def test_a_registered_service_comes_back(zk: ZK, zk_connection: str, expire: Expire) -> None:
    with contextlib.closing(ZK(zk_connection)) as host:
        host.register("/", "192.0.2.1:80", x=1)
        data = zk.get("/192.0.2.1:80")[0]
        with _seen(zk, "/192.0.2.1:80", data):
            expire(host)


def test_it_comes_back_again_and_again(zk: ZK, zk_connection: str, expire: Expire) -> None:
    with contextlib.closing(ZK(zk_connection)) as host:
        host.ephemerals.create("/host", b"up")
        for _ in range(3):
            with _seen(zk, "/host", b"up"):
                expire(host)


@pytest.mark.parametrize("how", ["update", "set", "properties"])
def test_it_comes_back_with_what_was_written_last(
    zk: ZK, zk_connection: str, expire: Expire, how: str
) -> None:
    with contextlib.closing(ZK(zk_connection)) as host:
        host.ephemerals.create("/host", b'{"version": 1}')
        new = b'{"version":2}'
        if how == "update":
            host.ephemerals.update("/host", new)
        elif how == "set":
            host.set("/host", new)
        else:
            host.properties("/host").update(version=2)
        assert zk.get("/host")[0] == new
        with _seen(zk, "/host", new):
            expire(host)
        assert zk.is_ephemeral("/host")


def test_what_is_deleted_or_forgotten_does_not_come_back(
    zk: ZK, zk_connection: str, expire: Expire
) -> None:
    with contextlib.closing(ZK(zk_connection)) as host:
        for name in ("deleted", "forgotten", "kept"):
            host.ephemerals.create(f"/{name}")
        host.delete("/deleted")
        host.ephemerals.forget("/forgotten")
        with _seen(zk, "/kept", b""):
            expire(host)
        assert zk.get_children("/") == ["kept"]


def test_a_node_that_an_operator_deleted_comes_back_with_its_next_update(
    zk: ZK, zk_connection: str
) -> None:
    with contextlib.closing(ZK(zk_connection)) as host:
        host.ephemerals.create("/host", b"1")
        zk.delete("/host")
        with _seen(zk, "/host", b"2"):
            host.ephemerals.update("/host", b"2")


def test_only_what_was_created_can_be_updated(zk: ZK) -> None:
    zk.create("/host")
    with pytest.raises(KeyError):
        zk.ephemerals.update("/host", b"")


def test_a_node_of_somebody_else_is_waited_out_and_left_as_it_is(
    zk: ZK,
    relay: Relay,
    relayed: ZK,
    end_session: EndSession,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nor does it hold up the other nodes."""
    relayed.ephemerals.create("/a", b"1")
    relayed.ephemerals.create("/b", b"1")
    session = relayed.client.client_id
    relay.hold()
    end_session(session)
    zk.create("/a", "somebody else")
    with _seen(zk, "/b", b"1"):
        relay.release()
    relayed.ephemerals.update("/a", b"2")
    assert zk.get("/a")[0] == b"somebody else"
    with _seen(zk, "/a", b"2"):
        zk.delete("/a")
    assert zk.is_ephemeral("/a")
    assert [message for message in caplog.messages if "belongs to session 0x0" in message]


def test_a_node_whose_parent_is_gone_comes_back_with_it(
    zk: ZK,
    relay: Relay,
    relayed: ZK,
    end_session: EndSession,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is tried again and again, and said once."""
    monkeypatch.setattr("zc.zk.session._RETRY", 0.05)
    zk.create("/parent")
    relayed.ephemerals.create("/parent/a", b"up")
    session = relayed.client.client_id
    relay.hold()
    end_session(session)
    zk.delete("/parent")
    attempts = _count_attempts(relayed, monkeypatch)
    relay.release()
    for _ in range(3):
        assert attempts.acquire(timeout=_PATIENCE)
    assert len([m for m in caplog.messages if "restore ephemeral node /parent/a yet" in m]) == 1
    with _seen(zk, "/parent/a", b"up"):
        zk.create("/parent")


def test_a_node_that_exists_is_not_taken_for_a_new_one(zk: ZK, zk_connection: str) -> None:
    zk.ephemerals.create("/mine")
    with contextlib.closing(ZK(zk_connection)) as host:
        host.ephemerals.create("/others")
        for path in ("/mine", "/others"):
            with pytest.raises(NodeExistsError, match=f"{path} belongs to session 0x"):
                zk.ephemerals.create(path)


@pytest.mark.parametrize("lose", ["lose_answer", "lose_request"])
def test_a_connection_lost_while_a_node_is_created_does_no_harm(
    zk: ZK, relay: Relay, relayed: ZK, lose: str
) -> None:
    getattr(relay, lose)(CREATE)
    relayed.ephemerals.create("/host", b"up")
    assert zk.get("/host")[0] == b"up"
    assert zk.is_ephemeral("/host")


def test_connections_lost_all_the_time_are_an_error(relay: Relay, relayed: ZK) -> None:
    relay.lose_request(CREATE, 100)
    with pytest.raises(NoAnswer, match="/host: could not be created in 3 attempts"):
        relayed.ephemerals.create("/host")


def test_an_update_whose_answer_is_lost_is_made_again(zk: ZK, relay: Relay, relayed: ZK) -> None:
    relayed.ephemerals.create("/host", b"1")
    relay.lose_answer(SET)
    relayed.ephemerals.update("/host", b"2")
    assert zk.get("/host")[0] == b"2"


def test_what_was_written_while_restoring_was_cut_off_is_there_in_the_end(
    zk: ZK, relay: Relay, relayed: ZK, end_session: EndSession
) -> None:
    relayed.ephemerals.create("/host", b"1")
    session = relayed.client.client_id
    relay.hold()
    end_session(session)
    relay.lose_answer(CREATE, 3)

    class Writer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "Cannot restore ephemeral node /host yet" in record.getMessage():
                relayed.ephemerals.replaced("/host", b"2")

    writer = Writer()
    logging.getLogger("zc.zk").addHandler(writer)
    try:
        with _seen(zk, "/host", b"2"):
            relay.release()
    finally:
        logging.getLogger("zc.zk").removeHandler(writer)


def test_a_node_that_goes_while_it_is_looked_at_is_no_obstacle(
    zk: ZK, zk_connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(ZK(zk_connection)) as host:
        zk.create("/host")
        get = host.client.get_async

        def delete_and_get(path: str, watch: object) -> object:
            zk.delete(path)
            return get(path, watch)

        monkeypatch.setattr(host.client, "get_async", delete_and_get)
        host.ephemerals.create("/host", b"up")
        assert zk.get("/host")[0] == b"up"


def test_a_closed_tree_creates_nothing(zk: ZK) -> None:
    zk.close()
    with pytest.raises(ConnectionClosedError):
        zk.ephemerals.create("/host")


@contextlib.contextmanager
def _seen(zk: ZK, path: str, data: bytes | None) -> Iterator[None]:
    """Wait, at the end, until the node at ``path`` holds ``data``."""
    yield
    changed = threading.Semaphore(0)
    while (zk.get(path)[0] if zk.exists(path, lambda _: changed.release()) else None) != data:
        assert changed.acquire(timeout=_PATIENCE), f"{path} did not become {data!r}"


def _count_attempts(zk: ZK, monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Return what is released at each attempt to create an ephemeral node."""
    attempts = threading.Semaphore(0)
    create = zk.ephemerals._create

    def count_and_create(*args: Any, **kw: Any) -> None:
        attempts.release()
        create(*args, **kw)

    monkeypatch.setattr(zk.ephemerals, "_create", count_and_create)
    return attempts
