"""How the world tells the one thread that reconciles to look again."""

from __future__ import annotations

import threading


class Wakeup:
    """A count of events that anybody may raise and that a thread can wait for.

    A waiter names the count that it acted upon, so that no event is lost
    between a look at the world and the wait, and several waits in one thread
    take nothing from each other.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._seen: int | None = None  # by who waits now
        self.waits = 0  #: How often somebody began to wait.

    @property
    def is_idle(self) -> bool:
        """Whether somebody waits, and nothing has happened that would end that."""
        seen = self._seen
        return seen is not None and self._count <= seen

    @property
    def count(self) -> int:
        """How many events there have been."""
        return self._count

    def set(self) -> None:
        """Wake whoever waits. Cheap, and safe in a callback of a ZooKeeper client."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait(self, seen: int, timeout: float | None = None) -> None:
        """Return as soon as there have been more than ``seen`` events, or after ``timeout`` s."""
        with self._changed:
            self.waits += 1
            self._seen = seen
            self._changed.wait_for(lambda: self._count > seen, timeout)
            self._seen = None
