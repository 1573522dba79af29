"""An operator steers from a real browser: exactly what is shown is done, and is told."""

from __future__ import annotations

import re
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect
from tests.support.dashboard import LIMIT, Dashboard, running, sign_in
from tests.support.publishing import Release

import zc.zk
from zc.zkdeployment.adapters.signatures import SigningKey
from zc.zkdeployment.keys import generate
from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.publisher_ports import Signer
from zc.zkdeployment.web.hub import MOST_STREAMS

# In a browser the first number is the second one.
_ODD, _EVEN, _LONG = 2**53 + 1, 2**53, 20261124184600000001


def _publish(
    zk: zc.zk.ZK, directory: Path, *versions: Version, signer: Signer | None = None
) -> None:
    for number, version in enumerate(versions):
        tree = f"/a : web\n  version = '{number}'\n  /deploy\n    /h1\n"
        Release(directory / f"release-{number}", version, {"a.zk": tree}).publish(zk, signer)


def test_versions_beyond_what_browsers_count_are_shown_and_gone_back_to_exactly(
    web: Dashboard, page: Page, zk: zc.zk.ZK, tmp_path: Path
) -> None:
    _publish(zk, tmp_path, _EVEN, _ODD, _LONG)
    page.goto(web.at())
    expect(page.get_by_role("heading", name=f"Version {_LONG}")).to_be_visible()
    sign_in(page)
    page.get_by_role("link", name="History").click()
    page.get_by_role("link", name=str(_ODD)).click()
    expect(page.get_by_role("heading", name=f"Revision {_ODD}")).to_be_visible()
    page.get_by_role("link", name="History").click()
    page.get_by_role("button", name=f"Roll back to {_ODD}").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"Version {_ODD} is published again")
    dialog.get_by_role("button", name="Roll back").click()
    expect(page.locator("#status")).to_have_text(re.compile(str(_ODD)))
    assert zk.get_properties("/hosts")["version"] == _ODD


def test_a_version_is_resumed_with_as_it_was_typed(
    web: Dashboard, page: Page, zk: zc.zk.ZK
) -> None:
    page.goto(web.at())
    sign_in(page)
    for typed, version in (
        (str(_ODD), _ODD),
        (f"'{_ODD}'", str(_ODD)),
        ("release 4", "release 4"),
    ):
        zk.properties("/hosts", watch=False).update(version=None)
        page.get_by_role("button", name="Resume").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Version").fill(typed)
        dialog.get_by_role("button", name="Resume").click()
        expect(page.get_by_role("heading", name=f"Version {version}")).to_be_visible()
        assert zk.get_properties("/hosts")["version"] == version
    zk.properties("/hosts", watch=False).update(version=None)
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("dialog").get_by_label("Version").fill("None")
    page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(page.get_by_role("alert")).to_contain_text("'None' is no version")


def test_the_focus_goes_from_stop_to_resume(web: Dashboard, page: Page) -> None:
    page.goto(web.at())
    sign_in(page)
    page.get_by_role("button", name="Stop", exact=True).press("Enter")
    page.get_by_label("Reason").press("Enter")
    expect(page.get_by_role("button", name="Resume")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("Version").press("Enter")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_focused()


def test_a_signed_fleet_says_how_to_go_back_in_a_terminal(
    web: Dashboard, page: Page, zk: zc.zk.ZK, tmp_path: Path
) -> None:
    generate(tmp_path / "key")
    _publish(zk, tmp_path, 1, 2, signer=SigningKey.load(tmp_path / "key"))
    page.goto(web.at("history"))
    sign_in(page)
    page.get_by_role("button", name="Roll back to 1").dblclick()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("zkdeploy rollback --sign KEY 1")
    expect(dialog.get_by_role("button")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    assert zk.get_properties("/hosts")["version"] == 2


def test_to_go_back_over_a_stop_is_a_choice_of_its_own(
    web: Dashboard, page: Page, zk: zc.zk.ZK, tmp_path: Path
) -> None:
    _publish(zk, tmp_path, 1, 2)
    page.goto(web.at())
    sign_in(page)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Stop the fleet").click()
    page.get_by_role("button", name="Resume").wait_for()
    page.get_by_role("button", name="Roll back").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Roll back").click()
    over = dialog.get_by_label("End the stop by ann (web)")
    assert over.evaluate("each => !each.validity.valid")
    over.check()
    dialog.get_by_role("button", name="Roll back").click()
    expect(page.get_by_role("heading", name="Version 1")).to_be_visible()
    assert zk.get_properties("/hosts")["version"] == 1


def test_what_is_pasted_in_place_of_a_token_is_said_to_be_none(web: Dashboard, page: Page) -> None:
    page.goto(web.at())
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Token").fill("„Schlüssel“")
    page.get_by_role("dialog").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not the token of an operator")


def test_who_finds_no_room_is_told_so(web: Dashboard, page: Page) -> None:
    page.goto(web.at())
    expect(page.get_by_role("heading", name="Version 0")).to_be_visible()
    page.goto("about:blank")
    with ExitStack() as stack:
        for _ in range(MOST_STREAMS):
            connection = HTTPConnection(urlsplit(web.url).netloc, timeout=LIMIT)
            stack.callback(connection.close)
            connection.request("GET", "/api/stream")
            connection.getresponse()
        page.goto(web.at())
        expect(page.locator("#banner")).to_contain_text("Too many browsers look already")
    expect(page.get_by_role("heading", name="Version 0")).to_be_visible()
    expect(page.locator("#banner")).to_be_empty()


def test_a_dashboard_that_starts_anew_says_who_may_steer(
    web: Dashboard, page: Page, zk_connection: str
) -> None:
    page.goto(web.at())
    sign_in(page)
    expect(page.locator("#who")).to_have_text("ann")
    web.process.kill()
    web.process.wait(LIMIT)
    address = ("--listen", urlsplit(web.url).netloc)
    with running(zk_connection, *address):
        expect(page.locator("#who")).to_have_text("Read-only")
        expect(page.get_by_role("button", name="Stop", exact=True)).to_be_hidden()
