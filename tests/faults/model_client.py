"""A model of a client of ZooKeeper, as far as the adapters of the product use one.

A request is done at once or not at all, but its answer may get lost. The server that a client
talks to may lag behind; what a watch tells may be late, later than answers to requests that
were made after it. All that can happen is chosen by ``choose``, the dice of a schedule.
"""

from __future__ import annotations

import contextlib
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kazoo.exceptions import (
    ConnectionLoss,
    KazooException,
    NoNodeError,
    SessionExpiredError,
)
from kazoo.protocol.states import KazooState, ZnodeStat
from tests.faults.model_store import State, Store, names, stat

import zc.zk
from zc.zk.bulk import Result
from zc.zk.operations import Create, Delete, Operation, Set

Watch = Callable[[Any], None]

_MOST_BEHIND = 3  # states that a server may be behind when a new session begins with it


@dataclass(frozen=True, slots=True)
class Request:
    """What is done when it reaches a server."""

    run: Callable[[], Any]


class Client:
    """A client and its session; ``pause`` is called before each request.

    ``connected`` is what the client believes; ``reachable`` whether there is a network.
    ``late`` are callbacks that are still to be made. ``lagging`` says that its server hears
    of nothing by itself.
    """

    def __init__(self, store: Store, choose: random.Random, pause: Callable[[], None]) -> None:
        self.store = store
        self.choose = choose
        self.pause = pause
        self.session = store.new_session()
        self.connected = True
        self.reachable = True
        self.lagging = False
        self.late: list[Watch] = []
        self.listeners: list[Callable[[str], Any]] = []
        self.seen = b""  # what /hosts was when it was last read
        self._view = store.head
        self._syncs = False  # whether the next request is answered by a server that caught up
        self._cut: str | None = None  # whether the next request is still done before it is lost
        self._watches: dict[tuple[str, bool], dict[Watch, None]] = defaultdict(dict)

    @property
    def client_id(self) -> tuple[int, bytes] | None:
        return (self.session, b"") if self.session in self.store.sessions else None

    def add_listener(self, listener: Callable[[str], Any]) -> None:
        self.listeners.append(listener)

    def get_async(self, path: str, watch: Watch | None = None) -> Request:
        return Request(lambda: self._get(path, watch))

    def exists_async(self, path: str, watch: Watch | None = None) -> Request:
        return Request(lambda: self._exists(path, watch))

    def get_children_async(self, path: str, watch: Watch | None = None) -> Request:
        return Request(lambda: self._children(path, watch))

    def create_async(
        self,
        path: str,
        data: bytes,
        acl: object = None,
        ephemeral: bool = False,
        sequence: bool = False,
    ) -> Request:
        create = Create(path, data, ephemeral=ephemeral)
        return Request(lambda: self.write([create], sequential=sequence)[0])

    def set_async(self, path: str, data: bytes, version: int = -1) -> Request:
        return Request(lambda: self._set(path, data, version))

    def delete_async(self, path: str, version: int = -1) -> Request:
        return Request(lambda: self.write([Delete(path, version)]))

    def sync_async(self, path: str) -> Request:
        self._syncs = True  # so does whoever does not wait for the answer
        return Request(lambda: None)

    def perform(self, request: Request) -> Any:
        """Make a request; raises ``ConnectionLoss``, ``SessionExpiredError``, ``NoAnswer``."""
        self.pause()
        if not self.connected:
            raise zc.zk.NoAnswer("no connection")
        if self.session not in self.store.sessions:
            self.lose()
            raise SessionExpiredError
        if self._cut == "before" or not self.reachable:
            self.lose()
            raise ConnectionLoss
        if self._syncs:
            self._syncs = False
            self._see(self.store.head)
        self._catch_up()
        if self._cut is None:
            return request.run()
        seen = self.seen
        with contextlib.suppress(KazooException):  # nobody hears of that either
            request.run()
        self.seen = seen
        self.lose()
        raise ConnectionLoss

    def read(self, paths: Sequence[str], data: bool, children: bool) -> list[Result]:
        """Read nodes; names may be of an earlier moment than data and stat."""
        below = [self._names_at(path) if children else None for path in paths]
        if self.choose.random() < 0.3:
            self._catch_up()
        state = self._state
        return [
            Result(path, state[path].data, stat(state, path), found)
            if data and path in state
            else Result(path, children=found)
            for path, found in zip(paths, below, strict=True)
        ]

    def write(self, operations: Sequence[Operation], *, sequential: bool = False) -> list[str]:
        paths = self.store.write(self.session, operations, sequential=sequential)
        self._see(self.store.head)
        return paths

    def write_all(self, operations: Sequence[Operation]) -> list[Any]:
        """Write; return the stat of each node that was set, of others the path."""
        paths = self.write(operations)
        return [
            stat(self.store.now, path) if isinstance(each, Set) else path
            for each, path in zip(operations, paths, strict=True)
        ]

    def cut(self, done: str) -> None:
        """Break the connection, with the next request done ``before`` or ``after`` that."""
        self._cut = done

    def lose(self) -> None:
        """Have the client notice that it has no connection."""
        if self.connected:
            self.connected = False
            self._cut = None
            self._tell(KazooState.SUSPENDED)
            self._reset_watches()

    def reconnect(self) -> None:
        """Connect again, with another session if this one has ended."""
        if self.session not in self.store.sessions:
            self._tell(KazooState.LOST)
            self.session = self.store.new_session()
            self._view = max(0, self.store.head - self.choose.randint(0, _MOST_BEHIND))
        self.connected = True
        self._tell(KazooState.CONNECTED)

    def call_back(self) -> None:
        """Make the callback that was to be made first."""
        self.late.pop(0)(None)

    def hear(self) -> None:
        """Have the server of a connected client catch up, and tell of what it learned."""
        if self.connected and self.reachable and self._cut is None:
            self._see(self.store.head)

    @property
    def doomed(self) -> bool:
        """Whether the client will notice, without a request, that it has lost its server."""
        gone = self.session not in self.store.sessions
        return self._cut is not None or gone or not self.reachable

    @property
    def behind(self) -> bool:
        """Whether there is something that the client was not told of."""
        return self._view < self.store.head and self.connected

    @property
    def _state(self) -> State:
        return self.store.states[self._view]

    def _catch_up(self) -> None:
        head = self.store.head
        if self._view < head and not self.lagging:
            late = self.choose.random() < 0.15
            self._see(self.choose.randint(self._view, head) if late else head)

    def _see(self, until: int) -> None:
        while self._view < until:
            self._view += 1
            for change in self.store.changes[self._view]:
                self.late += self._watches.pop(change, ())

    def _tell(self, state: str) -> None:
        for listener in list(self.listeners):
            listener(state)

    def _reset_watches(self) -> None:
        for watches in self._watches.values():
            self.late += watches
        self._watches.clear()

    def _watch(self, path: str, children: bool, watch: Watch | None) -> None:
        if watch is not None:
            self._watches[path, children][watch] = None

    def _get(self, path: str, watch: Watch | None) -> tuple[bytes, ZnodeStat]:
        state = self._state
        if path not in state:
            raise NoNodeError(path)
        self._watch(path, False, watch)
        if path == "/hosts":
            self.seen = state[path].data
        return state[path].data, stat(state, path)

    def _exists(self, path: str, watch: Watch | None) -> ZnodeStat | None:
        self._watch(path, False, watch)
        return stat(self._state, path) if path in self._state else None

    def _children(self, path: str, watch: Watch | None) -> list[str]:
        found = self._names_at(path)
        if found is None:
            raise NoNodeError(path)
        self._watch(path, True, watch)
        return found

    def _names_at(self, path: str) -> list[str] | None:
        return names(self._state, path) if path in self._state else None

    def _set(self, path: str, data: bytes, version: int) -> ZnodeStat:
        self.write([Set(path, data, version)])
        return stat(self.store.now, path)
