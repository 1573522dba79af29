"""Nodes that were read, and are read again only if they changed since."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from kazoo.exceptions import NoAuthError, NoNodeError
from kazoo.protocol.states import EventType, WatchedEvent

import zc.zk
from zc.zk.bulk import Result


class Fetch(Protocol):
    """Reads nodes from ZooKeeper, as :meth:`zc.zk.bulk.Bulk.read` does."""

    def __call__(
        self, paths: Iterable[str], *, data: bool = True, children: bool = False
    ) -> Sequence[Result]:
        """Return what there is, in the order of ``paths``."""


class KnownNodes:
    """Nodes as ``fetch`` read them: each once, until it is forgotten. For one thread."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._data: dict[str, Result] = {}
        self._children: dict[str, Sequence[str] | None] = {}
        self._wanted: set[str] = set()

    def read(
        self, paths: Iterable[str], *, data: bool = True, children: bool = False
    ) -> list[Result]:
        """Return nodes, with data and stat, the names of their children, or both."""
        paths = list(paths)
        self._wanted.update(paths)
        self._learn(paths, data=data, children=children)
        nodes = (self._data[path] if data else Result(path) for path in paths)
        if not children:
            return list(nodes)
        return [node._replace(children=self._children[node.path]) for node in nodes]

    def forget(self, path: str, *, data: bool = True, children: bool = True) -> None:
        """Have a node read again when it is wanted next."""
        if data:
            self._data.pop(path, None)
        if children:
            self._children.pop(path, None)

    def forget_all(self) -> None:
        """Have all nodes read again."""
        self._data.clear()
        self._children.clear()

    def keep_wanted(self) -> None:
        """Forget what nobody wanted since this was called last."""
        for path in (self._data.keys() | self._children.keys()) - self._wanted:
            self.forget(path)
        self._wanted.clear()

    def _learn(self, paths: list[str], *, data: bool, children: bool) -> None:
        unknown = [
            path
            for path in dict.fromkeys(paths)
            if (data and path not in self._data) or (children and path not in self._children)
        ]
        if not unknown:
            return
        for node in self._fetch(unknown, data=data, children=children):
            if data:
                self._data[node.path] = node._replace(children=None)
            if children:
                self._children[node.path] = node.children


class WatchingFetch:
    """Reads nodes one by one, in a pipeline, and notes which of them change since.

    ``changed`` is called, in a thread of kazoo's, when there is something to take.
    Raises ``NoAuthError`` naming a node that may not be read, and what
    :class:`~zc.zk.calls.Calls` raises.
    """

    def __init__(self, zk: zc.zk.ZK, changed: Callable[[], None]) -> None:
        self._client = zk.client
        self._calls = zk.bulk.calls
        self._told = changed
        self._lock = threading.Lock()
        self._changes: set[tuple[str, bool]] = set()

    def __call__(
        self, paths: Iterable[str], *, data: bool = True, children: bool = False
    ) -> list[Result]:
        """Return what there is, in the order of ``paths``, and watch it."""
        paths = list(paths)
        names = self._names(paths) if children else dict.fromkeys(paths)
        contents = self._contents(paths) if data else {}
        return [
            Result(path, *contents.get(path, (b"", None)), children=names[path]) for path in paths
        ]

    def take_changes(self) -> set[tuple[str, bool]]:
        """Return the paths of nodes that changed; ``True`` if that is about their children."""
        with self._lock:
            changes, self._changes = self._changes, set()
        return changes

    def _contents(self, paths: Iterable[str]) -> dict[str, tuple[bytes, Any]]:
        found: dict[str, tuple[bytes, Any]] = {}
        left = list(paths)
        while left:
            missing = []
            for path, answer in self._ask(self._client.get_async, left):
                if answer is None:
                    missing.append(path)
                else:
                    found[path] = answer
            # A node that is not there is watched by asking whether it is: it may be by now.
            left = [path for path, stat in self._ask(self._client.exists_async, missing) if stat]
        return found

    def _names(self, paths: Iterable[str]) -> dict[str, Sequence[str] | None]:
        return dict(self._ask(self._client.get_children_async, list(paths)))

    def _ask(self, method: Callable[..., Any], paths: list[str]) -> Iterator[tuple[str, Any]]:
        answers = self._calls.read_all(partial(method, path, self._event) for path in paths)
        for path, answer in zip(paths, answers, strict=True):
            if isinstance(answer, NoAuthError):
                raise NoAuthError(path)
            yield path, None if isinstance(answer, NoNodeError) else answer

    def _event(self, event: WatchedEvent) -> None:
        if event.path is None:  # the connection was lost: all is to be read again anyway
            return
        about_children = event.type == EventType.CHILD
        with self._lock:
            self._changes.add((event.path, about_children))
            if event.type in (EventType.DELETED, EventType.CREATED):
                self._changes.add((event.path, True))
        self._told()
