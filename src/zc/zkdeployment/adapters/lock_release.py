"""Giving back a node lock, whatever becomes of the request."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from kazoo.exceptions import BadVersionError, NoNodeError

import zc.zk
from zc.zkdeployment.adapters.lock_marker import Marker, encode_markers
from zc.zkdeployment.adapters.lock_nodes import LockNodes, Look
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.errors import Closed, Unreachable
from zc.zkdeployment.host.wakeup import Wakeup

logger = logging.getLogger(__name__)

_PATIENCE = 30.0  # seconds that giving back a lock may take
_RETRY = 1.0  # seconds
_YOUNG = 10  # versions: a few turns, which take a while

#: Tells whether a marker is one of those that are to go.
Own = Callable[[Marker], bool]


@dataclass(frozen=True, slots=True)
class Held:
    """A lock that this host holds beside ``others``, as ``version`` of its node says."""

    lock: str
    others: tuple[Marker, ...]
    version: int

    @property
    def doubtful(self) -> bool:
        """Whether a node that somebody deleted and made anew could have this version, too.

        Versions of a new node start at 0. Before so young a lock is given back it is looked at.
        """
        return self.version < _YOUNG

    @property
    def data(self) -> bytes:
        """The data of its node when it is given back."""
        return encode_markers(self.others)


def held(lock: str, look: Look | None, own: Own) -> Held | None:
    """Return what is held of a lock as it was seen, ``None`` if no marker on it is own."""
    if look is None or not any(map(own, look.markers)):
        return None
    others = tuple(marker for marker in look.markers if not own(marker))
    return Held(lock, others, look.version)


class Fleet(Protocol):
    """The fleet, where a host that failed owes it a stop."""

    def deliver_stop(self) -> None:
        """Stop the fleet, if this host has to and could not do so yet.

        Raises :exc:`~zc.zkdeployment.errors.Unreachable`.
        """


class Releases:
    """Gives back locks, not before a stop was delivered that is owed.

    Whoever takes the lock next must not begin what failed here.
    """

    def __init__(self, zk: zc.zk.ZK, nodes: LockNodes, fleet: Fleet, wakeup: Wakeup) -> None:
        self._fleet = fleet
        self._requests = Requests(zk)
        self._nodes = nodes
        self._wakeup = wakeup

    def give_back(self, lock: Held, own: Own, *, lost: bool = False) -> bool:
        """Clear what is ``own`` of a lock; tell whether that is settled, or is still to be done.

        With ``lost`` an earlier request may have done it.
        """
        deadline = time.monotonic() + _PATIENCE
        now = None if lock.doubtful else lock
        while True:
            seen = self._wakeup.count
            try:
                self._fleet.deliver_stop()
                now = now or held(lock.lock, self._nodes.look(lock.lock, afresh=True), own)
                if now is not None:
                    self._requests.set(now.lock, now.data, now.version)
                elif not lost:
                    logger.warning("The lock %s was broken by somebody else", lock.lock)
                return True
            except (BadVersionError, NoNodeError):
                now = None
            except Unreachable as error:
                now, lost = None, True
                if time.monotonic() > deadline or isinstance(error, Closed):
                    logger.warning("The lock %s will be given back later: %s", lock.lock, error)
                    return False
                self._wakeup.wait(seen, _RETRY)
