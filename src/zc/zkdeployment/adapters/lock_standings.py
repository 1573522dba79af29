"""How node locks stand for a host, by looks at them that are kept until they are used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from zc.zkdeployment.adapters.lock_claims import Claims
from zc.zkdeployment.adapters.lock_marker import Marker
from zc.zkdeployment.adapters.lock_nodes import LockNodes, Look
from zc.zkdeployment.host.turns import Standing, Turn
from zc.zkdeployment.names import encode_path

ROOT = "/agent-locks"


def lock_of(path: str) -> str:
    """Return the path of the lock node of an application node."""
    return f"{ROOT}/{encode_path(path)}"


class Seen(NamedTuple):
    """How a lock was seen, what that means for a host, and whether that host has it."""

    look: Look
    standing: Standing
    own: bool


class Standings:
    """Sees locks through ``nodes``, for the host whose ``claims`` these are."""

    def __init__(self, nodes: LockNodes, claims: Claims) -> None:
        self._nodes = nodes
        self._claims = claims
        self._seen: dict[str, Seen] = {}  # by application node

    def forget(self) -> None:
        """Look anew at whatever is asked for next."""
        self._seen.clear()

    def see(self, turns: Sequence[Turn], *, afresh: bool) -> list[Seen]:
        """Return how locks stand; those that there are not are made.

        Those that were not seen yet are looked at, ``afresh`` as :class:`LockNodes` says.
        """
        while unseen := [turn for turn in turns if turn.path not in self._seen]:
            locks = [lock_of(turn.path) for turn in unseen]
            looks = self._nodes.look_at(locks, afresh=afresh)
            missing = []
            for turn, lock, look in zip(unseen, locks, looks, strict=True):
                if look is None:
                    missing.append(lock)
                else:
                    self.note(turn, look)
            if missing:
                self._nodes.create(missing)
        return [self._seen[turn.path] for turn in turns]

    def note(self, turn: Turn, look: Look) -> Seen:
        """Keep a look; return what it says."""
        standing = self._standing(turn, look)
        seen = Seen(look, standing, self._claims.host in standing.holders)
        self._seen[turn.path] = seen
        return seen

    def take(self, turn: Turn) -> Look:
        """Return the look at a lock that was seen, and forget it: it is going to be changed."""
        return self._seen.pop(turn.path).look

    def others(self, look: Look) -> tuple[Marker, ...]:
        """Return the markers on a lock that keep this host away."""
        return tuple(each for each in look.markers if not self._claims.may_take(each))

    def _standing(self, turn: Turn, look: Look) -> Standing:
        others = self.others(look)
        if len(others) < len(look.markers):
            return Standing(turn.path, (self._claims.host,))
        known = all(marker.host for marker in others)
        ahead = look.ahead(look.places(self._claims.host))
        hosts = tuple(marker.host or "" for marker in others)
        return Standing(turn.path, hosts, known and len(others) < turn.at_once, len(ahead))
