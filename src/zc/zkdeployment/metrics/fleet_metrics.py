"""What a monitoring system is told of the whole fleet.

How many numbers there are does not grow with the fleet: hosts are counted, and named only
while something is wrong with them, the first :data:`MOST_NAMED`.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator

from zc.zkdeployment.metrics.exposition import LONGEST_LABEL, Metric, Sample, expose, gauge
from zc.zkdeployment.moments import seconds_between, seconds_of
from zc.zkdeployment.reports.report import MOST_LINES
from zc.zkdeployment.views.overview import HostState, Overview, remaining_drift

#: Hosts that are named, and versions that are told apart.
MOST_NAMED = 50
MOST_VERSIONS = 10

_OTHER = "other"  # in place of a version that is not among the most common

_PROBLEMS = (HostState.FAILED, HostState.DRIFTED)
_UNDER_WAY = (HostState.DEPLOYING, HostState.WAITING)


def fleet_metrics(overview: Overview, at: str, away: str | None = None) -> str:
    """Return the metrics of a fleet, for Prometheus, at the moment ``at`` (ISO 8601, UTC).

    ``away`` is since when ZooKeeper does not answer, ``None``: it does.
    """
    return expose(
        [
            *_versions(overview),
            *_hosts(overview),
            *_durations(overview, at),
            *_locks(overview, at),
            *_zookeeper(away),
        ]
    )


def _versions(overview: Overview) -> Iterator[Metric]:
    record, newest = overview.record, overview.newest
    yield Metric(
        "zkdeploy_fleet_info",
        "gauge",
        "The version that hosts are to reach, and where it comes from. Always 1.",
        (
            Sample(
                1,
                {
                    "version": str(overview.goal),
                    "source": record.origin.source if record else "",
                    "by": record.by if record else "",
                },
            ),
        ),
    )
    yield gauge("zkdeploy_fleet_stopped", "Whether all deployments stop.", overview.stopped)
    yield gauge(
        "zkdeploy_fleet_settled",
        "Whether the fleet goes on, and every registered host reached the version.",
        overview.settled,
    )
    yield gauge(
        "zkdeploy_fleet_changed_timestamp_seconds",
        "When the version of the fleet, or the all stop, was last set.",
        seconds_of(overview.changed),
    )
    yield gauge(
        "zkdeploy_fleet_published_timestamp_seconds",
        "When something was last published.",
        seconds_of(newest.at if newest else None),
    )
    yield gauge(
        "zkdeploy_fleet_publish_refused",
        "Whether what somebody wanted to publish was refused, with nothing published since.",
        overview.refusal is not None,
    )


def _hosts(overview: Overview) -> Iterator[Metric]:
    counts = overview.counts()
    yield Metric(
        "zkdeploy_fleet_hosts",
        "gauge",
        "Registered hosts, by their state.",
        tuple(Sample(number, {"state": state.value}) for state, number in counts.items()),
    )
    yield gauge("zkdeploy_fleet_hosts_done", "Hosts that reached the version.", overview.done)
    yield gauge(
        "zkdeploy_fleet_hosts_absent",
        "Targets of what is published that no registered host is.",
        len(overview.absent),
    )
    yield Metric(
        "zkdeploy_fleet_hosts_at",
        "gauge",
        f"Registered hosts, by the version that they reached: the {MOST_VERSIONS} most common.",
        tuple(_by_version(overview)),
    )
    yield Metric(
        "zkdeploy_fleet_host_problem",
        "gauge",
        f"Hosts that need somebody: the first {MOST_NAMED}. Always 1.",
        tuple(_problems(overview)),
    )
    yield gauge(
        "zkdeploy_fleet_drift_found",
        "Things on hosts that are not as they were deployed, and were not repaired: of each"
        f" host at most {MOST_LINES}.",
        sum(_drifted(overview)),
    )
    yield gauge(
        "zkdeploy_fleet_drift_unrepaired",
        "Hosts on which the last repair of what had drifted failed.",
        sum(
            drift.unrepaired is not None
            for host in overview.hosts
            if (drift := remaining_drift(host.report))
        ),
    )


def _by_version(overview: Overview) -> Iterator[Sample]:
    # Cut here as it is later, so that no two are shown the same, and none as the rest is.
    shown = (str(host.version)[:LONGEST_LABEL] for host in overview.hosts)
    counts = Counter(f"'{_OTHER}'" if version == _OTHER else version for version in shown)
    common = counts.most_common(MOST_VERSIONS)
    for version, number in common:
        yield Sample(number, {"version": version})
    if rest := counts.total() - sum(number for _, number in common):
        yield Sample(rest, {"version": _OTHER})


def _problems(overview: Overview) -> Iterator[Sample]:
    hosts = [host for host in overview.hosts if host.state in _PROBLEMS]
    for host in hosts[:MOST_NAMED]:
        who = host.identity
        labels = {"host": who.host_identifier, "name": who.host_name, "state": host.state.value}
        yield Sample(1, labels)


def _drifted(overview: Overview) -> Iterator[int]:
    for host in overview.hosts:
        if drift := remaining_drift(host.report):
            yield len(set(drift.found) - set(drift.repaired))


def _durations(overview: Overview, at: str) -> Iterator[Metric]:
    reports = [host.report for host in overview.hosts if host.report]
    took = [report.seconds for report in reports if report.seconds is not None]
    yield Metric(
        "zkdeploy_fleet_deployment_seconds",
        "gauge",
        "How long the last deployments of the hosts took: half of them less, and the longest.",
        (Sample(statistics.median(took), {"of": "median"}), Sample(max(took), {"of": "max"}))
        if took
        else (),
    )
    running = [
        seconds_between(host.report.began, at) or 0.0
        for host in overview.hosts
        if host.report and host.state in _UNDER_WAY
    ]
    yield gauge(
        "zkdeploy_fleet_deploying_seconds",
        "How long the deployment takes already that began first of those under way.",
        max(running, default=0.0),
    )


def _locks(overview: Overview, at: str) -> Iterator[Metric]:
    locks = overview.locks
    yield gauge(
        "zkdeploy_fleet_locks_held",
        "Locks of application nodes and roles that somebody holds.",
        sum(bool(lock.holders) for lock in locks),
    )
    yield gauge(
        "zkdeploy_fleet_locks_dead",
        "Locks that nobody gives back by himself: the agent of the holder is not there.",
        sum(lock.dead for lock in locks),
    )
    yield gauge(
        "zkdeploy_fleet_lock_waiters",
        "Hosts that wait for a lock.",
        sum(len(lock.waiters) for lock in locks),
    )
    waits = [seconds_between(waiter.since, at) or 0.0 for lock in locks for waiter in lock.waiters]
    yield gauge(
        "zkdeploy_fleet_lock_wait_seconds",
        "How long the host waits already that waits for a lock the longest.",
        max(waits, default=0.0),
    )


def _zookeeper(away: str | None) -> Iterator[Metric]:
    yield gauge(
        "zkdeploy_fleet_zookeeper_away",
        "Whether ZooKeeper does not answer: the other numbers are as it last was.",
        away is not None,
    )
    yield gauge(
        "zkdeploy_fleet_zookeeper_away_timestamp_seconds",
        "Since when ZooKeeper does not answer.",
        seconds_of(away),
    )
