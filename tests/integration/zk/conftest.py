"""Connections that can be made to fail, for one client alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from tests.support import sessions

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
def end_session(zk_connection: str) -> Callable[[tuple[int, bytes]], None]:
    """Ends a session on the server, given the client's id."""
    return partial(sessions.end_session, zk_connection)


@pytest.fixture
def expire(zk_connection: str) -> Callable[[ZK], None]:
    """Ends the session of a tree, and waits until its client knows."""
    return partial(sessions.expire, zk_connection)
