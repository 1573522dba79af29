"""A dashboard of a fleet on a tree of the test's own, and a page of a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.support.dashboard import Dashboard, dashboard

import zc.zk

PATIENCE = 40.0  # seconds until something must be seen

expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page on which any error in a script, or refused by the policy, fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    made = context.new_page()
    made.set_default_timeout(PATIENCE * 1000)
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    made.on(
        "console",
        lambda said: errors.append(said.text) if "Content Security" in said.text else None,
    )
    yield made
    context.close()
    assert errors == []


@pytest.fixture
def web(zk: zc.zk.ZK, zk_connection: str, tmp_path: Path) -> Iterator[Dashboard]:
    """A dashboard of a fleet at version 0, without hosts if nobody adds any."""
    zk.import_tree("/hosts\n  version = 0\n")
    with dashboard(zk_connection, tmp_path) as started:
        yield started
