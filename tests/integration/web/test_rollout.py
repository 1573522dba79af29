"""A person watches real agents in a real browser, understands what fails, and steers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.support.dashboard import Dashboard, sign_in
from tests.support.staged import StagedFleet, gated, staged_fleet

import zc.zk
from zc.zkdeployment.lab.packages import Package

_TREE = """\
/shop
  /web : web
    version = '{version}'
    /deploy
      /a1
      /b2
"""


@pytest.fixture
def fleet(tmp_path: Path, zk: zc.zk.ZK, zk_connection: str) -> Iterator[StagedFleet]:
    """Two hosts, and web: 1 and 2 wait for a gate of that name, 3 fails."""
    directory = tmp_path / "fleet"
    directory.mkdir()
    gates = {version: directory / f"gate-{version}" for version in "12"}
    packages = [
        *(
            Package("web", n, files=gated(gate, f"echo migrating {n}"))
            for n, gate in gates.items()
        ),
        Package(
            "web", "3", files=gated(directory / "gate-3", after="echo no schema 3 >&2; exit 3")
        ),
    ]
    names = {"a1": "alpha.example", "b2": "beta.example"}
    with staged_fleet(directory, zk, zk_connection, names, packages) as staged:
        yield staged


@pytest.fixture
def web(fleet: StagedFleet, web: Dashboard) -> Dashboard:
    return web


def _publish(fleet: StagedFleet, version: int) -> None:
    fleet.publish(version, _TREE.format(version=version))


def test_rollout_is_seen_live(fleet: StagedFleet, web: Dashboard, page: Page) -> None:
    page.goto(web.at())
    _publish(fleet, 1)
    expect(page.get_by_role("heading", name="Version 1")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Rolling out")
    expect(page.get_by_role("row", name=re.compile("Waiting"))).to_contain_text("/shop/web")
    deploying = page.get_by_role("row", name=re.compile("Deploying"))
    expect(deploying).to_contain_text("/shop/web")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuetext", "0 of 2 hosts")

    deploying.get_by_role("link").click()
    expect(page.get_by_role("log")).to_contain_text("migrating 1")
    expect(page.get_by_role("table", name=re.compile("deployment"))).to_contain_text("/shop/web")

    page.get_by_role("link", name="Locks").click()
    expect(page.get_by_role("row", name="/shop/web")).to_contain_text(".example")

    page.get_by_role("link", name="Fleet").click()
    fleet.open("1")
    expect(page.locator("main")).to_contain_text("2 of 2 hosts done")
    expect(page.get_by_role("row", name=re.compile("Current"))).to_have_count(2)

    page.get_by_role("row", name=re.compile("Current")).first.get_by_role("link").click()
    software = page.get_by_role("table", name="Software of this host").get_by_role("row").nth(1)
    expect(software).to_have_text(re.compile(r"^web\s*1\s*1-1\s*As wanted$"))


def test_failure_is_explained_and_undone(fleet: StagedFleet, web: Dashboard, page: Page) -> None:
    page.goto(web.at())
    for version in (1, 3):
        fleet.open(str(version))
        _publish(fleet, version)
        expect(page.get_by_role("heading", name=f"Version {version}")).to_be_visible()
        seen = "2 of 2 hosts done" if version == 1 else "All stop"
        expect(page.locator("main")).to_contain_text(seen)
    expect(page.get_by_role("region", name="Why it stopped")).to_contain_text("rollback")
    first = page.get_by_role("table").get_by_role("row").nth(1)
    expect(first).to_contain_text("Failed")
    first.get_by_role("link").click()
    failure = page.get_by_role("region", name="Failure", exact=True)
    expect(failure).to_contain_text("no schema 3")
    expect(page.get_by_role("log")).to_have_count(0)  # the same lines once more

    sign_in(page)
    page.get_by_role("link", name="Fleet").click()
    page.get_by_role("button", name="Roll back").click()
    page.get_by_label("Reason").fill("schema")
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.get_by_role("heading", name="Version 1")).to_be_visible()
    expect(page.locator("main")).to_contain_text("2 of 2 hosts done")
    page.get_by_role("link", name="History").click()
    newest = page.get_by_role("table").get_by_role("row").nth(1)
    expect(newest).to_contain_text("rolled back: schema")
    expect(newest).to_contain_text("ann (web)")
    page.get_by_role("row", name=re.compile("bad")).get_by_role("link").click()
    expect(page.get_by_role("region", name="What it changed")).to_contain_text("web 1 → web 3")


def test_stop_is_pressed_and_undone(
    fleet: StagedFleet, web: Dashboard, page: Page, zk: zc.zk.ZK
) -> None:
    _publish(fleet, 1)
    page.goto(web.at())
    sign_in(page)
    page.get_by_role("button", name="Stop").click()
    page.get_by_label("Reason").fill("pool 3 is <b>ill</b>")
    page.get_by_role("button", name="Stop the fleet").click()
    expect(page.locator("main")).to_contain_text("stopped by ann (web): pool 3 is <b>ill</b>")
    assert zk.get_properties("/hosts")["version"] is None
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_hidden()

    page.get_by_role("button", name="Resume").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    assert zk.get_properties("/hosts")["version"] == 1
    fleet.open("1")
    expect(page.locator("main")).to_contain_text("2 of 2 hosts done")
