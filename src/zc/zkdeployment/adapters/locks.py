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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError

import zc.zk
from zc.zk import codec
from zc.zk.operations import Check, Delete, Set
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.errors import Closed, Unreachable
from zc.zkdeployment.model import Identity
from zc.zkdeployment.names import decode_path, encode_path
from zc.zkdeployment.wakeup import Wakeup

logger = logging.getLogger(__name__)

ROOT = "/agent-locks"

_FREE = codec.encode({})
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PATIENCE = 30.0  # seconds that giving back a lock may take
_RETRY = 1.0  # seconds
_SEQUENCE = 10  # digits that ZooKeeper appends to the name of a sequential node


@dataclass(frozen=True, slots=True)
class _Look:
    """A lock node at one moment."""

    owner: str | None  # host identifier
    version: int
    queue: tuple[str, ...]  # names of children, first in line first


class Fleet(Protocol):
    """What tells whether the cluster version is what it was when it was last looked at."""

    def unchanged(self) -> Check:
        """Return what lets a transaction fail unless it is."""

    def read_version(self) -> object:
        """Look at it."""


class NodeLocks:
    """Takes and gives back node locks for one host, in one thread."""

    def __init__(self, zk: zc.zk.ZK, identity: Identity, wakeup: Wakeup, fleet: Fleet) -> None:
        self._client = zk.client
        self._fleet = fleet
        self._requests = Requests(zk)
        self._identity = identity
        self._wakeup = wakeup
        self._request = f"{identity.host_identifier}-"
        self._may_own = True  # from an earlier life, until a look shows otherwise

    @contextmanager
    def node(self, path: str, going_on: Callable[[], None]) -> Iterator[None]:
        """Hold the lock of the application node at ``path``."""
        lock = f"{ROOT}/{encode_path(path)}"
        self._acquire(lock, going_on)
        try:
            yield
        finally:
            self._release(lock)

    def owned(self) -> frozenset[str]:
        """Return the paths of nodes that this host owns although it works on none.

        It does after it was killed, or when a lock could not be given back.
        """
        if not self._may_own:
            return frozenset()
        try:
            names = self._requests.children(ROOT)
        except NoNodeError:
            names = []
        nodes = self._requests.read(f"{ROOT}/{name}" for name in names)
        owned = frozenset(
            decode_path(node.path[len(ROOT) + 1 :])
            for node in nodes
            if _owner(node.data) == self._identity.host_identifier
        )
        self._may_own = bool(owned)
        return owned

    def disown(self, path: str) -> None:
        """Give back a node that :meth:`owned` told of."""
        self._release(f"{ROOT}/{encode_path(path)}")

    def _acquire(self, lock: str, going_on: Callable[[], None]) -> None:
        try:
            while True:
                seen = self._wakeup.count
                going_on()
                try:
                    if self._try(lock):
                        return
                except Unreachable:
                    self._wakeup.wait(seen, _RETRY)
                else:
                    self._wakeup.wait(seen)
        except BaseException:
            self._withdraw(lock)
            raise

    def _try(self, lock: str) -> bool:
        """Take the lock if it is free; else stand in line and see to it that a change wakes us."""
        look = self._look(lock)
        if look is None:
            self._create(lock)
            return False
        own = [name for name in look.queue if name[:-_SEQUENCE] == self._request]
        ahead = look.queue[: look.queue.index(own[0])] if own else look.queue
        if look.owner == self._identity.host_identifier or not (look.owner or ahead):
            return self._take(lock, look, own)
        if not own:
            self._stand_in_line(lock)
        elif ahead:
            self._watch(f"{lock}/{ahead[-1]}", None)
        else:
            self._watch(lock, look.version)
        return False

    def _look(self, lock: str) -> _Look | None:
        [node] = self._requests.read([lock], children=True)
        if node.stat is None:
            return None
        queue = [name for name in node.children or () if name[-_SEQUENCE:].isdigit()]
        queue.sort(key=lambda name: name[-_SEQUENCE:])
        return _Look(_owner(node.data), node.stat.version, tuple(queue))

    def _create(self, lock: str) -> None:
        for path in (ROOT, lock):
            # Asked first: whoever may not create it is not told that it exists.
            if self._requests.exists(path) is None:
                with suppress(NodeExistsError):
                    self._requests.create(path, _FREE)
        self._wakeup.set()

    def _take(self, lock: str, look: _Look, own: list[str]) -> bool:
        """Set the marker, leaving the queue, unless something changed.

        That is the lock node, since ``look``, or the cluster version: a host that
        failed sets that before it gives the lock back, and whoever takes the lock
        next must not do so without having seen it.
        """
        marker = codec.encode({"owners": [self._marker()]})
        try:
            self._requests.write(
                self._fleet.unchanged(),
                Set(lock, marker, look.version),
                *(Delete(f"{lock}/{name}") for name in own),
            )
        except (BadVersionError, NoNodeError):
            self._fleet.read_version()
            self._wakeup.set()
            return False
        return True

    def _marker(self) -> dict[str, Any]:
        return {
            "host": self._identity.host_identifier,
            "name": self._identity.host_name,
            "boot": _BOOT_ID.read_text().strip(),
            "session": f"{self._client.client_id[0]:#x}",
            "since": int(time.time()),
        }

    def _stand_in_line(self, lock: str) -> None:
        self._requests.create_sequential(
            f"{lock}/{self._request}",
            codec.encode({"name": self._identity.host_name}),
            ephemeral=True,
        )
        self._wakeup.set()

    def _watch(self, path: str, version: int | None) -> None:
        """Be woken when ``path`` changes; at once if it did since it had ``version``."""
        stat = self._requests.exists(path, self._woken)
        if stat is None or (version is not None and stat.version != version):
            self._wakeup.set()

    def _woken(self, *_: Any) -> None:
        self._wakeup.set()

    def _withdraw(self, lock: str) -> None:
        """Leave the queue; where ZooKeeper is silent, the session's end will see to it."""
        try:
            look = self._look(lock)
            for name in look.queue if look else ():
                if name[:-_SEQUENCE] == self._request:
                    self._requests.delete(f"{lock}/{name}")
        except (Unreachable, NoNodeError) as error:
            logger.debug("Left the queue of %s: %s", lock, error)

    def _release(self, lock: str) -> None:
        """Clear the marker, if it is ours."""
        deadline = time.monotonic() + _PATIENCE
        tried = False
        while True:
            seen = self._wakeup.count
            try:
                look = self._look(lock)
                if look is not None and look.owner == self._identity.host_identifier:
                    tried = True
                    self._requests.set(lock, _FREE, look.version)
                elif not tried:
                    logger.warning("The lock %s was broken by somebody else", lock)
                return
            except (BadVersionError, NoNodeError):
                continue
            except Unreachable as error:
                if time.monotonic() > deadline or isinstance(error, Closed):
                    self._may_own = True
                    logger.warning("The lock %s will be given back later: %s", lock, error)
                    return
                self._wakeup.wait(seen, _RETRY)


def _owner(data: bytes) -> str | None:
    """Return the host identifier in the marker of a lock node; ``None`` if it is free."""
    owners = codec.decode(data).get("owners")
    match owners:
        case [{"host": str(host)}, *_]:
            return host
    return None
