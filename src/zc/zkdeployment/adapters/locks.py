"""Node locks: so many hosts at a time work on an application node, usually one.

The right to work on a node is a persistent marker on its lock node,
``{"owners": [{"host": …}]}``, set and cleared by compare-and-set, so that it
outlives the session that set it. A host that dies keeps the node until it is
back, or until an operator breaks the lock. Only a host that has to wait
creates a child, ephemeral and sequential; the first in line watches the lock
node, each other one the child before it. Why: docs/adr/0003-locks.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import zc.zk
from zc.zkdeployment.adapters.lock_claims import Claims
from zc.zkdeployment.adapters.lock_marker import Marker
from zc.zkdeployment.adapters.lock_nodes import LockNodes
from zc.zkdeployment.adapters.lock_release import Releases, held
from zc.zkdeployment.adapters.lock_standings import ROOT, lock_of
from zc.zkdeployment.adapters.lock_turns import Fleet, LockTurns
from zc.zkdeployment.errors import Abandoned, Unreachable
from zc.zkdeployment.host.turns import Turn
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.model import Identity, Version
from zc.zkdeployment.names import decode_path

__all__ = ["ROOT", "NodeLocks"]

_RETRY = 1.0  # seconds


class NodeLocks:
    """Takes and gives back node locks for one host, in one thread.

    ``waits`` is told the node whose lock is waited for.
    """

    def __init__(
        self,
        zk: zc.zk.ZK,
        identity: Identity,
        wakeup: Wakeup,
        fleet: Fleet,
        waits: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._zk = zk
        self._fleet = fleet
        self._waits = waits
        self._nodes = LockNodes(zk)
        self._claims = Claims(zk, identity, wakeup)
        self._releases = Releases(zk, self._nodes, fleet, wakeup)
        self._host = identity.host_identifier
        self._wakeup = wakeup
        self._left = True  # whether something may be left of an earlier life, or of a lost request

    @contextmanager
    def turns(
        self,
        turns: Sequence[Turn],
        going_on: Callable[[], None],
        version: Version = None,
        next_host: str | None = None,
        *,
        passing_over: bool = True,
    ) -> Iterator[Iterator[tuple[Turn, int]]]:
        """Hold the locks of application nodes one after the other, as the port says."""

        def marker(turn: Turn) -> Marker:
            return self._claims.marker(version, turn.step)

        taking = LockTurns(
            self._zk,
            self._claims,
            self._fleet,
            self._wakeup,
            turns,
            going_on,
            marker,
            next_host,
            passing_over=passing_over,
            waits=self._waits,
        )
        try:
            yield taking
        finally:
            taking.close()
            self._left |= taking.unsettled

    @contextmanager
    def node(
        self,
        path: str,
        going_on: Callable[[], None],
        version: Version = None,
        step: str | None = None,
    ) -> Iterator[int]:
        """Hold the lock of one application node; provides its number."""
        with self.turns([Turn(path, step)], going_on, version) as turns:
            _, number = next(turns)
            yield number

    def check(self, path: str, going_on: Callable[[], None]) -> None:
        """Raise :exc:`Abandoned` if a lock that is held is not held any more.

        Where ZooKeeper does not answer, it is waited for as long as ``going_on`` lets.
        """
        lock = lock_of(path)
        while True:
            seen = self._wakeup.count
            going_on()
            try:
                look = self._nodes.look(lock, afresh=True)
            except Unreachable:
                self._wakeup.wait(seen, _RETRY)
            else:
                break
        if look is None or not any(map(self._claims.ours, look.markers)):
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
            if any(map(self._claims.may_take, look.markers)):
                owned.add(decode_path(lock[len(ROOT) + 1 :]))
        self._left = bool(owned)
        return frozenset(owned)

    def disown(self, path: str) -> None:
        """Give back a node that :meth:`owned` told of."""
        lock = lock_of(path)
        try:
            look = self._nodes.look(lock, afresh=True)
        except Unreachable:
            self._left = True
            return
        if owned := held(lock, look, self._claims.may_take):
            self._left |= not self._releases.give_back(owned, self._claims.may_take)
