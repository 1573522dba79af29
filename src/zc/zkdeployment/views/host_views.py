"""How one host is, as people look at it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from zc.zkdeployment.model import Identity, Version, same_version
from zc.zkdeployment.reports.report import Activity, Drift, Report, decode_report
from zc.zkdeployment.revisions.fleet import host_identity
from zc.zkdeployment.revisions.versions import can_be_published
from zc.zkdeployment.views.lock_states import LockState

#: The property of the node of a host that holds its report.
REPORT = "report"

#: Characters of an error of a host that are kept; agents write no more.
LONGEST_ERROR = 2100


class HostState(Enum):
    """How a host is, problems first: the order in which hosts are shown."""

    FAILED = "failed"
    DRIFTED = "drifted"
    DEPLOYING = "deploying"
    WAITING = "waiting"
    STOPPED = "stopped"
    BEHIND = "behind"
    CURRENT = "current"


_RANK = {state: rank for rank, state in enumerate(HostState)}


@dataclass(frozen=True, slots=True)
class HostView:
    """A host whose agent is registered.

    ``version`` is what it reached. ``step`` is what it does, or did when it failed, as far
    as it is known, and ``since`` since when it is in that state or step (ISO 8601, UTC).
    ``waits_for`` is the node, or the lock node of a role, whose lock it waits for.
    ``report`` is ``None`` where its agent writes none.
    """

    identity: Identity
    version: Version
    state: HostState
    error: str | None = None
    report: Report | None = None
    waits_for: str | None = None
    step: str | None = None
    since: str | None = None


def has_reached(host: HostView, goal: Version) -> bool:
    """Tell whether a host reached a version, shows no error and has nothing under way."""
    if host.error is not None or host.state in _UNDER_WAY.values():
        return False
    return goal is not None and same_version(host.version, goal)


def remaining_drift(report: Report | None) -> Drift | None:
    """Return the drift of a host that was found and is still there."""
    drift = report.drift if report else None
    return drift if drift and drift.found else None


def rank_of_view(host: HostView) -> tuple[int, str, str]:
    """Return a key that puts problems first, and hosts in one state by name."""
    return _RANK[host.state], host.identity.host_name, host.identity.host_identifier


@dataclass(frozen=True, slots=True)
class Place:
    """Where a host is in the locks, for agents that write no reports."""

    activity: Activity
    waits_for: str | None
    step: str | None
    since: str | None


def places_in(locks: Iterable[LockState]) -> dict[str, Place]:
    """Return where hosts are, by identifier; who holds one lock may wait for another."""
    places: dict[str, Place] = {}
    for lock in locks:
        for holder in lock.holders:
            if holder.host and holder.alive:
                place = Place(Activity.DEPLOYING, None, holder.step, holder.since)
                places.setdefault(holder.host, place)
        for waiter in lock.waiters:
            if waiter.host:
                places[waiter.host] = Place(Activity.WAITING, lock.path, None, waiter.since)
    return places


_NOWHERE = Place(Activity.IDLE, None, None, None)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Looks at one host after the other, given what the fleet is to reach, and the locks."""

    version: Version
    goal: Version
    places: Mapping[str, Place]

    def view(self, identifier: str, properties: Mapping[str, Any]) -> HostView:
        """Return how the host is whose node has these properties."""
        report = properties.get(REPORT)
        report = report if isinstance(report, Report) else decode_report(report)
        place = self.places.get(identifier, _NOWHERE)
        found = properties.get("error")
        error = None if found is None else str(found)[:LONGEST_ERROR]
        reached: Version = properties.get("version")
        activity = report.activity if report else place.activity
        state = self._state(error, activity, report, reached)
        waits_for = place.waits_for or (report.waits_for if report else None)
        return HostView(
            host_identity(identifier, properties),
            reached,
            state,
            error,
            report,
            waits_for if state is HostState.WAITING else None,
            *_doing(state, report, place),
        )

    def _state(
        self, error: str | None, activity: Activity, report: Report | None, reached: Version
    ) -> HostState:
        if error is not None:
            return HostState.FAILED
        if activity in _UNDER_WAY:
            return _UNDER_WAY[activity]
        if remaining_drift(report):
            return HostState.DRIFTED
        if self.goal is not None and same_version(reached, self.goal):
            return HostState.CURRENT
        return HostState.BEHIND if can_be_published(self.version) else HostState.STOPPED


_UNDER_WAY = {Activity.WAITING: HostState.WAITING, Activity.DEPLOYING: HostState.DEPLOYING}


def _doing(state: HostState, report: Report | None, place: Place) -> tuple[str | None, str | None]:
    """Return what a host does, or did when it failed, and since when it is so."""
    if report is None:
        return place.step, place.since
    if state is HostState.FAILED and report.failure:
        return report.failure.step, report.failure.at
    if state is HostState.DRIFTED and report.drift:
        return None, report.drift.checked
    return report.step, report.since or place.since
