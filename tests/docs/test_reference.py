"""Pages of the reference that are written by hand name all that there is."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest
from docs.metric_page import metric_page, metrics_of

from zc.zkdeployment.metrics import agent_metrics, fleet_metrics
from zc.zkdeployment.reports.report import Drift, Failure, Report, Result
from zc.zkdeployment.settings import config, notify_settings, zookeeper_settings

_DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("known", "page"),
    [
        (config._KNOWN, "reference/configuration.md"),
        (zookeeper_settings._KNOWN, "security.md"),
        (notify_settings._KNOWN, "reference/configuration.md"),
        (notify_settings._KNOWN_OF_WEBHOOK, "reference/configuration.md"),
    ],
)
def test_every_setting_is_explained(known: tuple[str, ...], page: str) -> None:
    text = (_DOCS / page).read_text()
    assert [setting for setting in known if f"`{setting}`" not in text] == []


@pytest.mark.parametrize("part", [Report, Result, Failure, Drift])
def test_every_field_of_a_report_is_explained(part: type) -> None:
    text = (_DOCS / "reference/zookeeper-nodes.md").read_text()
    assert [field.name for field in fields(part) if f"`{field.name}`" not in text] == []


def test_every_metric_is_on_its_page() -> None:
    page = metric_page()
    for module in (agent_metrics, fleet_metrics):
        made = set(re.findall(r'"(zkdeploy_(?:agent|fleet)_\w+)"', inspect.getsource(module)))
        assert made == {name for name, kind, text in metrics_of(module) if kind and text}
        assert all(f"`{name}`" in page for name in made)
