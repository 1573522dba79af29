"""Hosts that take node locks, each with a session of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import zc.zk
from zc.zkdeployment.adapters.locks import NodeLocks
from zc.zkdeployment.adapters.registry import Registry
from zc.zkdeployment.adapters.stop_intent import StopIntent
from zc.zkdeployment.errors import Abandoned
from zc.zkdeployment.host.turns import Turn
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.model import Identity

LIMIT = 20  # seconds until a test that waits has failed


class Host:
    """A host that can take node locks, in threads of its own."""

    def __init__(self, name: str, connection: str, session_timeout: float | None) -> None:
        self.zk = zc.zk.ZK(connection, session_timeout)
        self.name = name
        self.wakeup = Wakeup()
        identity = Identity(name, f"{name}.example.com")
        self.registry = Registry(self.zk, identity, self.wakeup, StopIntent("/nonexistent"))
        self.locks = NodeLocks(self.zk, identity, self.wakeup, self.registry)
        self.registry.read_version()
        self.stopped = False
        self.at_once = 1
        self.has_it = threading.Event()
        self.give_back = threading.Event()
        self.abandoned = threading.Event()
        self.thread: threading.Thread | None = None

    def going_on(self) -> None:
        if self.stopped:
            raise Abandoned("the test says so")

    def start(self, path: str) -> None:
        self.thread = threading.Thread(target=self._hold, args=(path,), daemon=True)
        self.thread.start()

    def _hold(self, path: str) -> None:
        try:
            turns = [Turn(path, at_once=self.at_once)]
            with self.locks.turns(turns, self.going_on) as taken:
                next(taken)
                self.has_it.set()
                assert self.give_back.wait(LIMIT)
        except Abandoned:
            self.abandoned.set()

    def finish(self) -> None:
        self.give_back.set()
        assert self.thread is not None
        self.thread.join(LIMIT)
        assert not self.thread.is_alive()


@contextmanager
def hosts(
    connection: str, session_timeout: float | None = None
) -> Iterator[Callable[[str], Host]]:
    """Provide what makes hosts, whose sessions end with the context."""
    with ExitStack() as stack:

        def make(name: str) -> Host:
            made = Host(name, connection, session_timeout)
            stack.callback(made.zk.close)
            return made

        yield make


def wait_for_children(
    zk: zc.zk.ZK, path: str, count: int, but: frozenset[str] = frozenset()
) -> list[str]:
    """Wait until a node has ``count`` children, not counting some; return their names."""
    enough = threading.Event()
    found: list[str] = []

    def look(children: list[str]) -> None:
        found[:] = sorted(set(children) - but)
        if len(found) >= count:
            enough.set()

    zk.client.ChildrenWatch(path, look)
    assert enough.wait(LIMIT)
    return found
