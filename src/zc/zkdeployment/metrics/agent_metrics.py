"""What a monitoring system is told of one agent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from zc.zkdeployment.metrics.exposition import Metric, Sample, expose, gauge
from zc.zkdeployment.model import Identity
from zc.zkdeployment.moments import seconds_between, seconds_of
from zc.zkdeployment.reports.report import MOST_LINES, Activity, Report

_BUSY = (Activity.DEPLOYING, Activity.WAITING)
_ENDS = (Activity.IDLE, Activity.FAILED, Activity.ABANDONED)
_OUTCOMES = {Activity.IDLE: "done", Activity.FAILED: "failed", Activity.ABANDONED: "abandoned"}


@dataclass(frozen=True, slots=True)
class Totals:
    """What an agent did since it was started: deployments, and seconds of waiting for locks."""

    done: int = 0
    failed: int = 0
    abandoned: int = 0
    waited: float = 0.0

    def after(self, before: Report | None, now: Report) -> Totals:
        """Return the totals once ``now`` came after ``before``; ``None``: it came first."""
        if before is None:
            return self
        totals = self
        if before.activity is Activity.WAITING and before.since != now.since:
            passed = seconds_between(before.since, now.since or now.began) or 0.0
            totals = replace(totals, waited=totals.waited + passed)
        # Between two reports that were seen a whole deployment may have passed.
        another = now.began is not None and now.began != before.began
        if now.activity in _ENDS and (before.activity in _BUSY or another):
            # A repair of drift that failed leaves the agent idle, and is a failure all the same.
            name = "failed" if now.failure else _OUTCOMES[now.activity]
            if name == "done" and before.seconds is not None and not another:
                return totals  # the end of the after-deployment hook: it was counted before
            totals = replace(totals, **{name: getattr(totals, name) + 1})
        return totals


def agent_metrics(
    identity: Identity,
    report: Report | None,
    totals: Totals,
    away: datetime | None = None,
) -> str:
    """Return the metrics of an agent, for Prometheus.

    ``report`` is ``None`` before there is one. ``away`` is since when ZooKeeper does not
    answer, ``None``: it does.
    """
    metrics = [_info(identity, report), *_totals(totals), *_zookeeper(away)]
    return expose(metrics if report is None else [*metrics, *_activity(report), *_drift(report)])


def _info(identity: Identity, report: Report | None) -> Metric:
    return Metric(
        "zkdeploy_agent_info",
        "gauge",
        "Which host this is, and the version that it reached or is on the way to. Always 1.",
        (
            Sample(
                1,
                {
                    "host": identity.host_identifier,
                    "name": identity.host_name,
                    "role": identity.role or "",
                    "version": "" if report is None else str(report.version),
                },
            ),
        ),
    )


def _totals(totals: Totals) -> Iterator[Metric]:
    yield Metric(
        "zkdeploy_agent_deployments_total",
        "counter",
        "Deployments that ended since the agent was started, by how.",
        tuple(Sample(getattr(totals, name), {"outcome": name}) for name in _OUTCOMES.values()),
    )
    yield Metric(
        "zkdeploy_agent_lock_wait_seconds_total",
        "counter",
        "How long the agent has waited for locks since it was started.",
        (Sample(totals.waited),),
    )


def _zookeeper(away: datetime | None) -> Iterator[Metric]:
    yield gauge(
        "zkdeploy_agent_zookeeper_away", "Whether ZooKeeper does not answer.", away is not None
    )
    yield gauge(
        "zkdeploy_agent_zookeeper_away_timestamp_seconds",
        "Since when ZooKeeper does not answer.",
        None if away is None else away.timestamp(),
    )


def _activity(report: Report) -> Iterator[Metric]:
    yield Metric(
        "zkdeploy_agent_activity",
        "gauge",
        "What the agent does: 1 for one of these, 0 for the others.",
        tuple(Sample(each is report.activity, {"activity": each.value}) for each in Activity),
    )
    yield gauge(
        "zkdeploy_agent_since_timestamp_seconds",
        "Since when it does that, in the step that it is in.",
        seconds_of(report.since),
    )
    yield gauge(
        "zkdeploy_agent_deployment_began_timestamp_seconds",
        "When the last deployment began.",
        seconds_of(report.began),
    )
    yield gauge(
        "zkdeploy_agent_deployment_seconds", "How long the last deployment took.", report.seconds
    )
    yield gauge(
        "zkdeploy_agent_failure_timestamp_seconds",
        "When a step failed, while the agent shows the failure.",
        seconds_of(report.failure.at if report.failure else None),
    )


def _drift(report: Report) -> Iterator[Metric]:
    drift = report.drift
    if drift is None:
        return
    yield gauge(
        "zkdeploy_agent_drift_found",
        "Things that are not as they were deployed, at the last look, and were not repaired:"
        f" at most {MOST_LINES}.",
        len(set(drift.found) - set(drift.repaired)),
    )
    yield gauge(
        "zkdeploy_agent_drift_unrepaired",
        "Whether the last repair of what was found failed.",
        drift.unrepaired is not None,
    )
    yield gauge(
        "zkdeploy_agent_drift_repaired",
        "Things that had changed since they were deployed, and were repaired.",
        len(drift.repaired),
    )
    yield gauge(
        "zkdeploy_agent_drift_checked_timestamp_seconds",
        "When the agent last looked whether what it deployed is still there.",
        seconds_of(drift.checked),
    )
