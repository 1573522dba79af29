"""What is to be told of a fleet, after what was told of it before.

:func:`news` compares the two. What was told (:class:`~zc.zkdeployment.events.Told`) is kept
where whoever tells next finds it: nothing is told twice, and nothing that still holds is
left out. However many hosts it is about, an event is one, and bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from zc.zkdeployment.events import (
    LONGEST_NAME,
    MOST_NAMED,
    About,
    Event,
    Kind,
    Told,
    one_line,
)
from zc.zkdeployment.model import Version, same_version
from zc.zkdeployment.overview import HostView, Overview, has_reached
from zc.zkdeployment.report import Drift
from zc.zkdeployment.revision import can_be_published

#: Hosts of which is remembered what was told of them.
MOST_REMEMBERED = 5000

_MENDING = ""  # in place of a digest of an error: the host shows none, but is not done either
_DRIFTED, _REPAIRED = "-", "+"  # begin digests of drift


def told_of(overview: Overview) -> Told:
    """Return what is known already to whoever begins to be told: the fleet as it is."""
    errors = {_key(h): _digest(h.error) for h in overview.hosts if h.error is not None}
    drifts = {_key(h): digest for h in overview.hosts if (digest := _drift_digest(h))}
    return Told(
        overview.index,
        overview.newest.serial if overview.newest else None,
        _short(overview.version),
        _is_done(overview),
        _bounded(errors, overview),
        _bounded(drifts, overview),
    )


def news(told: Told, overview: Overview) -> tuple[tuple[Event, ...], Told]:
    """Return what is to be told of a fleet, in order, and what was told then.

    What was seen before that was told last, by somebody to whom ZooKeeper tells later than
    to others, is no news.
    """
    if overview.index < told.index:
        return (), told
    moved = not same_version(told.version, _short(overview.version))
    told_done = told.done and not moved
    is_done = _is_done(overview)
    errors, failing = _errors(told, overview)
    drifts, drifted = _drifts(told, overview)
    events = [*_publications(told, overview), *_moves(told, overview, moved), *errors, *drifts]
    if is_done and not told_done:
        events.append(_event(Kind.DONE, overview, reason=_absent(overview)))
    done = told_done or is_done
    now = replace(told_of(overview), done=done, failing=failing, drifted=drifted)
    return tuple(events), now


def _publications(told: Told, overview: Overview) -> Iterator[Event]:
    newest = overview.newest
    if newest is not None and newest.serial != told.serial:
        reason = newest.reason or newest.origin.subject
        event = _event(Kind.PUBLISHED, overview, reason=reason, by=newest.by)
        yield replace(event, version=_short(newest.version))


def _moves(told: Told, overview: Overview, moved: bool) -> Iterator[Event]:
    """Tell of a version that was set in another way than by publishing it."""
    version, newest, stop = overview.version, overview.newest, overview.stop
    if not moved:
        return
    if version is None:
        if stop is not None:
            yield _event(Kind.STOPPED, overview, reason=stop.reason, by=stop.by)
        else:
            yield _event(Kind.STOPPED, overview, reason=_first_error(overview))
        return
    if newest and newest.serial != told.serial and same_version(newest.version, version):
        return
    resumed = told.version is None and can_be_published(version)
    yield replace(
        _event(Kind.RESUMED if resumed else Kind.VERSION_SET, overview), version=_short(version)
    )


def _errors(told: Told, overview: Overview) -> tuple[list[Event], Mapping[str, str]]:
    """Return events about errors of hosts and their ends, and what is to be remembered."""
    failing = dict(told.failing)
    failed, recovered = [], []
    for host in overview.hosts:
        key = _key(host)
        if host.error is not None:
            digest = _digest(host.error)
            if failing.get(key) != digest:
                failed.append(_about(host, host.error))
            failing[key] = digest
        elif key in failing and has_reached(host, overview.goal):
            recovered.append(_about(host, "its error is gone"))
            del failing[key]
        elif key in failing:
            failing[key] = _MENDING
    events = [*_of(Kind.ERROR, overview, failed), *_of(Kind.RECOVERED, overview, recovered)]
    return events, _bounded(failing, overview)


def _drifts(told: Told, overview: Overview) -> tuple[list[Event], Mapping[str, str]]:
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
    return f"{remaining[0]}{more}"


def _drift_digest(host: HostView) -> str:
    """Return what tells one drift from another; nothing where there is none."""
    drift = host.report.drift if host.report else None
    if drift is None:
        return ""
    if remaining := _remaining(drift):
        return _DRIFTED + _digest(repr(remaining))
    return _REPAIRED + _digest(repr((drift.repaired, drift.repaired_at))) if drift.repaired else ""


def _remaining(drift: Drift) -> list[str]:
    return [line for line in drift.found if line not in drift.repaired]


def _of(kind: Kind, overview: Overview, about: Sequence[About]) -> list[Event]:
    if not about:
        return []
    event = _event(kind, overview)
    return [replace(event, hosts=tuple(about[:MOST_NAMED]), count=len(about))]


def _event(
    kind: Kind, overview: Overview, reason: str | None = None, by: str | None = None
) -> Event:
    short = by and one_line(by, LONGEST_NAME)
    return Event(kind, overview.at, _short(overview.goal), _cut(reason), short)


def _about(host: HostView, text: str) -> About:
    who = host.identity
    identifier, name = (
        one_line(each, LONGEST_NAME) for each in (who.host_identifier, who.host_name)
    )
    return About(identifier, name, one_line(text))


def _first_error(overview: Overview) -> str | None:
    failed = [host for host in overview.hosts if host.error is not None]
    if not failed:
        return None
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return f"failed on {failed[0].identity.host_name}{more}: {failed[0].error}"


def _absent(overview: Overview) -> str | None:
    if not overview.absent:
        return None
    few = ", ".join(overview.absent[:MOST_NAMED])
    more = ", …" if len(overview.absent) > MOST_NAMED else ""
    return f"except what nobody registered as: {few}{more}"


def _is_done(overview: Overview) -> bool:
    return overview.settled and bool(overview.hosts)


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


def _short(version: Version) -> Version:
    return one_line(version, LONGEST_NAME) if isinstance(version, str) else version
