"""What a monitoring system is told of an agent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from zc.zkdeployment.metrics.agent_metrics import Totals, agent_metrics
from zc.zkdeployment.metrics.exposition import Metric, Sample, expose
from zc.zkdeployment.model import Identity
from zc.zkdeployment.reports.report import Activity, Drift, Failure, Report

HOST = Identity("h1", "web1.example.com", "web")
IDLE = Report(Activity.IDLE, "1.2", since="2024-05-06T07:08:09Z")
BUSY = replace(
    IDLE,
    activity=Activity.DEPLOYING,
    version=2,
    since="2024-05-06T07:10:00Z",
    began="2024-05-06T07:10:00Z",
)
WAITING = replace(BUSY, activity=Activity.WAITING, waits_for="/web")
AGAIN = replace(BUSY, since="2024-05-06T07:10:30Z")
DONE = replace(AGAIN, activity=Activity.IDLE, seconds=31.5)
HOOK = replace(DONE, activity=Activity.DEPLOYING, step="running after hook")
NO_LUCK = Failure("deploying /web 0", "Command failed", "2024-05-06T07:10:31Z")
FAILED = replace(DONE, activity=Activity.FAILED, failure=NO_LUCK)
UNREPAIRED = replace(DONE, failure=NO_LUCK)


def numbers(text: str) -> dict[str, str]:
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))


def test_an_agent_that_failed_and_drifted() -> None:
    report = replace(
        DONE,
        activity=Activity.FAILED,
        failure=Failure("deploying /web 0", "Command failed", "2024-05-06T07:10:31Z"),
        drift=Drift("2024-05-06T07:00:00Z", ("a is gone", "b is gone"), ("b is gone",)),
    )
    away = datetime(2024, 5, 6, 7, 11, 0, tzinfo=UTC)
    found = numbers(agent_metrics(HOST, report, Totals(1, 2, 3, 4.5), away))
    labels = 'host="h1",name="web1.example.com",role="web"'
    assert found == {
        f'zkdeploy_agent_info{{{labels},version="2"}}': "1",
        'zkdeploy_agent_deployments_total{outcome="done"}': "1",
        'zkdeploy_agent_deployments_total{outcome="failed"}': "2",
        'zkdeploy_agent_deployments_total{outcome="abandoned"}': "3",
        "zkdeploy_agent_lock_wait_seconds_total": "4.5",
        "zkdeploy_agent_zookeeper_away": "1",
        "zkdeploy_agent_zookeeper_away_timestamp_seconds": "1714979460",
        'zkdeploy_agent_activity{activity="idle"}': "0",
        'zkdeploy_agent_activity{activity="deploying"}': "0",
        'zkdeploy_agent_activity{activity="waiting"}': "0",
        'zkdeploy_agent_activity{activity="failed"}': "1",
        'zkdeploy_agent_activity{activity="abandoned"}': "0",
        "zkdeploy_agent_since_timestamp_seconds": "1714979430",
        "zkdeploy_agent_deployment_began_timestamp_seconds": "1714979400",
        "zkdeploy_agent_deployment_seconds": "31.5",
        "zkdeploy_agent_failure_timestamp_seconds": "1714979431",
        "zkdeploy_agent_drift_found": "1",
        "zkdeploy_agent_drift_repaired": "1",
        "zkdeploy_agent_drift_unrepaired": "0",
        "zkdeploy_agent_drift_checked_timestamp_seconds": "1714978800",
    }


def test_an_agent_that_did_nothing_yet() -> None:
    found = numbers(agent_metrics(replace(HOST, role=None), None, Totals()))
    assert found["zkdeploy_agent_zookeeper_away"] == "0"
    assert not any("activity" in name for name in found)


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([IDLE], Totals()),
        ([IDLE, BUSY, WAITING], Totals()),
        ([IDLE, BUSY, WAITING, AGAIN], Totals(waited=30.0)),
        ([IDLE, BUSY, WAITING, AGAIN, DONE], Totals(done=1, waited=30.0)),
        ([IDLE, BUSY, DONE, DONE, replace(DONE, since="2024-05-06T07:20:00Z")], Totals(done=1)),
        ([IDLE, BUSY, replace(DONE, activity=Activity.FAILED), DONE], Totals(failed=1)),
        ([IDLE, BUSY, replace(DONE, activity=Activity.ABANDONED)], Totals(abandoned=1)),
        ([IDLE, BUSY, UNREPAIRED, UNREPAIRED], Totals(failed=1)),
        ([IDLE, BUSY, DONE, HOOK, DONE], Totals(done=1)),
        ([IDLE, BUSY, DONE, HOOK, FAILED], Totals(done=1, failed=1)),
        ([IDLE, DONE], Totals(done=1)),
        ([DONE, IDLE], Totals()),
    ],
)
def test_deployments_and_waits_are_counted(reports: list[Report], expected: Totals) -> None:
    totals, before = Totals(), None
    for report in reports:
        totals = totals.after(before, report)
        before = report
    assert totals == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, "1"),
        (True, "1"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (float("inf"), "+Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_numbers(value: float, expected: str) -> None:
    text = expose([Metric("m", "gauge", "Text.", (Sample(value),))])
    assert text == f"# HELP m Text.\n# TYPE m gauge\nm {expected}\n"


def test_no_text_of_somebody_else_can_be_taken_for_a_metric() -> None:
    sample = Sample(1, {"version": '1"} 7\nother{a="\\\ud800' + "x" * 1000})
    text = expose([Metric("m", "gauge", "a\nb\\", (sample,))])
    assert text.splitlines()[:2] == ["# HELP m a\\nb\\\\", "# TYPE m gauge"]
    assert text.splitlines()[2].startswith('m{version="1\\"} 7\\nother{a=\\"\\\\?xxx')
    assert len(text) < 300


def test_a_metric_without_a_number_is_not_there() -> None:
    assert expose([Metric("m", "gauge", "Text.", ())]) == ""
