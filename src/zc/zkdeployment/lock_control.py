"""Locks as people see them: who holds them, who waits, and how one is broken.

A lock is broken by whoever knows that its holder does not work any more; no program can.
The last ones are remembered in the property ``broken`` of ``/agent-locks``, a list of dicts
with the fields of :class:`Broken`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import Any

from kazoo.exceptions import (
    BadVersionError,
    ConnectionLoss,
    NodeExistsError,
    NoNodeError,
    SessionExpiredError,
)
from kazoo.protocol.states import ZnodeStat

import zc.zk
from zc.zk.operations import Create, Operation, Set
from zc.zkdeployment.adapters.lock_state import Seen, see_locks
from zc.zkdeployment.adapters.locks import ROOT
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.views.lock_states import Holder, LockState

_BROKEN = "broken"
_KEPT = 20  # broken locks that are remembered
_TRIES = 10  # while others break locks, too, or connections are lost
_UNCERTAIN = (ConnectionLoss, SessionExpiredError, zc.zk.NoAnswer)


@dataclass(frozen=True, slots=True)
class Broken:
    """Which lock was broken, who had held it, and who broke it when and why.

    ``lock`` is the path of the node or of the role's lock, ``holder`` a host identifier,
    ``None`` where nobody knew it, ``at`` ISO 8601, UTC.
    """

    lock: str
    holder: str | None
    by: str
    at: str
    reason: str


def read_locks(zk: zc.zk.ZK) -> tuple[LockState, ...]:
    """Return the locks that are held or waited for, those with problems first.

    These are locks whose holder has no agent that runs; then come other held ones, and those
    that are only waited for. Raises what :class:`zc.zk.ZK` raises.
    """
    states = [seen.state for seen in see_locks(zk)]
    return tuple(sorted(states, key=lambda lock: (not lock.dead, not lock.holders, lock.path)))


def read_broken(zk: zc.zk.ZK) -> tuple[Broken, ...]:
    """Return the locks that were broken of late, the last one last."""
    properties, _ = _root(zk)
    return tuple(
        Broken(**record)
        for record in _records(properties)
        if isinstance(record, dict) and record.keys() == {field.name for field in fields(Broken)}
    )


def break_lock(
    zk: zc.zk.ZK,
    path: str,
    reason: str,
    by: str,
    at: str,
    *,
    host: str | None = None,
    force: bool = False,
) -> Broken:
    """Take a lock away from whoever holds it, and remember that.

    ``path`` is that of an application node, or of the lock node of a role: there the first
    in line loses its place. ``host`` names the holder where there are several. Raises
    :exc:`~zc.zkdeployment.errors.Refused`, with nothing done, where nobody holds the lock,
    its holder changes meanwhile or, without ``force``, its holder's agent runs; and what
    :class:`zc.zk.ZK` raises.
    """
    seen = _held(zk, path)
    holder, removal = _holder(seen, path, host)
    if holder.alive and not force:
        raise Refused(
            f"{holder.host} holds the lock of {path}, and its agent runs: it gives the lock back"
            " when its script has ended; stop that agent, or insist with --force"
        )
    record = Broken(seen.state.path, holder.host, by, at, reason)
    uncertain = False
    for _ in range(_TRIES):
        properties, stat = _root(zk)
        if uncertain and asdict(record) in _records(properties):
            return record
        try:
            zk.bulk.write([*removal, _noting(properties, stat, record)])
        except (BadVersionError, NoNodeError, NodeExistsError) as error:
            if error.args != (ROOT,):
                raise Refused(
                    f"the lock of {path} changed meanwhile: nothing was done; look again"
                ) from None
        except _UNCERTAIN:
            uncertain = True
        else:
            return record
    raise Refused(f"{ROOT}: tried {_TRIES} times in vain; look whether the lock is still held")


def _held(zk: zc.zk.ZK, path: str) -> Seen:
    """Return a lock that somebody holds; ``path`` may be that of its lock node, too."""
    for seen in see_locks(zk):
        if path in (seen.state.path, seen.lock) and seen.state.holders:
            return seen
    raise Refused(f"nobody holds the lock of {path}; 'zkdeploy locks' lists those that are held")


def _holder(seen: Seen, path: str, host: str | None) -> tuple[Holder, tuple[Operation, ...]]:
    """Return who is to lose a lock, and what takes it away."""
    found = [
        (holder, removal)
        for holder, removal in zip(seen.state.holders, seen.removals, strict=True)
        if host in (None, holder.host)
    ]
    holders = ", ".join(holder.host or "somebody unknown" for holder in seen.state.holders)
    if not found:
        raise Refused(f"{host} does not hold the lock of {path}, but {holders}")
    if len(found) > 1:
        raise Refused(f"several hosts hold the lock of {path}: {holders}; name one with --host")
    return found[0]


def _root(zk: zc.zk.ZK) -> tuple[dict[str, Any], ZnodeStat | None]:
    """Return properties and stat of ``/agent-locks``, of which there may be none."""
    zk.bulk.calls.read(partial(zk.client.sync_async, ROOT))  # a server may lag behind
    [node] = zk.bulk.read([ROOT])
    return zc.zk.decode(node.data), node.stat


def _records(properties: dict[str, Any]) -> list[Any]:
    records = properties.get(_BROKEN)
    return records if isinstance(records, list) else []


def _noting(properties: dict[str, Any], stat: ZnodeStat | None, record: Broken) -> Operation:
    """Return what remembers a broken lock."""
    records = [*_records(properties), asdict(record)][-_KEPT:]
    data = zc.zk.encode({**properties, _BROKEN: records})
    return Create(ROOT, data) if stat is None else Set(ROOT, data, stat.version)
