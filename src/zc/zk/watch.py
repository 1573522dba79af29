"""Looks at ZooKeeper that are repeated whenever what was seen may have changed."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol
from weakref import WeakSet

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException, NoNodeError
from kazoo.protocol.states import KazooState, WatchedEvent

from zc.zk.calls import Calls
from zc.zk.codec import decode

logger = logging.getLogger("zc.zk")

_RETRY = 1.0  # seconds until a look that failed is repeated


class Look:
    """One look at ZooKeeper, which reads nothing twice.

    What it reads it watches with ``event``, if given. ``seen`` maps each path read
    to the transaction that wrote the node's data, ``None`` where there is no node.
    Raises ``KazooException`` where a read fails: see :class:`~zc.zk.calls.Calls`.
    """

    def __init__(self, calls: Calls, event: Callable[[WatchedEvent], None] | None) -> None:
        self._calls = calls
        self._event = event
        self._nodes: dict[str, Mapping[str, Any] | None] = {}
        self.seen: dict[str, int | None] = {}

    def properties(self, path: str) -> Mapping[str, Any] | None:
        """Return the node's own properties; ``None`` if there is no node."""
        if path not in self.seen:
            self._nodes[path], self.seen[path] = self._read(path)
        return self._nodes[path]

    def assume(self, path: str, properties: Mapping[str, Any]) -> None:
        """Take it that the node at ``path`` has these properties, without reading them."""
        self._nodes[path], self.seen[path] = properties, None

    def children(self, path: str) -> tuple[str, ...]:
        """Return the sorted names of the node's children; raises ``NoNodeError``."""
        read = partial(self._calls.client.get_children_async, path, self._event)
        return tuple(sorted(self._calls.read(read)))

    def _read(self, path: str) -> tuple[Mapping[str, Any] | None, int | None]:
        client = self._calls.client
        while True:
            try:
                data, stat = self._calls.read(partial(client.get_async, path, self._event))
            except NoNodeError:
                # Nothing else watches a node that is not there.
                if not self._calls.read(partial(client.exists_async, path, self._event)):
                    return None, None
            else:
                return decode(data), stat.mzxid


class Watching(Protocol):
    """Something that shows what ZooKeeper holds."""

    def depends_on(self, path: str) -> bool:
        """Tell whether a change of the node at ``path`` matters."""

    def refresh(self) -> None:
        """Look again. What this raises as ``KazooException`` makes it be called again."""

    def __hash__(self) -> int:
        """Return the same as long as the object lives."""


class Watcher:
    """Has objects look again when a node that they depend on may have changed.

    Watches and listeners, called in kazoo's threads, only note what changed; the
    looking and what it leads to is done in a thread of the watcher's own. So
    neither can block the connection, and a lost or doubled event changes nothing.
    The watcher does not keep the objects alive.
    """

    def __init__(self, client: KazooClient, timeout: float) -> None:
        self.calls = Calls(client, timeout)
        self._objects: WeakSet[Watching] = WeakSet()
        self._lock = threading.Lock()  # for the objects
        self._changes: queue.SimpleQueue[str | None] = queue.SimpleQueue()  # None: anything
        self._closed = False
        self._thread: threading.Thread | None = None
        client.add_listener(self._state_changed)

    def add(self, watching: Watching) -> None:
        """Refresh an object from now on, for as long as somebody else holds it."""
        with self._lock:
            self._objects.add(watching)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="zc.zk watches", daemon=True
                )
                self._thread.start()

    def event(self, event: WatchedEvent) -> None:
        """Take note of a change; for kazoo, as a watch."""
        if event.path is not None:  # else the connection was lost, see _state_changed
            self.changed(event.path)

    def changed(self, path: str) -> None:
        """Take note that the node at ``path`` may have changed."""
        self._changes.put(path)

    def close(self) -> None:
        """Refresh nothing any more."""
        self.calls.client.remove_listener(self._state_changed)
        self._closed = True
        self._changes.put(None)
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(self.calls.timeout)

    def _state_changed(self, state: str) -> None:
        # kazoo forgets its watches when the connection is lost.
        if state == KazooState.CONNECTED:
            self._changes.put(None)

    def _run(self) -> None:
        failed = False
        while not self._closed:
            try:
                path = self._changes.get(timeout=_RETRY if failed else None)
            except queue.Empty:
                path = None
            if not self._closed:
                done = self._refresh(path)
                failed = not done or (failed and path is not None)

    def _refresh(self, path: str | None) -> bool:
        """Refresh what depends on ``path``; tell whether all of it could be read."""
        with self._lock:
            objects = list(self._objects)
        done = True
        for watching in objects:
            if path is None or watching.depends_on(path):
                try:
                    watching.refresh()
                except KazooException as error:
                    done = False
                    logger.warning("Cannot look again at %r yet: %r", watching, error)
        return done
