"""One private ZooKeeper server for all tests, and a tree of its own on it for each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count

import pytest
from kazoo.exceptions import NoAuthError, NotEmptyError

from zc.zk import ZK
from zc.zkdeployment.lab.zookeeper import Server

_numbers = count(1)


def new_root(server: str) -> str:
    """Make a new, empty node on the server at a connection string, and return its path."""
    path = f"/test-{next(_numbers)}"
    with contextlib.closing(ZK(server)) as zk:
        zk.create(path)
    return path


@pytest.fixture(scope="session")
def zookeeper_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real ZooKeeper server; shared, so tests that harm a server start their own."""
    with Server.start(tmp_path_factory.mktemp("zookeeper")) as server:
        yield server


@pytest.fixture(scope="session")
def _zookeeper_root(zookeeper_server: Server) -> Iterator[ZK]:
    with contextlib.closing(ZK(zookeeper_server.connection_string, 30.0)) as root:
        yield root


@pytest.fixture(scope="session")
def new_tree(
    zookeeper_server: Server, _zookeeper_root: ZK
) -> Callable[[], AbstractContextManager[str]]:
    """Make connection strings whose root is a new, empty node while a context lasts."""

    @contextlib.contextmanager
    def make() -> Iterator[str]:
        chroot = f"/test-{next(_numbers)}"
        _zookeeper_root.create(chroot)
        yield zookeeper_server.connection_string + chroot
        # Where an ACL guards a node or a client still writes, it stays: nobody else looks there.
        with contextlib.suppress(NoAuthError, NotEmptyError):
            _zookeeper_root.delete_recursive(chroot, force=True)

    return make


@pytest.fixture
def zk_connection(new_tree: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """A connection string whose root is a new, empty node."""
    with new_tree() as connection:
        yield connection


@pytest.fixture
def zk(zk_connection: str) -> Iterator[ZK]:
    """An open tree on a new, empty root."""
    with contextlib.closing(ZK(zk_connection)) as opened:
        yield opened
