"""The Chromium of this machine, one for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser without any pages; there can be only one Playwright in a thread."""
    from playwright.sync_api import sync_playwright  # most runs need none
    from tests.support.dashboard import launch

    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()
