"""The pages in a real browser: for everybody, on everything, whatever hosts write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from tests.support.dashboard import Dashboard, dashboard, running, sign_in
from tests.support.publishing import Release
from tests.support.syncing import registered

import zc.zk
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.reports.installed_software import InstalledSoftware, seen_software
from zc.zkdeployment.reports.report import Activity, Failure, Report, Result, encode_report

_PAGES = ("", "host/h1", "tree", "locks", "history", "revision/1", f"node/%2Fshop%2F{'a' * 180}")
_EVIL = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
_LONG = "a" * 180

_TOO_WIDE = """
[...document.querySelectorAll('main *')]
  .filter((each) => each.getBoundingClientRect().right > 361 && !each.closest('pre'))
  .map((each) => each.outerHTML)
"""

_AN_HOUR_SLOW = """
const Real = Date, now = () => Real.now() - 3600e3;
window.Date = class extends Real {
  constructor(...given) { super(...(given.length ? given : [now()])); }
  static now() { return now(); }
};
"""

_TREE = """\
/shop
  /{long} : web
    version = '1.0'
    /deploy
      /h1
      /h9
"""


def _report(text: str) -> dict[str, Any]:
    lines = (text, "second line")
    failure = Failure(f"deploy {text}", text, "2026-01-02T03:04:05Z", lines)
    results = (Result(text, True, 1.5, "2026-01-02T03:04:05Z"),)
    step = f"deploy {text}"
    return encode_report(
        Report(
            Activity.FAILED,
            1,
            step,
            failure=failure,
            output=lines,
            results=results,
            software=seen_software(failure.at, [InstalledSoftware(text, text, text)]),
        )
    )


@pytest.fixture
def hosts(zk: zc.zk.ZK, zk_connection: str, web: Dashboard, tmp_path: Path) -> Iterator[None]:
    """A fleet with all that pages can show; what hosts write is long, and full of HTML."""
    Release(tmp_path / "release", 1, {"a.zk": _TREE.format(long=_LONG)}).publish(zk)
    zk.properties(f"/shop/{_LONG}", watch=False).update(version="1.1")
    text = f"{_EVIL} {_LONG}"
    lock = {"owners": [{"host": "h1", "name": "one", "since": 1e9, "version": 1, "step": text}]}
    zk.create_recursive(f"/agent-locks/shop,{_LONG}", zc.zk.encode(lock))
    with (
        registered(
            zk_connection,
            "h1",
            name=_EVIL,
            role=_LONG,
            version=0,
            error=text,
            report=_report(text),
        ),
        registered(zk_connection, "h2", name="two", version=1),
    ):
        yield


def _open(page: Page, web: Dashboard, where: str) -> None:
    """Go to a page, and wait until it shows what it has."""
    page.goto("about:blank")
    page.goto(web.at(where))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("#who")).not_to_have_text("Read-only")
    page.wait_for_load_state("networkidle") if where in ("tree", "history") else None


@pytest.mark.usefixtures("hosts")
def test_what_hosts_write_is_shown_as_text(web: Dashboard, page: Page) -> None:
    _open(page, web, "")
    expect(page.get_by_role("link", name=_EVIL).first).to_be_visible()
    expect(page.get_by_role("table")).to_contain_text(_EVIL)
    _open(page, web, "host/h1")
    failure = page.get_by_role("region", name="Failure", exact=True)
    expect(failure).to_contain_text(_EVIL)
    for where in _PAGES:
        _open(page, web, where)
        assert page.locator("main img, main script").count() == 0
        assert "owned" not in page.title()


@pytest.mark.usefixtures("hosts")
def test_nothing_is_wider_than_a_phone(web: Dashboard, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for where in _PAGES:
        _open(page, web, where)
        page.get_by_role("region").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, where
        assert page.evaluate(_TOO_WIDE) == [], where


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_all_pages(web: Dashboard, browser: Browser, scheme: Any) -> None:
    """By the rules of axe: names, roles, headings, landmarks, contrast, and so on."""
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # axe is a script
    page = context.new_page()
    found = {}
    for where in _PAGES:
        _open(page, web, where)
        problems = Axe().run(page).response["violations"]
        found[where] = [
            (each["id"], [node["html"][:200] for node in each["nodes"]]) for each in problems
        ]
    sign_in_found = _dialog(page, web)
    context.close()
    assert found == {where: [] for where in _PAGES}
    assert sign_in_found == []


def _dialog(page: Page, web: Dashboard) -> list[str]:
    _open(page, web, "")
    sign_in(page)
    page.get_by_role("button", name="Stop", exact=True).click()
    return [each["id"] for each in Axe().run(page).response["violations"]]


def test_dark_and_light_follow_the_system(web: Dashboard, page: Page) -> None:
    _open(page, web, "")
    shade = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(shade) < 60
    page.emulate_media(color_scheme="light")
    assert page.evaluate(shade) > 200


def test_keys_alone_stop_the_fleet(web: Dashboard, page: Page, zk: zc.zk.ZK) -> None:
    _open(page, web, "")
    _tab_to(page, "Sign in")
    page.keyboard.press("Enter")
    page.keyboard.type("wrong token")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not the token")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    sign_in(page)
    expect(page.locator("#who")).to_have_text("ann")
    _tab_to(page, "Stop")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.keyboard.press("Enter")
    expect(page.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("stopped by ann (web): by keyboard")
    assert zk.get_properties("/hosts")["stopped"]["reason"] == "by keyboard"


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until a button has the focus."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == name:
            return
    raise AssertionError(f"{name} cannot be reached by keyboard")


def test_without_tokens_it_is_read_only(zk: zc.zk.ZK, zk_connection: str, page: Page) -> None:
    zk.import_tree("/hosts\n  version = 1\n")
    with running(zk_connection) as web:
        page.goto(web.at())
        expect(page.locator("#who")).to_have_text("Read-only")
        expect(page.get_by_role("heading", name="Version 1")).to_be_visible()
        for name in ("Sign in", "Stop", "Roll back"):
            expect(page.get_by_role("button", name=name)).to_have_count(0)


def test_no_fleet_yet_is_said(zk_connection: str, page: Page) -> None:
    with running(zk_connection) as web:
        page.goto(web.at())
        expect(page.locator("main")).to_contain_text("No fleet yet")
        expect(page.locator("main")).to_contain_text("No agent is registered")
        page.get_by_role("link", name="History").click()
        expect(page.locator("main")).to_contain_text("Nothing was published yet")


def test_rows_are_found_and_stay_where_they_are(
    zk: zc.zk.ZK, zk_connection: str, web: Dashboard, page: Page
) -> None:
    with ExitStack() as stack:
        for number in range(8):
            host = registered(zk_connection, f"h{number}", name=f"web{number}", version=0)
            stack.enter_context(host)
        agent = stack.enter_context(registered(zk_connection, "h9", name="db", version=0))
        _open(page, web, "")
        rows = page.get_by_role("table").get_by_role("row")
        expect(rows).to_have_count(10)
        page.get_by_role("searchbox").fill("web five")
        expect(rows).to_have_count(0)
        expect(page.get_by_text("No host is like that.")).to_be_visible()
        page.get_by_role("searchbox").fill("web5")
        expect(rows).to_have_count(2)
        expect(page.get_by_text("1 of 9 hosts shown")).to_be_visible()
        page.get_by_role("searchbox").fill("")
        page.get_by_role("link", name="web7").focus()
        agent.set("/hosts/h9", zc.zk.encode({"name": "db", "error": "it burns"}))
        expect(rows.nth(1)).to_contain_text("it burns")  # problems come first
        expect(page.get_by_role("link", name="web7")).to_be_focused()
        page.get_by_role("button", name="Failed 1").click()
        expect(rows).to_have_count(2)


def test_news_come_again_after_zookeeper_was_away(tmp_path: Path, page: Page) -> None:
    with Server.start(tmp_path / "zookeeper") as server:
        with closing(zc.zk.ZK(server.connection_string)) as zk:
            zk.import_tree("/hosts\n  version = 1\n")
        with dashboard(server.connection_string, tmp_path) as web:
            _open(page, web, "")
            server.stop()
            expect(page.locator("#banner")).to_contain_text("ZooKeeper is away since")
            expect(page.get_by_role("heading", name="Version 1")).to_be_visible()
            page.get_by_role("link", name="Tree").click()
            expect(page.locator("main")).to_contain_text("nothing was done")
            page.get_by_role("link", name="Fleet").click()
            server.restart()
            expect(page.locator("#banner")).to_be_empty()
            with closing(zc.zk.ZK(server.connection_string)) as zk:
                zk.properties("/hosts", watch=False).update(version=2)
            expect(page.get_by_role("heading", name="Version 2")).to_be_visible()


def test_the_page_says_that_the_dashboard_is_gone(
    zk: zc.zk.ZK, zk_connection: str, web: Dashboard, page: Page
) -> None:
    _open(page, web, "")
    web.process.kill()
    expect(page.locator("#banner")).to_contain_text("The dashboard does not answer")


def test_the_clock_of_a_browser_makes_nothing_older(
    zk: zc.zk.ZK, web: Dashboard, page: Page
) -> None:
    page.add_init_script(_AN_HOUR_SLOW)
    _open(page, web, "")
    expect(page.locator(".sub")).to_have_text(re.compile(r"\d+ s ago"))
    web.process.kill()
    expect(page.locator("#banner")).to_have_text(re.compile(r"UTC \(\d+ s ago\)"))


def test_what_changes_each_second_is_not_read_aloud(web: Dashboard, page: Page) -> None:
    _open(page, web, "")
    web.process.kill()
    expect(page.locator("#banner time")).to_be_visible()
    said = page.get_by_role("status").filter(has_text="does not answer").aria_snapshot()
    assert "UTC" in said
    assert "ago" not in said
