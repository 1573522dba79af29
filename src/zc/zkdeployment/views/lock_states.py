"""Locks as people see them: who holds which, since when, and who waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zc.zkdeployment.model import Version


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock; ``host`` is ``None`` where its data make no sense.

    ``since`` is ISO 8601, UTC. ``number`` is greater than those of all who held the lock
    before. ``alive`` tells whether its agent is registered, ``same_session`` whether that is
    still in the session in which the lock was taken, ``None`` for locks of roles: they know
    no session, boot, version or step.
    """

    host: str | None
    name: str | None
    since: str | None
    alive: bool
    same_session: bool | None = None
    session: str | None = None
    boot: str | None = None
    version: Version = None
    step: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Waiter:
    """Who stands in line for a lock, and since when (ISO 8601, UTC)."""

    host: str | None
    name: str | None
    since: str | None


@dataclass(frozen=True, slots=True)
class LockState:
    """A lock that somebody holds or waits for, first in line first.

    ``path`` is that of an application node, or of the lock node of a role.
    """

    kind: Literal["node", "role"]
    path: str
    holders: tuple[Holder, ...]
    waiters: tuple[Waiter, ...]

    @property
    def dead(self) -> bool:
        """Whether no agent is there that could give it back."""
        return not all(holder.alive for holder in self.holders)
