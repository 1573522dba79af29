"""Lock nodes: a marker as data, and below it those who wait, in line.

Nothing here knows who may take a lock: that is for :mod:`zc.zkdeployment.adapters.locks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from kazoo.exceptions import NodeExistsError, NoNodeError

import zc.zk
from zc.zk import codec
from zc.zk.bulk import Result
from zc.zk.operations import Create
from zc.zkdeployment.adapters.lock_marker import FREE, Marker, markers_of
from zc.zkdeployment.adapters.requests import Requests, Watch, silence_named

_SEQUENCE = 10  # digits that ZooKeeper appends to the name of a sequential node


@dataclass(frozen=True, slots=True)
class Look:
    """A lock node at one moment.

    ``version`` is that of its data, and ``queue`` has the names of its children, first in
    line first.
    """

    markers: tuple[Marker, ...]
    version: int
    queue: tuple[str, ...]

    def places(self, host: str) -> tuple[str, ...]:
        """Return the places in line of a host. Usually there is one at most."""
        return tuple(name for name in self.queue if host_of(name) == host)

    def ahead(self, places: tuple[str, ...]) -> tuple[str, ...]:
        """Return who is in line before whoever has ``places``: everybody, if that is nobody."""
        return self.queue[: self.queue.index(places[0])] if places else self.queue


class LockNodes:
    """Looks at lock nodes and queues; raises :exc:`~zc.zkdeployment.errors.Unreachable`."""

    def __init__(self, zk: zc.zk.ZK) -> None:
        self._zk = zk
        self._requests = Requests(zk)

    def look(self, lock: str, *, afresh: bool = False) -> Look | None:
        """Look at a lock; ``None`` if there is no node for it.

        A server may lag behind, behind the writes of an earlier session of this client too:
        ``afresh`` lets it catch up first.
        """
        return self.look_at([lock], afresh=afresh)[0]

    def look_at(self, locks: Sequence[str], *, afresh: bool = False) -> list[Look | None]:
        """Look at several locks at once, likewise."""
        if afresh and locks:
            with silence_named():
                self._zk.bulk.calls.read(partial(self._zk.client.sync_async, locks[0]))
        return [_look(node) for node in self._requests.read(locks, children=True)]

    def all(self, root: str) -> Iterator[tuple[str, Look]]:
        """Yield the path of each lock below ``root``, and a look at it."""
        try:
            names = self._requests.children(root)
        except NoNodeError:
            return
        for node in self._requests.read([f"{root}/{name}" for name in names], children=True):
            look = _look(node)
            if look is not None:
                yield node.path, look

    def create(self, locks: Sequence[str]) -> None:
        """Create nodes of locks that are not there, unless somebody else does."""
        for root in {lock.rpartition("/")[0] for lock in locks}:
            # Asked first: whoever may not create it is not told that it exists.
            if self._requests.exists(root) is None:
                with suppress(NodeExistsError, NoNodeError):
                    self._requests.create(root, FREE)
        try:
            self._requests.write(*(Create(lock, FREE) for lock in locks))
        except (NodeExistsError, NoNodeError):
            for lock in locks:
                if self._requests.exists(lock) is None:
                    with suppress(NodeExistsError, NoNodeError):
                        self._requests.create(lock, FREE)

    def stand_in_line(self, lock: str, host: str, name: str) -> None:
        """Take a place at the end of the line, unless the lock node is gone."""
        with suppress(NoNodeError):
            self._requests.create_sequential(
                f"{lock}/{host}-", codec.encode({"name": name}), ephemeral=True
            )

    def leave(self, lock: str, places: Iterable[str]) -> None:
        """Give up places in line; they may be gone already."""
        for name in places:
            with suppress(NoNodeError):
                self._requests.delete(f"{lock}/{name}")

    def watch(self, path: str, version: int | None, woken: Watch) -> bool:
        """Have ``woken`` called when a node changes; tell whether it has ``version`` yet.

        ``None`` stands for any. A node that is gone has none.
        """
        stat = self._requests.exists(path, woken)
        return stat is not None and version in (None, stat.version)


def in_line(names: Iterable[str]) -> tuple[str, ...]:
    """Return those children of a lock node that are places in line, first in line first."""
    return tuple(sorted((n for n in names if n[-_SEQUENCE:].isdigit()), key=_number))


def host_of(place: str) -> str:
    """Return who has a place in line: of an agent, its host identifier."""
    return place[:-_SEQUENCE].removesuffix("-")


def _number(place: str) -> str:
    return place[-_SEQUENCE:]


def _look(node: Result) -> Look | None:
    if node.stat is None:
        return None
    queue = in_line(node.children or ())
    return Look(markers_of(node.data), node.stat.version, queue)
