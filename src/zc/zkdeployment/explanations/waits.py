"""Whom a fleet waits for that is not stopped."""

from __future__ import annotations

from collections.abc import Iterator

from zc.zkdeployment.explanations import advice
from zc.zkdeployment.explanations.explanation import (
    Explanation,
    all_of,
    counted,
    known_as,
    last_lines,
    listed,
    name_of,
    short,
    since,
)
from zc.zkdeployment.views.lock_states import LockState
from zc.zkdeployment.views.overview import HostState, HostView, Overview

_LOOK_AGAIN = "look again in a moment: zkdeploy locks"


def dead_locks(overview: Overview) -> Explanation | None:
    """Hosts hold locks that cannot give them back."""
    dead = [lock for lock in overview.locks if lock.dead]
    dead.sort(key=lambda lock: (-len(lock.waiters), lock.path))
    if not dead:
        return None
    explained = dead_lock(overview, dead[0])
    more = (f"likewise: {listed([lock.path for lock in dead[1:]])}",) if dead[1:] else ()
    return Explanation(explained.cause, (*explained.details, *more), explained.next_steps)


def dead_lock(overview: Overview, lock: LockState) -> Explanation:
    """Explain a lock that a host holds whose agent is not registered."""
    holder = next(each for each in lock.holders if not each.alive)
    name = known_as(holder.host, holder.name)
    who = f"{all_of(lock.waiters)} cannot go on" if lock.waiters else "Nobody else can work there"
    step = f", for {short(holder.step)!r}" if holder.step else ""
    passed = since(holder.since, overview.at)
    whose = holder.host if len(lock.holders) > 1 else None
    return Explanation(
        f"{who}: the lock of {short(lock.path)} is held by {name}{passed}{step},"
        " and its agent is not registered: it does not run, or its host is down or cut off from"
        " ZooKeeper.",
        ("an agent that is started there finishes its work and gives the lock back",),
        (
            advice.start_agent(name),
            advice.break_lock(
                "or, once you made sure that nothing of it runs any more", lock.path, whose
            ),
        ),
    )


def under_way(overview: Overview) -> Explanation | None:
    """Hosts work: the one that most others wait for, or that is at it for longest."""
    working = [host for host in overview.hosts if host.state is HostState.DEPLOYING]
    if not working:
        return _waiting(overview)
    counts = dict(_waiters_of(overview))
    host = min(
        working,
        key=lambda each: (
            -counts.get(each.identity.host_identifier, 0),
            each.since or "9",
            each.identity.host_name,
        ),
    )
    waiters = counts.get(host.identity.host_identifier, 0)
    explained = working_host(overview, host)
    others = f" {waiters} hosts wait for it." if waiters > 1 else ""
    others = " One host waits for it." if waiters == 1 else others
    more = len(working) - 1
    return Explanation(
        f"The fleet is on its way to version {overview.goal!r:.100},"
        f" {overview.done} of {len(overview.hosts)} hosts are done. {explained.cause}{others}",
        (*((f"{counted(more, 'more host')} at work",) if more else ()), *explained.details),
        explained.next_steps,
    )


def _waiters_of(overview: Overview) -> Iterator[tuple[str, int]]:
    for lock in overview.locks:
        for holder in lock.holders:
            if holder.host:
                yield holder.host, len(lock.waiters)


def working_host(overview: Overview, host: HostView) -> Explanation:
    """Explain what a host does."""
    name = name_of(host.identity)
    step = repr(short(host.step)) if host.step else "a step that it does not tell"
    return Explanation(
        f"{name} is at {step}{since(host.since, overview.at)}.",
        last_lines(host) or ("the program that runs there has printed nothing that is known",),
        (
            advice.check_host(
                f"{name}, if that takes too long: its log, and the program that runs"
            ),
            "the agent ends the program once the timeout of the node or of the host is up",
            advice.stop(),
        ),
    )


def _waiting(overview: Overview) -> Explanation | None:
    for host in overview.hosts:
        if host.state is HostState.WAITING:
            lock = lock_at(overview, host.waits_for)
            if lock is None or not lock.dead:  # else that is told already
                return Explanation(waiting_cause(overview, host, lock), (), (_LOOK_AGAIN,))
    return None


def waiting_cause(overview: Overview, host: HostView, lock: LockState | None) -> str:
    """Return for which lock a host waits, and who holds that."""
    waits = f"{name_of(host.identity)} waits{since(host.since, overview.at)} for the lock of"
    waits += f" {short(host.waits_for or 'a node')}"
    if lock is not None and lock.holders:
        return f"{waits}, which is held by {all_of(lock.holders)}."
    return f"{waits}, and is about to get it: nobody is known to hold that."


def lock_at(overview: Overview, path: str | None) -> LockState | None:
    """Return the lock of a node; a role has its own, which may be named by the role alone."""
    wanted = (path, f"/role-locks/{path}")
    return next((lock for lock in overview.locks if lock.path in wanted), None)


def behind(overview: Overview) -> Explanation | None:
    """Hosts have not begun."""
    late = [host for host in overview.hosts if host.state is HostState.BEHIND]
    if not late:
        return None
    names = listed([name_of(host.identity) for host in late])
    return Explanation(
        f"The fleet is on its way to version {overview.goal!r:.100}"
        f"{since(overview.changed, overview.at)}: {names} did not begin with it yet.",
        (f"{overview.done} of {len(overview.hosts)} hosts are done",),
        (advice.check_host(f"{name_of(late[0].identity)}, if that takes more than seconds"),),
    )
