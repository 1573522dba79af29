"""Takes the pictures of the documents: ``python -m tests.support.screenshots DIRECTORY``."""

from __future__ import annotations

import contextlib
import logging
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.support.dashboard import Dashboard, dashboard, launch, sign_in
from tests.support.publishing import TERMS
from tests.support.staged import StagedFleet, gated, staged_fleet

import zc.zk
from zc.zkdeployment.lab.packages import Package
from zc.zkdeployment.lab.repositories import GitRepository
from zc.zkdeployment.lab.scripts import application
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.publication.locations import parse_location
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.sources import opened
from zc.zkdeployment.sync import State, sync

_LIMIT = 300.0  # seconds that all may take

_HOSTS = {
    "0015C5F4D4F0": "web1.shop.example",
    "0015C5F4D4F1": "web2.shop.example",
    "0015C5F4D4F2": "web3.shop.example",
    "0015C5F4D4F3": "db1.shop.example",
}
_ROLES = {identifier: "web" for identifier, name in _HOSTS.items() if name.startswith("web")}

_TREE = """\
/shop
  /db : db
    version = '12.4'
    /deploy
      /0015C5F4D4F3
  /front : front
    version = '{version}'
    /deploy
      /web
        n = 2
  /search : search
    version = '2.0'
    /deploy
      /web
"""

_STEPS = """
echo 'front {version}: stopping instance'
echo 'front {version}: 34 requests are still served'
echo 'front {version}: all requests are served'
echo 'front {version}: migrating the cache of sessions, 12,480 of 80,112'"""
_FAILS = """
echo 'front {version}: started on port 8080' >&2
echo 'front {version}: GET /health: 500 schema 41 is older than 42' >&2
echo 'front {version}: not healthy after 30 s, giving up' >&2
exit 1"""


def _packages(directory: Path) -> list[Package]:
    def front(version: str, gate: str, after: str = "") -> Package:
        files = gated(directory / f"gate-{gate}", _STEPS.format(version=version), after)
        return Package("front", version, files=files)

    return [
        Package("db", "12.4", files=application()),
        Package("search", "2.0", files=application()),
        front("5.1.0", "open"),
        front("5.2.0", "front"),
        front("5.3.0", "open", _FAILS.format(version="5.3.0")),
    ]


class _Publisher:
    """Publishes trees from a git repository, as people do."""

    def __init__(self, directory: Path, zk: zc.zk.ZK) -> None:
        self._repository = GitRepository(directory, "fleet")
        self._zk = zk

    def publish(self, number: int, version: str, subject: str) -> None:
        files = {"shop.zk": _TREE.format(version=version)}
        self._repository.commit(files, subject=subject)
        location = parse_location(f"git://{self._repository.url}")
        terms = replace(TERMS, by="ann@ops", at=datetime.now(UTC))
        with opened(location, version=number) as source:
            outcome = sync(self._zk, source, terms, Limits())
        assert outcome.state is State.PUBLISHED, outcome


@contextlib.contextmanager
def _stage(directory: Path) -> Iterator[tuple[StagedFleet, _Publisher, Dashboard]]:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server.start(directory / "zookeeper"))
        connection = server.connection_string
        zk = stack.enter_context(contextlib.closing(zc.zk.ZK(connection)))
        fleet = stack.enter_context(
            staged_fleet(directory, zk, connection, _HOSTS, _packages(directory), _ROLES)
        )
        web = stack.enter_context(dashboard(connection, directory, patience=_LIMIT))
        yield fleet, _Publisher(directory / "srv", zk), web


def _take(browser: Browser, stage: tuple[StagedFleet, _Publisher, Dashboard], to: Path) -> None:
    fleet, publisher, web = stage
    page = _page(browser, 1280, "light")
    fleet.open("open")
    publisher.publish(41, "5.1.0", "The shop moves in")
    page.goto(web.at())
    expect(page.get_by_role("row", name=re.compile("Current"))).to_have_count(len(_HOSTS))
    publisher.publish(42, "5.2.0", "front 5.2.0: gift cards")
    expect(page.get_by_role("row", name=re.compile("Waiting"))).to_have_count(2)
    sign_in(page)
    expect(page.locator("#who")).to_have_text("ann")
    _shoot(page, to / "fleet.png")
    page.get_by_role("row", name=re.compile("Deploying")).get_by_role("link").click()
    expect(page.get_by_role("log")).to_contain_text("12,480")
    expect(page.get_by_role("table", name=re.compile("deployment"))).to_be_visible()
    _shoot(page, to / "host.png")
    fleet.open("front")
    page.goto(web.at())
    expect(page.get_by_role("row", name=re.compile("Current"))).to_have_count(len(_HOSTS))

    publisher.publish(43, "5.3.0", "front 5.3.0: faster search")
    dark = _page(browser, 1280, "dark")
    dark.goto(web.at())
    expect(dark.locator("main")).to_contain_text("All stop")
    expect(dark.get_by_role("row", name=re.compile("Stopped"))).to_have_count(2)
    _shoot(dark, to / "failed.png")
    phone = _page(browser, 390, "dark")
    phone.goto(web.at())
    expect(phone.locator("main")).to_contain_text("All stop")
    _shoot(phone, to / "phone.png", whole=False)

    page.get_by_role("button", name="Roll back").click()
    page.get_by_label("Reason").fill("front 5.3.0 needs schema 42")
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.get_by_role("row", name=re.compile("Current"))).to_have_count(len(_HOSTS))
    page.goto(web.at("history"))
    expect(page.get_by_role("table")).to_contain_text("rolled back")
    _shoot(page, to / "history.png")
    fleet.zk.properties("/shop/search", watch=False).update(version="2.1")
    page.goto(web.at("tree"))
    expect(page.locator("main")).to_contain_text("changed by hand")
    _shoot(page, to / "tree.png")


def _page(browser: Browser, width: int, scheme: str) -> Page:
    dark = scheme == "dark"
    page = browser.new_page(
        viewport={"width": width, "height": 760}, color_scheme="dark" if dark else "light"
    )
    page.emulate_media(reduced_motion="reduce")
    return page


def _shoot(page: Page, file: Path, *, whole: bool = True) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=file, full_page=whole)


def _main(to: Path) -> None:
    logging.disable(logging.CRITICAL)
    to.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=60_000)
    with (
        tempfile.TemporaryDirectory(prefix="fleet-") as made,
        _stage(Path(made)) as stage,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        _take(browser, stage, to)
        browser.close()


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
