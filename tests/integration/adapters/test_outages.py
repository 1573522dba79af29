"""Losing ZooKeeper, and servers that answer although they lead nowhere."""

from __future__ import annotations

import contextlib
import queue
from datetime import datetime
from pathlib import Path

import pytest
from tests.faults.fleets import until

import zc.zk
from zc.zkdeployment.adapters.outages import Outages
from zc.zkdeployment.adapters.registry import Registry
from zc.zkdeployment.adapters.stop_intent import StopIntent
from zc.zkdeployment.errors import Unreachable
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.lab.ensemble import Ensemble
from zc.zkdeployment.lab.relay import Relay
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.model import Identity

LIMIT = 60  # seconds until a test that waits has failed


def test_an_outage_is_told_with_its_beginning_and_its_end(zookeeper_server: Server) -> None:
    told: queue.SimpleQueue[datetime | None] = queue.SimpleQueue()
    with (
        Relay(zookeeper_server) as relay,
        contextlib.closing(zc.zk.ZK(relay.connection_string, 2.0)) as zk,
        contextlib.closing(Outages(zk.client, told.put)),
    ):
        for _ in range(2):
            relay.hold()
            assert told.get(timeout=LIMIT) is not None
            relay.release()
            relay.cut()  # what was held may be of a session that has ended
            assert told.get(timeout=LIMIT) is None
    assert told.empty()


def test_a_session_of_which_nothing_was_heard_for_long_vouches_for_nothing(
    zk_connection: str, zk: zc.zk.ZK, tmp_path: Path
) -> None:
    """Whatever the client believes: it learns last that it was cut off."""
    zk.import_tree("/hosts\n  version = 1\n")
    with contextlib.closing(zc.zk.ZK(zk_connection, 1.0)) as one:
        registry = Registry(one, Identity("h1", "h1"), Wakeup(), StopIntent(str(tmp_path)))
        registry.watch()
        assert registry.connected()
        until(lambda: not registry.connected(), "the session may have ended")
        assert one.client.connected
        registry.look()
        assert registry.connected()


def test_a_server_without_a_leader_vouches_for_nothing(tmp_path: Path) -> None:
    """It answers reads until it notices: a stop, say, that the others know, it does not."""
    with Ensemble.start(tmp_path) as ensemble:
        leader = ensemble.leader()
        follower = next(server for server in ensemble.servers if server is not leader)
        with contextlib.closing(zc.zk.ZK(follower.connection_string, 1.0)) as zk:
            zk.import_tree("/hosts\n  version = 1\n")
            registry = Registry(
                zk, Identity("h1", "h1"), Wakeup(), StopIntent(str(tmp_path / "none"))
            )
            registry.watch()
            assert registry.connected()
            others = [server for server in ensemble.servers if server is not follower]
            for server in others:
                server.pause()
            assert zk.get_properties("/hosts") == {"version": 1}
            with pytest.raises(Unreachable):
                registry.look(afresh=True)
            assert not registry.connected()
            for server in others:
                server.resume()
            registry.look(afresh=True)
            assert registry.connected()
