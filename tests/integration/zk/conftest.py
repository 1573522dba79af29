"""Connections that can be made to fail, for one client alone."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

import pytest
from kazoo.client import KazooClient
from kazoo.protocol.states import KazooState

from zc.zk import ZK
from zc.zkdeployment.lab.relay import Relay
from zc.zkdeployment.lab.zookeeper import Server


@pytest.fixture
def relay(zookeeper_server: Server) -> Iterator[Relay]:
    """A relay to the shared server."""
    with Relay(zookeeper_server) as relay:
        yield relay


@pytest.fixture
def relayed(relay: Relay, zk_connection: str) -> Iterator[ZK]:
    """A tree on the same root as ``zk``, through the relay."""
    chroot = zk_connection.partition("/")[2]
    with contextlib.closing(ZK(f"{relay.connection_string}/{chroot}", 6.0)) as opened:
        yield opened


@pytest.fixture
def end_session(zookeeper_server: Server) -> Callable[[tuple[int, bytes]], None]:
    """Ends a session on the server, given the client's id."""

    def end_session(client_id: tuple[int, bytes]) -> None:
        # Whoever has a session's id and password may end it.
        heir = KazooClient(zookeeper_server.connection_string, client_id=client_id)
        heir.start(timeout=10.0)
        heir.stop()
        heir.close()

    return end_session


@pytest.fixture
def expire(end_session: Callable[[tuple[int, bytes]], None]) -> Callable[[ZK], None]:
    """Ends the session of a tree, and waits until its client knows."""

    def expire(zk: ZK) -> None:
        lost = threading.Event()

        def listener(state: str) -> None:
            if state == KazooState.LOST:
                lost.set()

        zk.client.add_listener(listener)
        while not lost.is_set():  # the client may have taken its session back meanwhile
            end_session(zk.client.client_id)
            lost.wait(2.0)
        zk.client.remove_listener(listener)

    return expire
