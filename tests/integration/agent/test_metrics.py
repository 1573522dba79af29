"""What an agent tells a monitoring system while it deploys."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.host import Host
from tests.support.promtool import needs_promtool, promtool

from zc.zkdeployment.agent import Agent
from zc.zkdeployment.lab.free_ports import free_ports
from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.settings.metrics_settings import MetricsSettings

_GOOD = "/a : web\n  version = '1.0.0'\n  /deploy\n    /424242424242\n"
_BAD = "/a : cranky\n  version = '1.0'\n  /deploy\n    /424242424242\n"

Scrape = Callable[[], dict[str, str]]


@pytest.fixture
def scrape(host: Host) -> Scrape:
    """Return what asks the host's agent, which is started, for its metrics."""
    [port] = free_ports(1)
    settings = replace(host.settings(), metrics=MetricsSettings(port=port))
    host.agents.callback(Agent(settings=settings).close)

    def scrape() -> dict[str, str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        found = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name.removeprefix("zkdeploy_agent_"): value for name, value in found}

    return scrape


def test_deployments_are_counted_by_how_they_ended(host: Host, scrape: Scrape) -> None:
    assert scrape()['activity{activity="idle"}'] == "1"
    host.deploy(2, _GOOD)
    found = scrape()
    assert found['deployments_total{outcome="done"}'] == "1"
    assert found['activity{activity="idle"}'] == "1"
    assert float(found["deployment_seconds"]) > 0
    host.deploy(3, _BAD)
    found = scrape()
    assert found['deployments_total{outcome="failed"}'] == "1"
    assert found['activity{activity="failed"}'] == "1"
    assert "failure_timestamp_seconds" in found
    host.deploy(4, _GOOD)
    found = scrape()
    assert found['deployments_total{outcome="done"}'] == "2"
    assert "failure_timestamp_seconds" not in found
    assert [name for name in found if name.startswith("info") and 'version="4"' in name]


def test_while_a_script_runs_that_is_told(host: Host, scrape: Scrape, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    write_file(host.root / "opt/web-4.0.0/bin/zookeeper-deploy", f"#!/bin/sh\nread l <{gate}\n")
    write_file(tmp_path / "bin/yum", "#!/bin/sh\necho web-4.0.0.noarch 1-1 @lab\n")
    host.zk.import_tree("/a : web-4.0.0\n  /deploy\n    /424242424242\n")
    start = len(host.log.lines)
    host.set_version(2)
    with gate.open("w") as opened:  # as soon as the script reads it
        found = scrape()
        opened.write("go on\n")
    assert found['activity{activity="deploying"}'] == "1"
    host.outcome(2, start)


@needs_promtool
def test_prometheus_finds_nothing_wrong(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "zkdeploy.prom"
    settings = replace(host.settings(), metrics=MetricsSettings(file=str(path)))
    host.agents.callback(Agent(settings=settings).close)
    host.deploy(2, _GOOD)
    assert promtool("check", "metrics", stdin=path.read_text()) == ""
