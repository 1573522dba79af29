"""The dashboard and the alerts fit what is exported, and Prometheus can read all of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from docs.metric_page import metric_page
from tests.support.overviews import AT, fleet, publication
from tests.support.promtool import needs_promtool, promtool

from zc.zkdeployment.cli import main
from zc.zkdeployment.metrics.agent_metrics import Totals, agent_metrics
from zc.zkdeployment.metrics.fleet_metrics import fleet_metrics
from zc.zkdeployment.model import Identity
from zc.zkdeployment.reports.report import Activity, Drift, Failure, Report, encode_report

_PACKAGING = Path(__file__).parents[2] / "packaging"
_ALERTS = _PACKAGING / "prometheus/alerts.yml"
_DASHBOARD = _PACKAGING / "grafana/zkdeploy.json"

_OTHERS = {"node_textfile_mtime_seconds"}  # of the textfile collector

_metric = re.compile(r"\b(?:zkdeploy|node)_[a-z_]+\b")

_BUSY = Report(
    Activity.FAILED,
    2,
    since=AT,
    began=AT,
    seconds=3.0,
    failure=Failure("deploying /web 0", "no", AT),
    drift=Drift(AT, ("a is gone",), unrepaired="no"),
)


def exported() -> str:
    """Return all metrics that there are."""
    hosts = {"h1": {"name": 'we"b\\', "version": 1, "error": "no", "report": encode_report(_BUSY)}}
    overview = fleet("v\n1", 2, hosts, newest=publication("v\n1"))
    host = Identity("h1", "web1", None)
    away = datetime(2024, 5, 6, tzinfo=UTC)
    return fleet_metrics(overview, AT, AT) + agent_metrics(host, _BUSY, Totals(), away)


def names() -> set[str]:
    return {line.split()[2] for line in exported().splitlines() if line.startswith("# TYPE")}


def expressions() -> Iterator[str]:
    """Yield what the dashboard asks Prometheus for."""
    dashboard: dict[str, Any] = json.loads(_DASHBOARD.read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        yield annotation["expr"]


def test_dashboard_and_alerts_name_only_what_is_exported() -> None:
    used = set(_metric.findall("\n".join(expressions()) + _ALERTS.read_text()))
    assert used - names() == _OTHERS


def test_every_metric_is_explained_and_shown() -> None:
    """But for those of moments that only tell since when something else is so."""
    assert names() == set(_metric.findall(metric_page()))
    shown = set(_metric.findall("\n".join(expressions())))
    assert names() - shown == {
        "zkdeploy_agent_info",
        "zkdeploy_agent_since_timestamp_seconds",
        "zkdeploy_agent_deployment_began_timestamp_seconds",
        "zkdeploy_agent_failure_timestamp_seconds",
        "zkdeploy_agent_drift_checked_timestamp_seconds",
        "zkdeploy_agent_zookeeper_away_timestamp_seconds",
        "zkdeploy_fleet_zookeeper_away_timestamp_seconds",
    }


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(_DASHBOARD.read_text())["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert all(x < 24 for x, _ in cells), panel["title"]
        taken |= cells


@needs_promtool
def test_prometheus_finds_nothing_wrong_with_the_metrics() -> None:
    assert promtool("check", "metrics", stdin=exported()) == ""


@needs_promtool
def test_prometheus_takes_the_alerts_and_they_fire_when_they_should() -> None:
    promtool("check", "rules", str(_ALERTS))
    promtool("test", "rules", "alerts_test.yml", cwd=_ALERTS.parent)


def test_every_alert_says_what_to_type() -> None:
    """Whoever is woken by it may not know the fleet by heart."""
    described = re.findall(r"description: (.+)", _ALERTS.read_text())
    assert len(described) == len(re.findall(r"- alert: ", _ALERTS.read_text()))
    for text in described:
        typed = re.findall(r"`(\w+) ([\w-]+)[^`]*`", text)
        assert typed, text
        assert all(_is_command(program, first) for program, first in typed), text


def _is_command(program: str, first: str) -> bool:
    if program == "zkdeploy":
        return first in main.list_commands(click.Context(main))
    return (program, first) in {("systemctl", "status"), ("journalctl", "-u")}


def test_every_alert_is_tried() -> None:
    alerts = re.findall(r"alert: (\w+)", _ALERTS.read_text())
    tests = (_ALERTS.parent / "alerts_test.yml").read_text()
    for alert in alerts:
        fires = re.search(rf"alertname: {alert}\n +exp_alerts:", tests)
        assert fires, alert


@needs_promtool
def test_prometheus_understands_what_the_dashboard_asks(tmp_path: Path) -> None:
    """As rules: those promtool can check."""
    lines = ["groups:", "  - name: x", "    rules:"]
    for number, expression in enumerate(sorted(set(expressions()))):
        asked = json.dumps(expression.replace("$__rate_interval", "5m"))
        lines += [f"      - record: x{number}", f"        expr: {asked}"]
    rules = tmp_path / "rules.yml"
    rules.write_text("\n".join(lines) + "\n")
    promtool("check", "rules", str(rules))
