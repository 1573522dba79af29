"""The whole fleet as people look at it: how far it is, problems first.

What was read from ZooKeeper comes as a :class:`Sight`; :func:`overview_of` makes of it
what is shown, in the terminal and in a browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.refusals import Refusal
from zc.zkdeployment.revisions.fleet import Stop, remembered_stop
from zc.zkdeployment.revisions.ledger import Publication
from zc.zkdeployment.revisions.revision import Record
from zc.zkdeployment.revisions.versions import can_be_published
from zc.zkdeployment.views.host_views import (
    HostState,
    HostView,
    Viewer,
    has_reached,
    places_in,
    rank_of_view,
    remaining_drift,
)
from zc.zkdeployment.views.lock_states import LockState

__all__ = [
    "HostState",
    "HostView",
    "Overview",
    "Sight",
    "goal_of",
    "has_reached",
    "overview_of",
    "remaining_drift",
]


@dataclass(frozen=True, slots=True)
class Sight:
    """What was read of the fleet at the moment ``at`` (ISO 8601, UTC).

    ``properties`` are those of ``/hosts``, ``index`` how often that was set, its creation
    included (0: there is no fleet), ``changed`` when it last was. ``hosts`` are the
    properties of the nodes of hosts, by identifier; a report in them may be decoded.
    ``newest`` is the last publication, ``record`` that of the version that the fleet should
    reach, if it was published, and ``targets`` are those of its manifests. ``trouble`` says
    why the published revision could not be read.
    """

    at: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    index: int = 0
    changed: str | None = None
    hosts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    locks: tuple[LockState, ...] = ()
    newest: Publication | None = None
    record: Record | None = None
    targets: frozenset[str] = frozenset()
    trouble: str | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """The fleet at one moment, ``at``; moments are ISO 8601, UTC.

    ``version`` is the cluster version; ``index`` is 0 where there is no fleet yet;
    ``changed`` is when ``/hosts`` was last set. ``goal`` is the version that hosts are to
    reach: the cluster version or, while the fleet is stopped, the one before, as far as it
    is known. ``record`` is that of the goal, ``None`` if it was not published. ``absent`` are
    the targets of its manifests that no registered host is. ``trouble`` says why the
    published revision could not be read, ``refusal`` what a publisher was refused last,
    unless ``/hosts`` was set since. ``gone`` are hosts that were registered while
    somebody watched, and are not any more, as they were seen last.
    """

    at: str
    version: Version
    index: int
    changed: str | None
    record: Record | None
    stop: Stop | None
    hosts: tuple[HostView, ...]
    absent: tuple[str, ...]
    locks: tuple[LockState, ...]
    goal: Version = None
    newest: Publication | None = None
    trouble: str | None = None
    refusal: Refusal | None = None
    gone: tuple[HostView, ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether there is a fleet, and it is stopped."""
        return self.index > 0 and self.version is None

    @property
    def done(self) -> int:
        """How many hosts reached the goal, without an error."""
        return sum(has_reached(host, self.goal) for host in self.hosts)

    @property
    def settled(self) -> bool:
        """Whether the fleet goes on, and every registered host reached the cluster version."""
        return can_be_published(self.version) and self.done == len(self.hosts)

    def counts(self) -> dict[HostState, int]:
        """Return how many hosts are in each state, problems first; states of none are there."""
        counts = dict.fromkeys(HostState, 0)
        for host in self.hosts:
            counts[host.state] += 1
        return counts

    def host(self, name: str) -> HostView | None:
        """Return the host of an identifier or, where none has that, of a host name."""
        named = [host for host in self.hosts if host.identity.host_name == name]
        by_identifier = (h for h in self.hosts if h.identity.host_identifier == name)
        return next(by_identifier, named[0] if len(named) == 1 else None)


def overview_of(sight: Sight, gone: tuple[HostView, ...] = ()) -> Overview:
    """Return what is shown of what was read."""
    version: Version = sight.properties.get("version")
    stop = remembered_stop(sight.properties, sight.index - 1) if version is None else None
    goal = goal_of(sight.properties, sight.index, sight.newest)
    viewer = Viewer(version, goal, places_in(sight.locks))
    views = (viewer.view(identifier, node) for identifier, node in sight.hosts.items())
    hosts = tuple(sorted(views, key=rank_of_view))
    present = frozenset[str]().union(*(host.identity.targets for host in hosts))
    return Overview(
        at=sight.at,
        version=version,
        index=sight.index,
        changed=sight.changed,
        record=sight.record,
        stop=stop,
        hosts=hosts,
        absent=tuple(sorted(sight.targets - present)),
        locks=sight.locks,
        goal=goal,
        newest=sight.newest,
        trouble=sight.trouble,
        refusal=_refusal(sight),
        gone=gone,
    )


def goal_of(properties: Mapping[str, Any], index: int, newest: Publication | None) -> Version:
    """Return the version that hosts are to reach, or were when the fleet was stopped.

    ``properties`` are those of ``/hosts``, which was set ``index`` times.
    """
    version: Version = properties.get("version")
    if can_be_published(version):
        return version
    stop = remembered_stop(properties, index - 1)
    if stop is not None and can_be_published(stop.version):
        return stop.version
    return newest.version if newest else None


def _refusal(sight: Sight) -> Refusal | None:
    """Return what was refused, unless the fleet moved since: it may be allowed by now."""
    refusal = sight.refusal
    return refusal if refusal and refusal.index == sight.index else None
