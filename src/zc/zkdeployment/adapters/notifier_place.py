"""Which of several senders of notifications sends, and what all of them know.

Each has an ephemeral place below ``/notifiers``; the first one sends. What was told is the
data of ``/notifiers``: only who is the first, and still there, can replace it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import uuid
from collections.abc import Callable

from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError

import zc.zk
from zc.zk.errors import GuardFailed
from zc.zk.operations import Check, Set
from zc.zkdeployment.notifications.outbox import Outbox, decode_outbox, encode_outbox

ROOT = "/notifiers"

_SEQUENCE = 10  # digits at the end of the name of a place


class NotFirst(Exception):
    """Somebody else is to send, or sent something meanwhile."""


class Place:
    """The place of one sender; ``changed`` is called when it is to look again.

    ``path`` is that of its node while it is the first in line; another session has another.

    What goes wrong is a ``KazooException``: see :class:`zc.zk.ZK`.
    """

    def __init__(self, zk: zc.zk.ZK, changed: Callable[[], None]) -> None:
        self._zk = zk
        self._changed = changed
        self._name = f"notifier-{uuid.uuid4().hex}-"
        self.path: str | None = None
        self._version = -1

    def is_first(self) -> bool:
        """Tell whether this sender is the first in line; it takes a place if it has none."""
        names = self._look()
        mine = [name for name in names if name.startswith(self._name)]
        if not mine:
            self._take()
            names = self._look()
            mine = [name for name in names if name.startswith(self._name)]
        first = min(names, key=lambda name: name[-_SEQUENCE:], default=None)
        self.path = f"{ROOT}/{first}" if first in mine else None
        return self.path is not None

    def read(self) -> Outbox | None:
        """Return what was told, ``None`` if nothing ever was.

        Raises :exc:`ValueError` where that makes no sense.
        """
        data, stat = self._zk.get(ROOT)
        self._version = stat.version
        return decode_outbox(data)

    def write(self, outbox: Outbox) -> None:
        """Replace what was told; raises :exc:`NotFirst` where that is not for this sender."""
        if self.path is None:
            raise NotFirst("somebody else is the first in line")
        change = Set(ROOT, encode_outbox(outbox), self._version)
        try:
            [stat] = self._zk.bulk.write([change], Check(self.path))
        except (BadVersionError, NoNodeError, GuardFailed):
            self.path = None
            raise NotFirst("somebody else has told something meanwhile") from None
        self._version = stat.version

    def leave(self) -> None:
        """Give up the place, for the next one to send."""
        for name in self._zk.get_children(ROOT):
            if name.startswith(self._name):
                with contextlib.suppress(NoNodeError):
                    self._zk.delete(f"{ROOT}/{name}")

    def _look(self) -> list[str]:
        try:
            return self._zk.get_children(ROOT, self._noticed)
        except NoNodeError:
            return []

    def _take(self) -> None:
        who = zc.zk.encode({"host": socket.gethostname(), "pid": os.getpid()})
        with contextlib.suppress(NodeExistsError):
            self._zk.create(ROOT)
        self._zk.create(f"{ROOT}/{self._name}", who, ephemeral=True, sequence=True)

    def _noticed(self, _: object) -> None:
        self._changed()
