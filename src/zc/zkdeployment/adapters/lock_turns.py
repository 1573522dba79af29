"""The locks of a host's nodes, one after the other, as one deployment takes them.

Nobody waiting, the lock of a node is given back and that of the next one is taken in one
transaction, made from what was read of many locks before. Who comes second finds that the
node changed, reads anew, and goes where it is free: :mod:`zc.zkdeployment.host.turns`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from kazoo.exceptions import BadVersionError, NoNodeError

import zc.zk
from zc.zk.operations import Check, Delete, Operation, Set
from zc.zkdeployment.adapters import lock_release
from zc.zkdeployment.adapters.lock_claims import Claims
from zc.zkdeployment.adapters.lock_marker import Marker, encode_markers
from zc.zkdeployment.adapters.lock_nodes import LockNodes
from zc.zkdeployment.adapters.lock_release import Held, Releases, held
from zc.zkdeployment.adapters.lock_standings import Standings, lock_of
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.errors import Unreachable
from zc.zkdeployment.host.turns import Standing, Turn, next_turn
from zc.zkdeployment.host.wakeup import Wakeup

logger = logging.getLogger(__name__)

_WINDOW = 100  # locks that are looked at together
_RETRY = 1.0  # seconds


class Fleet(lock_release.Fleet, Protocol):
    """What tells whether the cluster version is what it was when it was last looked at.

    Methods that make requests raise :exc:`~zc.zkdeployment.errors.Unreachable`.
    """

    def unchanged(self) -> Check:
        """Return what lets a transaction fail unless it is."""

    def read_version(self) -> object:
        """Look at it."""


class LockTurns:
    """An iterator over ``turns``: each is yielded while its lock is held, with its number.

    A lock is given back when the next one is asked for. ``next_host`` goes one node ahead of
    this one; without ``passing_over`` nodes are taken in order. Waiting, ``going_on`` is
    called whenever something changed; what it raises is raised. ``marker`` makes the marker
    of a turn. ``waits`` is told the node that is waited for.
    """

    def __init__(
        self,
        zk: zc.zk.ZK,
        claims: Claims,
        fleet: Fleet,
        wakeup: Wakeup,
        turns: Sequence[Turn],
        going_on: Callable[[], None],
        marker: Callable[[Turn], Marker],
        next_host: str | None = None,
        *,
        passing_over: bool = True,
        waits: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.unsettled = False  # whether something may be left that this host has to clear up
        self._requests = Requests(zk)
        self._nodes = LockNodes(zk)
        self._claims = claims
        self._releases = Releases(zk, self._nodes, fleet, wakeup)
        self._fleet = fleet
        self._wakeup = wakeup
        self._left = list(turns)
        self._going_on = going_on
        self._marker = marker
        self._next_host = next_host
        self._passing_over = passing_over
        self._waits = waits
        self._standings = Standings(self._nodes, claims)
        self._contended = False  # whether others were seen at work: looks do not last, then
        self._held: Held | None = None
        self._in_line: Turn | None = None
        self._lost = False  # a request that may have been done

    def __iter__(self) -> LockTurns:
        return self

    def __next__(self) -> tuple[Turn, int]:
        if not self._left:
            self._give_back()
            raise StopIteration
        while True:
            seen = self._wakeup.count
            self._going_on()
            try:
                if taken := self._try():
                    return taken
            except Unreachable:
                self._lost = self.unsettled = True
                self._wakeup.wait(seen, _RETRY)
            else:
                if self._in_line and self._wakeup.count == seen:
                    self._waits(self._in_line.path)
                self._wakeup.wait(seen)

    def close(self) -> None:
        """Give back what is held, and leave the line."""
        self._give_back()
        if self._lost or self._in_line:
            self._withdraw()

    def _try(self) -> tuple[Turn, int] | None:
        """Take a lock if one is free; else stand in line and see to it that a change wakes us."""
        if self._lost:
            self._see_held(afresh=True)
        if self._in_line is None:
            turn, standing = self._choose()
            if _can_be_taken(standing):
                return self._take(turn)
            self._give_back()  # nobody has to wait for what is done
            self._in_line = turn
        return self._wait_for(self._in_line)

    def _choose(self) -> tuple[Turn, Standing]:
        """Return the turn that is best now, by fresh looks where it has to be waited for."""
        if self._contended or self._lost:
            self._standings.forget()
        everything = self._left if self._passing_over else self._left[:1]
        turn, standing = self._best(everything if self._lost else everything[:_WINDOW])
        if _can_be_taken(standing):
            return turn, standing
        self._standings.forget()
        return self._best(everything)

    def _best(self, turns: Sequence[Turn]) -> tuple[Turn, Standing]:
        seen = self._standings.see(turns, afresh=self._lost)
        # What is this host's already keeps all others away: it comes before all else.
        own = next((number for number, each in enumerate(seen) if each.own), None)
        if own is not None:
            return turns[own], seen[own].standing
        standings = [each.standing for each in seen]
        best = next_turn(standings, self._next_host)
        return turns[standings.index(best)], best

    def _take(self, turn: Turn) -> tuple[Turn, int] | None:
        """Set the marker, leaving the queue, unless something changed; return the lock's number.

        That is the lock node, since it was seen, or the cluster version: a host that
        failed sets that before it gives the lock back, and whoever takes the lock next
        must not do so without having seen it. What was held is given back with it.
        """
        lock = lock_of(turn.path)
        look = self._standings.take(turn)
        others = self._standings.others(look)
        places = look.places(self._claims.host)
        if self._held and self._held.doubtful:
            self._see_held()
        before = self._held
        operations: list[Operation] = [
            self._fleet.unchanged(),
            *([Set(before.lock, before.data, before.version)] if before else []),
            Set(lock, encode_markers((*others, self._marker(turn))), look.version),
            *(Delete(f"{lock}/{name}") for name in places),
        ]
        try:
            done = self._requests.write(*operations)
        except (BadVersionError, NoNodeError):
            self._contended = True
            self._fleet.read_version()
            self._see_held(afresh=True)
            self._wakeup.set()
            return None
        stat = done[-1 - len(places)]
        self._held = Held(lock, others, stat.version)
        self._left.remove(turn)
        self._contended |= self._in_line is not None
        self._in_line = None
        if self._lost:
            self._lost = False
            self._leave([lock])
        return turn, stat.mzxid

    def _wait_for(self, turn: Turn) -> tuple[Turn, int] | None:
        lock = lock_of(turn.path)
        look = self._nodes.look(lock, afresh=self._lost)
        if look is None:
            self._nodes.create([lock])
            self._wakeup.set()
            return None
        if _can_be_taken(self._standings.note(turn, look).standing):
            return self._take(turn)
        self._claims.explain(lock, look.markers)
        own = look.places(self._claims.host)
        if not own:
            self._nodes.stand_in_line(lock, self._claims.host, self._claims.name)
            self._wakeup.set()
            return None
        ahead = look.ahead(own)
        before = (f"{lock}/{ahead[-1]}", None) if ahead else (lock, look.version)
        for watched, version in before, (f"{lock}/{own[0]}", None):
            if not self._nodes.watch(watched, version, self._woken):
                self._wakeup.set()
        return None

    def _woken(self, *_: Any) -> None:
        self._wakeup.set()

    def _see_held(self, *, afresh: bool = False) -> None:
        """Look whether what is held still is: others may have changed its node, or broken it."""
        if self._held is not None:
            lock = self._held.lock
            self._held = held(lock, self._nodes.look(lock, afresh=afresh), self._claims.ours)
            if self._held is None and not self._lost:
                logger.warning("The lock %s was broken by somebody else", lock)

    def _give_back(self) -> None:
        lock, self._held = self._held, None
        if lock is not None:
            settled = self._releases.give_back(lock, self._claims.ours, lost=self._lost)
            self.unsettled |= not settled

    def _withdraw(self) -> None:
        """Leave the line, and locks that were taken by requests that seemed lost."""
        left = self._left if self._lost else [self._in_line] if self._in_line else []
        locks = [lock_of(turn.path) for turn in left]
        try:
            for lock, look in zip(locks, self._nodes.look_at(locks, afresh=True), strict=True):
                if taken := held(lock, look, self._claims.ours):
                    self._requests.set(lock, taken.data, taken.version)
            self._leave(locks)
        except (Unreachable, BadVersionError, NoNodeError) as error:
            self.unsettled = True
            logger.debug("Left the queue of %s: %s", ", ".join(locks), error)

    def _leave(self, locks: Sequence[str]) -> None:
        """Give up all places in line, those too of requests that seemed lost."""
        for lock, look in zip(locks, self._nodes.look_at(locks), strict=True):
            if look is not None:
                self._nodes.leave(lock, look.places(self._claims.host))


def _can_be_taken(standing: Standing) -> bool:
    return standing.free and not standing.waiting
