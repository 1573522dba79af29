"""Node locks: one host at a time works on an application node.

The right to work on a node is a persistent marker on its lock node,
``{"owners": [{"host": …}]}``, set and cleared by compare-and-set, so that it
outlives the session that set it. A host that dies keeps the node until it is
back, or until an operator breaks the lock. Only a host that has to wait
creates a child, ephemeral and sequential; the first in line watches the lock
node, each other one the child before it. Why: docs/adr/0003-locks.md.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

from kazoo.exceptions import BadVersionError, NoNodeError

import zc.zk
from zc.zk.operations import Check, Delete, Set
from zc.zkdeployment.adapters.lock_claims import Claims
from zc.zkdeployment.adapters.lock_marker import FREE, Marker
from zc.zkdeployment.adapters.lock_nodes import LockNodes, Look
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.errors import Abandoned, Closed, Unreachable
from zc.zkdeployment.model import Identity, Version
from zc.zkdeployment.names import decode_path, encode_path
from zc.zkdeployment.wakeup import Wakeup

logger = logging.getLogger(__name__)

ROOT = "/agent-locks"

_PATIENCE = 30.0  # seconds that giving back a lock may take
_RETRY = 1.0  # seconds


class Fleet(Protocol):
    """What tells whether the cluster version is what it was when it was last looked at."""

    def unchanged(self) -> Check:
        """Return what lets a transaction fail unless it is."""

    def read_version(self) -> object:
        """Look at it."""


class NodeLocks:
    """Takes and gives back node locks for one host, in one thread."""

    def __init__(self, zk: zc.zk.ZK, identity: Identity, wakeup: Wakeup, fleet: Fleet) -> None:
        self._fleet = fleet
        self._requests = Requests(zk)
        self._nodes = LockNodes(zk)
        self._claims = Claims(zk, identity, wakeup)
        self._host = identity.host_identifier
        self._name = identity.host_name
        self._wakeup = wakeup
        self._left = True  # whether something may be left of an earlier life, or of a lost request

    @contextmanager
    def node(
        self,
        path: str,
        going_on: Callable[[], None],
        version: Version = None,
        step: str | None = None,
    ) -> Iterator[int]:
        """Hold the lock of the application node at ``path``; provides its number.

        Every holder of a lock gets a greater number than those before. ``version`` and
        ``step`` tell people what is done under the lock.
        """
        lock = _lock(path)
        number = self._acquire(lock, going_on, partial(self._claims.marker, version, step))
        try:
            yield number
        finally:
            self._release(lock, self._claims.ours)

    def check(self, path: str, going_on: Callable[[], None]) -> None:
        """Raise :exc:`Abandoned` if a lock that :meth:`node` took is not held any more.

        Where ZooKeeper does not answer, it is waited for as long as ``going_on`` lets.
        """
        lock = _lock(path)
        while True:
            seen = self._wakeup.count
            going_on()
            try:
                look = self._nodes.look(lock, afresh=True)
            except Unreachable:
                self._wakeup.wait(seen, _RETRY)
            else:
                break
        if look is None or not self._claims.ours(look.marker):
            raise Abandoned(f"the lock {lock} was broken by somebody else")

    def owned(self) -> frozenset[str]:
        """Return the paths of nodes that this host owns although it works on none.

        It does after it was killed, or when a lock could not be given back. Places in line
        that were left are given up.
        """
        if not self._left:
            return frozenset()
        owned = set()
        for lock, look in self._nodes.all(ROOT):
            self._nodes.leave(lock, look.places(self._host))
            if self._claims.may_take(look.marker):
                owned.add(decode_path(lock[len(ROOT) + 1 :]))
        self._left = bool(owned)
        return frozenset(owned)

    def disown(self, path: str) -> None:
        """Give back a node that :meth:`owned` told of."""
        self._release(_lock(path), self._claims.may_take)

    def _acquire(
        self, lock: str, going_on: Callable[[], None], marker: Callable[[], Marker]
    ) -> int:
        lost = False
        try:
            while True:
                seen = self._wakeup.count
                going_on()
                try:
                    number = self._try(lock, marker, afresh=lost)
                    if number is not None:
                        return number
                except Unreachable:
                    lost = self._left = True
                    self._wakeup.wait(seen, _RETRY)
                else:
                    lost = False
                    self._wakeup.wait(seen)
        except BaseException:
            self._withdraw(lock)
            raise

    def _try(self, lock: str, marker: Callable[[], Marker], *, afresh: bool) -> int | None:
        """Take the lock if it is free; else stand in line and see to it that a change wakes us."""
        look = self._nodes.look(lock, afresh=afresh)
        if look is None:
            self._nodes.create(lock)
            self._wakeup.set()
            return None
        own = look.places(self._host)
        ahead = look.ahead(own)
        if self._claims.may_take(look.marker) or not (look.marker or ahead):
            return self._take(lock, look, own, marker)
        self._claims.explain(lock, look.marker)
        if not own:
            self._nodes.stand_in_line(lock, self._host, self._name)
            self._wakeup.set()
        else:
            before = (f"{lock}/{ahead[-1]}", None) if ahead else (lock, look.version)
            for watched, version in before, (f"{lock}/{own[0]}", None):
                if not self._nodes.watch(watched, version, self._woken):
                    self._wakeup.set()
        return None

    def _take(
        self, lock: str, look: Look, own: tuple[str, ...], marker: Callable[[], Marker]
    ) -> int | None:
        """Set the marker, leaving the queue, unless something changed; return the lock's number.

        That is the lock node, since ``look``, or the cluster version: a host that
        failed sets that before it gives the lock back, and whoever takes the lock
        next must not do so without having seen it.
        """
        data = marker().encode()
        try:
            self._requests.write(
                self._fleet.unchanged(),
                Set(lock, data, look.version),
                *(Delete(f"{lock}/{name}") for name in own),
            )
        except (BadVersionError, NoNodeError):
            self._fleet.read_version()
            self._wakeup.set()
            return None
        taken = self._nodes.look(lock)
        if taken is None or not self._claims.ours(taken.marker):  # broken at once
            self._wakeup.set()
            return None
        self._nodes.leave(lock, taken.places(self._host))  # of a request that seemed lost
        return taken.number

    def _woken(self, *_: Any) -> None:
        self._wakeup.set()

    def _withdraw(self, lock: str) -> None:
        """Leave the queue, and the lock if it was taken by a request that seemed lost."""
        try:
            look = self._nodes.look(lock, afresh=True)
            if look is not None:
                if self._claims.ours(look.marker):
                    self._requests.set(lock, FREE, look.version)
                self._nodes.leave(lock, look.places(self._host))
        except (Unreachable, BadVersionError, NoNodeError) as error:
            self._left = True
            logger.debug("Left the queue of %s: %s", lock, error)

    def _release(self, lock: str, own: Callable[[Marker | None], bool]) -> None:
        """Clear the marker, if it is ours."""
        deadline = time.monotonic() + _PATIENCE
        tried = False
        while True:
            seen = self._wakeup.count
            try:
                look = self._nodes.look(lock, afresh=True)
                if look is not None and own(look.marker):
                    tried = True
                    self._requests.set(lock, FREE, look.version)
                elif not tried:
                    logger.warning("The lock %s was broken by somebody else", lock)
                return
            except (BadVersionError, NoNodeError):
                continue
            except Unreachable as error:
                if time.monotonic() > deadline or isinstance(error, Closed):
                    self._left = True
                    logger.warning("The lock %s will be given back later: %s", lock, error)
                    return
                self._wakeup.wait(seen, _RETRY)


def _lock(path: str) -> str:
    return f"{ROOT}/{encode_path(path)}"
