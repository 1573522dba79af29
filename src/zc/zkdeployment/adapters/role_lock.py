"""Role locks: one host of a role at a time is out of service.

Source: companions.md, "Role controllers". The queue is persistent, so that a
host that failed keeps its place, the first one, until it deployed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kazoo.exceptions import NoNodeError

import zc.zk
from zc.zk import codec
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.errors import Abandoned, BadHost, Unreachable
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.model import Identity

logger = logging.getLogger(__name__)

ROOT = "/role-locks"

_RETRY = 1.0  # seconds


class RoleLocks:
    """Takes and gives back role locks for one host, in one thread.

    ``waits`` is told the lock node that is waited for.
    """

    def __init__(
        self,
        zk: zc.zk.ZK,
        identity: Identity,
        wakeup: Wakeup,
        waits: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._requests = Requests(zk)
        self._identity = identity
        self._wakeup = wakeup
        self._waits = waits

    @contextmanager
    def role(self, role: str, going_on: Callable[[], None]) -> Iterator[None]:
        """Hold the lock of a role; it is given back only if the work under it succeeds.

        Raises :exc:`~zc.zkdeployment.errors.BadHost` where the lock node does
        not exist: operators decide which roles have one.
        """
        lock = f"{ROOT}/{role}"
        self._acquire(lock, going_on)
        yield
        if not self._release(lock):
            logger.warning("The lock %s was broken by somebody else", lock)

    def _acquire(self, lock: str, going_on: Callable[[], None]) -> None:
        newcomer = not self._own(lock)
        try:
            while True:
                seen = self._wakeup.count
                going_on()
                try:
                    if self._first(lock):
                        return
                except Unreachable:
                    self._wakeup.wait(seen, _RETRY)
                else:
                    if self._wakeup.count == seen:
                        self._waits(lock)
                    self._wakeup.wait(seen)
        except Abandoned:
            if newcomer:
                with suppress(Unreachable):
                    self._release(lock)
            raise

    def _first(self, lock: str) -> bool:
        """Tell whether this host is first in line, standing in line if it is not yet."""
        own = self._own(lock)
        if not own:
            request = {
                "requestor": self._identity.host_identifier,
                "hostname": self._identity.host_name,
            }
            self._requests.create_sequential(f"{lock}/lr-", codec.encode(request))
            self._wakeup.set()
            return False
        try:
            queue = self._requests.children(lock, self._woken)
        except NoNodeError:
            raise BadHost(_missing(lock)) from None
        return queue[:1] == own[:1]

    def _own(self, lock: str) -> list[str]:
        """Return this host's requests, oldest first; there may be one of an earlier life."""
        try:
            queue = self._requests.children(lock)
        except NoNodeError:
            raise BadHost(_missing(lock)) from None
        nodes = self._requests.read(f"{lock}/{name}" for name in queue)
        return [
            node.path.rpartition("/")[2]
            for node in nodes
            if codec.decode(node.data).get("requestor") == self._identity.host_identifier
        ]

    def _release(self, lock: str) -> bool:
        """Leave the line; tell whether this host stood there."""
        own = self._own(lock)
        for name in own:
            with suppress(NoNodeError):  # broken meanwhile
                self._requests.delete(f"{lock}/{name}")
        return bool(own)

    def _woken(self, *_: Any) -> None:
        self._wakeup.set()


def _missing(lock: str) -> str:
    return f"role lock node {lock!r} must exist"
