"""The site can be built, and read and searched without a network, from a disk too."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

_TOP = Path(__file__).parents[2]
_BUILDING = 300.0  # seconds; the first time, what builds the site is installed


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [_TOP / "script/docs", "build", "--site-dir", directory],
        env=os.environ | {"PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_BUILDING,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return directory


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A tab of a browser that has no network."""
    with browser.new_context(offline=True) as context:
        yield context.new_page()


def test_it_is_searched_without_a_server(page: Page, site: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((site / "adr/0003-locks.html").as_uri())
    page.get_by_role("textbox", name="Search").click()
    page.keyboard.type("rollback")
    found = page.locator(".md-search-result__item").filter(has_text="zkdeploy rollback").first
    expect(found).to_be_visible(timeout=30_000)
    found.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("zkdeploy rollback")
    assert [url for url in asked if not url.startswith("file:")] == []


def test_pages_are_there_that_nobody_wrote(site: Path) -> None:
    for name in ("changes", "reference/exit-statuses", "reference/commands/tree"):
        assert "zkdeploy" in (site / f"{name}.html").read_text()
