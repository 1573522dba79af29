"""How the demo says what it sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum

from zc.zkdeployment.demo.fleet import Fleet, HostState, Lock
from zc.zkdeployment.model import Version, same_version


class Mood(Enum):
    """What a host is at, in one word."""

    GONE = "gone"
    FAILED = "failed"
    WAITING = "waiting"
    STOPPED = "stopped"
    WORKING = "working"
    DONE = "done"


def mood(host: HostState, fleet: Fleet) -> tuple[Mood, str]:
    """Return what a host is at, and more about it."""
    if not host.registered:
        return Mood.GONE, "no agent"
    if host.error:
        return Mood.FAILED, host.error
    if host.busy:
        for lock in fleet.locks:
            if host.name in lock.waiting:
                return Mood.WAITING, f"for {lock.node}, {_names(lock.owners)} has it"
        return Mood.WORKING, host.status
    if same_version(host.version, fleet.version):
        return Mood.DONE, ""
    if fleet.version is None or fleet.version is False:
        return Mood.STOPPED, "held back with all others"
    return Mood.WORKING, "about to begin"


def cluster(version: Version) -> str:
    """Return what a cluster version means."""
    if version is None:
        return "ALL STOP: the cluster version is None"
    held = ": agents hold still" if version is False else ""
    return f"cluster version {version}{held}"


def locks(lock: Lock) -> str:
    """Return who has a lock and who waits for it."""
    owners = f"{_names(lock.owners)} has it" if lock.owners else "free"
    waiting = f"; waiting: {', '.join(lock.waiting)}" if lock.waiting else ""
    return owners + waiting


def lock_changes(before: Fleet | None, after: Fleet) -> Iterator[str]:
    """Yield in words what changed of the locks."""
    known = {lock.node: lock for lock in before.locks} if before else {}
    for lock in after.locks:
        if known.get(lock.node, Lock(lock.node)) != lock:
            yield f"{lock.node}: {locks(lock)}"


def _names(names: Sequence[str]) -> str:
    return " and ".join(names) or "nobody"
