"""Why the fleet, a host or a node is not done, and what a person can do about it."""

from __future__ import annotations

from zc.zkdeployment.explanations import advice, causes, stops, waits
from zc.zkdeployment.explanations.explanation import (
    Explanation,
    all_of,
    name_of,
    short,
    since,
    timing,
)
from zc.zkdeployment.views.lock_states import LockState
from zc.zkdeployment.views.overview import HostState, HostView, Overview

__all__ = ["Explanation", "explain_absent", "explain_fleet", "explain_host", "explain_node"]


def explain_fleet(overview: Overview) -> Explanation:
    """Tell what the fleet waits for, or that it waits for nothing."""
    found = [each for cause in causes.CAUSES if (each := cause(overview))]
    if not found:
        return Explanation(f"The fleet waits for nothing: {_settled(overview)}.")
    first, *others = found
    also = tuple(f"also: {each.cause}" for each in others)
    return Explanation(first.cause, (*first.details, *also), first.next_steps)


def _settled(overview: Overview) -> str:
    version = f"version {overview.version!r:.100}"
    match len(overview.hosts):
        case 0:
            return f"no host is registered, and {version} expects none"
        case 1:
            return f"the one host that is registered reached {version}"
        case count:
            return f"all {count} hosts that are registered reached {version}"


def explain_host(overview: Overview, host: HostView) -> Explanation:
    """Tell what a host waits for."""
    match host.state:
        case HostState.FAILED:
            found = stops.failure_of(overview, host)
        case HostState.WAITING:
            found = _waiting(overview, host)
        case HostState.DEPLOYING:
            found = waits.working_host(overview, host)
        case HostState.DRIFTED:
            found = causes.drift_of(host)
        case HostState.CURRENT:
            reached = f"it reached version {host.version!r:.100}"
            found = Explanation(f"{name_of(host.identity)} waits for nothing: {reached}.")
        case _:
            found = _not_begun(overview, host)
    return Explanation(found.cause, (*found.details, *timing(host)), found.next_steps)


def _waiting(overview: Overview, host: HostView) -> Explanation:
    name = name_of(host.identity)
    lock = waits.lock_at(overview, host.waits_for)
    what = short(host.waits_for or "a lock")
    if lock is None or not lock.holders:
        cause = waits.waiting_cause(overview, host, lock)
        return Explanation(cause, (), ("look again in a moment: zkdeploy locks",))
    found = _held(overview, lock)
    return Explanation(
        f"{name} waits{since(host.since, overview.at)} for the lock of {what}. {found.cause}",
        found.details,
        found.next_steps,
    )


def _not_begun(overview: Overview, host: HostView) -> Explanation:
    name = name_of(host.identity)
    reached = f"{name} is at version {host.version!r:.100}"
    if host.version is None:
        reached = f"{name} has not reached any version yet, or left it halfway"
    for cause in (causes.no_fleet, stops.stopped, stops.held):
        if found := cause(overview):
            return Explanation(f"{reached}. {found.cause}", found.details, found.next_steps)
    return Explanation(
        f"{reached} and did not begin with {overview.goal!r:.100} yet, which is wanted"
        f"{since(overview.changed, overview.at)}.",
        (),
        (advice.check_host(f"{name_of(host.identity)}, if that takes more than seconds"),),
    )


def explain_absent(overview: Overview, target: str) -> Explanation:
    """Tell what is known of a target that no registered host is."""
    for lock in overview.locks:
        if any(target in (each.host, each.name) and not each.alive for each in lock.holders):
            return waits.dead_lock(overview, lock)
    return causes.absence_of(overview, target)


def explain_node(overview: Overview, path: str) -> Explanation:
    """Tell what work on the application node at ``path``, or a role's lock, waits for."""
    failed = [
        host
        for host in overview.hosts
        if host.state is HostState.FAILED and f" {path} " in f" {host.step} "
    ]
    if failed:
        return explain_host(overview, failed[0])
    lock = waits.lock_at(overview, path)
    if lock is None:
        return Explanation(
            f"Nobody works on {path} or waits for it.",
            (f"the fleet: {explain_fleet(overview).cause}",),
        )
    if lock.holders:
        return _held(overview, lock)
    return Explanation(
        f"{all_of(lock.waiters)} waits for the lock of {short(lock.path)}, and is about to get it:"
        " nobody holds it.",
        (),
        ("look again in a moment: zkdeploy locks",),
    )


def _held(overview: Overview, lock: LockState) -> Explanation:
    if lock.dead:
        return waits.dead_lock(overview, lock)
    holders = {holder.host for holder in lock.holders}
    at_work = [host for host in overview.hosts if host.identity.host_identifier in holders]
    first = lock.holders[0]
    line = f"{len(lock.waiters)} in line: {all_of(lock.waiters)}" if lock.waiters else ""
    cause = f"The lock of {short(lock.path)} is held by {all_of(lock.holders)}"
    cause += f"{since(first.since, overview.at)}."
    if not at_work:
        return Explanation(cause, (line,) if line else ())
    doing = (
        stops.failure_of(overview, at_work[0])
        if at_work[0].state is HostState.FAILED
        else waits.working_host(overview, at_work[0])
    )
    return Explanation(
        f"{cause} {doing.cause}",
        (*doing.details, *((line,) if line else ())),
        doing.next_steps,
    )
