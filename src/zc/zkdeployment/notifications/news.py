"""What is to be told of a fleet, after what was told of it before.

:func:`news` compares the two. What was told, an account of
:class:`~zc.zkdeployment.notifications.events.Told`, is kept where whoever tells next finds it:
nothing is told twice, and nothing that still holds is left out. However many hosts it is
about, an event is one, and bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from zc.zkdeployment.model import same_version
from zc.zkdeployment.moments import seconds_between
from zc.zkdeployment.notifications.events import MOST_NAMED, Event, Kind, Told
from zc.zkdeployment.notifications.host_news import (
    drifted_in,
    drifts_of,
    errors_of,
    event_of,
    failing_in,
    short_version,
)
from zc.zkdeployment.revisions.ledger import Publication
from zc.zkdeployment.revisions.versions import can_be_published
from zc.zkdeployment.views.overview import Overview

#: Publications that are told one by one, where there were more than one.
MOST_PUBLISHED = 10

#: Seconds after which what happened while nobody looked is told late.
_LATE = 60.0


def told_of(overview: Overview) -> Told:
    """Return what is known already to whoever begins to be told: the fleet as it is."""
    return Told(
        overview.index,
        overview.newest.serial if overview.newest else None,
        short_version(overview.version),
        _is_done(overview),
        failing_in(overview),
        drifted_in(overview),
    )


def news(
    told: Told,
    overview: Overview,
    published: Sequence[Publication] = (),
    *,
    late: bool = False,
) -> tuple[tuple[Event, ...], Told]:
    """Return what is to be told of a fleet, in order, and what was told then.

    ``published`` are the publications that the ledger has, the oldest first; without them
    the last one is told only. ``late``: for a while nobody compared. What came and went then
    is told as far as something is left of it, and all is marked that did not happen just now.

    What was seen before that was told last, by somebody to whom ZooKeeper tells later than
    to others, is no news.
    """
    if overview.index < told.index:
        return (), told
    unseen = _unseen(told, overview, published)
    moved = not same_version(told.version, short_version(overview.version))
    again = bool(unseen) and same_version(unseen[-1].version, overview.version)
    told_done = told.done and not moved and not again
    is_done = _is_done(overview)
    errors, failing = errors_of(told, overview)
    drifts, drifted = drifts_of(told, overview)
    moves = list(_moves(told, overview)) if moved else []
    gap = _gap(told, overview, unseen, len(moves)) if late else []
    events = [*gap, *_publications(overview, unseen), *moves, *errors, *drifts]
    if is_done and not told_done:
        events.append(event_of(Kind.DONE, overview, reason=_absent(overview)))
    if late:
        events = [replace(event, late=not _is_recent(event)) for event in events]
    done = told_done or is_done
    now = replace(told_of(overview), done=done, failing=failing, drifted=drifted)
    return tuple(events), now


def _unseen(
    told: Told, overview: Overview, published: Sequence[Publication]
) -> tuple[Publication, ...]:
    """Return the publications that were not told, the oldest first."""
    newest = overview.newest
    if newest is None or newest.serial == told.serial:
        return ()
    after = told.serial or 0
    between = (each for each in published if after < each.serial < newest.serial)
    return (*between, newest)


def _gap(
    told: Told, overview: Overview, unseen: Sequence[Publication], moves: int
) -> Iterator[Event]:
    """Tell what came and went, of which only traces are left."""
    traces = []
    if (more := len(unseen) - MOST_PUBLISHED) > 0:
        traces.append(f"{more} more publications, which 'zkdeploy history' shows")
    over = [each for each in unseen if each.was is None]
    if over and told.version is not None:
        traces.append(f"the fleet was stopped when {over[0].version!r:.100} was published")
    if (sets := overview.index - told.index - len(unseen) - moves) > 0:
        times = "once" if sets == 1 else f"{sets} times"
        traces.append(f"/hosts was set {times} more, to stop the fleet or to resume it, say")
    if traces:
        yield event_of(Kind.MISSED, overview, reason="; ".join(traces))


def _publications(overview: Overview, unseen: Sequence[Publication]) -> Iterator[Event]:
    for each in unseen[-MOST_PUBLISHED:]:
        reason = each.reason or each.origin.subject
        event = event_of(Kind.PUBLISHED, overview, reason=reason, by=each.by)
        yield replace(event, version=short_version(each.version), happened=each.at)


def _moves(told: Told, overview: Overview) -> Iterator[Event]:
    """Tell of a version that was set in another way than by publishing it."""
    version, newest, stop = overview.version, overview.newest, overview.stop
    if version is None:
        reason, by = (stop.reason, stop.by) if stop else (_first_error(overview), None)
        event = event_of(Kind.STOPPED, overview, reason=reason, by=by)
    elif newest and newest.serial != told.serial and same_version(newest.version, version):
        return
    else:
        resumed = told.version is None and can_be_published(version)
        kind = Kind.RESUMED if resumed else Kind.VERSION_SET
        event = replace(event_of(kind, overview), version=short_version(version))
    yield replace(event, happened=overview.changed)


def _is_recent(event: Event) -> bool:
    passed = seconds_between(event.happened, event.at)
    return passed is not None and passed < _LATE


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
