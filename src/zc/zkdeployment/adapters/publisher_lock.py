"""One publisher at a time (companions.md, "Publishing: the VCS sync tool").

A publisher is the first in line below ``/hosts-lock``. Its place is ephemeral; while it is
there, its transactions are done, and none after it is gone.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator

from kazoo.exceptions import (
    ConnectionLoss,
    NoChildrenForEphemeralsError,
    NodeExistsError,
    NoNodeError,
    SessionExpiredError,
)

import zc.zk
from zc.zk.operations import Check
from zc.zkdeployment.errors import Refused

LOCK = "/hosts-lock"

_SEQUENCE = 10  # digits at the end of the name of a place
_KIND = "__lock__"  # before them, for kazoo's recipe for locks, with which others may publish
_UNCERTAIN = (ConnectionLoss, SessionExpiredError, zc.zk.NoAnswer)


class LockTaken(Refused):
    """Somebody else publishes."""


@contextlib.contextmanager
def publisher_lock(zk: zc.zk.ZK, by: str, at: str) -> Iterator[Check]:
    """Be the only publisher; provides what every transaction must be guarded by.

    ``by`` and ``at`` tell others who publishes and since when. Nobody is waited for:
    raises :exc:`LockTaken`.
    """
    with contextlib.suppress(NodeExistsError):
        zk.create(LOCK)
    place = _take_place(zk, zc.zk.encode({"by": by, "at": at, "pid": os.getpid()}))
    try:
        first = min(zk.get_children(LOCK), key=_number, default=None)
        if first is None:
            raise LockTaken("this publisher's place in line went with its session; try again")
        if f"{LOCK}/{first}" != place:
            raise LockTaken(_who(zk, f"{LOCK}/{first}"))
        yield Check(place)
    finally:
        with contextlib.suppress(NoNodeError, *_UNCERTAIN):
            zk.delete(place)  # where that fails, it goes with the session


def _take_place(zk: zc.zk.ZK, data: bytes) -> str:
    prefix = f"publisher-{uuid.uuid4().hex}{_KIND}"
    try:
        return zk.create(f"{LOCK}/{prefix}", data, ephemeral=True, sequence=True)
    except NoChildrenForEphemeralsError:
        raise LockTaken(f"{LOCK} is held by a program of another kind") from None
    except _UNCERTAIN:
        for name in zk.get_children(LOCK):
            if name.startswith(prefix):
                return f"{LOCK}/{name}"
        raise


def _number(name: str) -> tuple[str, str]:
    return name[-_SEQUENCE:], name


def _who(zk: zc.zk.ZK, place: str) -> str:
    try:
        properties = zk.get_properties(place)
    except NoNodeError:
        return "its holder has just given it back; try again"
    by, at = properties.get("by", "somebody"), properties.get("at", "some time ago")
    return f"{by} publishes since {at}; if that publisher was killed, its lock goes within seconds"
