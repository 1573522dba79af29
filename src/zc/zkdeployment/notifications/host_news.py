"""What is to be told of hosts: errors, drift, and their ends, after what was told before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from zc.zkdeployment.model import Version
from zc.zkdeployment.moments import seconds_of
from zc.zkdeployment.notifications.events import (
    LONGEST_NAME,
    MOST_NAMED,
    About,
    Event,
    Kind,
    Told,
    one_line,
)
from zc.zkdeployment.reports.report import Drift
from zc.zkdeployment.views.overview import HostView, Overview, has_reached

#: Hosts of which is remembered what was told of them.
MOST_REMEMBERED = 5000

_MENDING = ""  # in place of a digest of an error: the host shows none, but is not done either
_DRIFTED, _REPAIRED = "-", "+"  # begin digests of drift


def failing_in(overview: Overview) -> Mapping[str, str]:
    """Return the errors that hosts show, as they are remembered."""
    errors = {_key(h): _digest(h.error) for h in overview.hosts if h.error is not None}
    return _bounded(errors, overview)


def drifted_in(overview: Overview) -> Mapping[str, str]:
    """Return the drift that hosts show, as it is remembered."""
    drifts = {_key(h): digest for h in overview.hosts if (digest := _drift_digest(h))}
    return _bounded(drifts, overview)


def errors_of(told: Told, overview: Overview) -> tuple[list[Event], Mapping[str, str]]:
    """Return events about errors of hosts and their ends, and what is to be remembered."""
    failing = dict(told.failing)
    failed, recovered = [], []
    since: list[str] = []
    for host in overview.hosts:
        key = _key(host)
        if host.error is not None:
            digest = _digest(host.error)
            if failing.get(key) != digest:
                failed.append(_about(host, host.error))
                failure = host.report.failure if host.report else None
                since += [failure.at] if failure and seconds_of(failure.at) is not None else []
            failing[key] = digest
        elif key in failing and has_reached(host, overview.goal):
            recovered.append(_about(host, "its error is gone"))
            del failing[key]
        elif key in failing:
            failing[key] = _MENDING
    errors = _of(Kind.ERROR, overview, failed)
    errors = [replace(event, happened=min(since, default=None)) for event in errors]
    events = [*errors, *_of(Kind.RECOVERED, overview, recovered)]
    return events, _bounded(failing, overview)


def drifts_of(told: Told, overview: Overview) -> tuple[list[Event], Mapping[str, str]]:
    """Return events about drift of hosts and its ends, and what is to be remembered."""
    drifted = dict(told.drifted)
    found, ended = [], []
    for host in overview.hosts:
        drift = host.report.drift if host.report else None
        if drift is None:
            continue  # not looked for yet, since the agent was started
        key, digest = _key(host), _drift_digest(host)
        before = drifted.pop(key, "")
        if digest:
            drifted[key] = digest
        if digest == before:
            continue
        if before.startswith(_DRIFTED) and not digest.startswith(_DRIFTED):
            ended.append(_about(host, _drift_text(drift)))
        elif digest:
            found.append(_about(host, _drift_text(drift)))
    events = [*_of(Kind.DRIFT, overview, found), *_of(Kind.RECOVERED, overview, ended)]
    return events, _bounded(drifted, overview)


def _drift_text(drift: Drift) -> str:
    remaining = _remaining(drift)
    if not remaining:
        repaired = "; ".join(drift.repaired)
        return f"repaired: {repaired}" if repaired else "it is as it was deployed again"
    more = f" and {len(remaining) - 1} more" if len(remaining) > 1 else ""
    failed = f"; its repair failed: {drift.unrepaired}" if drift.unrepaired else ""
    return f"{remaining[0]}{more}{failed}"


def _drift_digest(host: HostView) -> str:
    """Return what tells one drift from another; nothing where there is none."""
    drift = host.report.drift if host.report else None
    if drift is None:
        return ""
    if remaining := _remaining(drift):
        return _DRIFTED + _digest(repr((remaining, drift.unrepaired)))
    return _REPAIRED + _digest(repr((drift.repaired, drift.repaired_at))) if drift.repaired else ""


def _remaining(drift: Drift) -> list[str]:
    return [line for line in drift.found if line not in drift.repaired]


def _of(kind: Kind, overview: Overview, about: Sequence[About]) -> list[Event]:
    if not about:
        return []
    event = event_of(kind, overview)
    return [replace(event, hosts=tuple(about[:MOST_NAMED]), count=len(about))]


def event_of(
    kind: Kind, overview: Overview, reason: str | None = None, by: str | None = None
) -> Event:
    """Return an event of now, about the fleet; texts are those of ZooKeeper's."""
    short = by and one_line(by, LONGEST_NAME)
    return Event(kind, overview.at, short_version(overview.goal), _cut(reason), short)


def _about(host: HostView, text: str) -> About:
    who = host.identity
    identifier, name = (
        one_line(each, LONGEST_NAME) for each in (who.host_identifier, who.host_name)
    )
    return About(identifier, name, one_line(text))


def _key(host: HostView) -> str:
    return _digest(host.identity.host_identifier)


def _digest(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]


def _bounded(remembered: Mapping[str, str], overview: Overview) -> Mapping[str, str]:
    """Return what is remembered of so many hosts only, those first that are registered."""
    if len(remembered) <= MOST_REMEMBERED:
        return remembered
    present = {_key(host) for host in overview.hosts}
    kept = sorted(remembered, key=lambda key: (key not in present, key))[:MOST_REMEMBERED]
    return {key: remembered[key] for key in kept}


def _cut(text: str | None) -> str | None:
    return text and one_line(text)


def short_version(version: Version) -> Version:
    """Return a version that is not too long to be told."""
    return one_line(version, LONGEST_NAME) if isinstance(version, str) else version
