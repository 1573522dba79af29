"""``zkdeploy web`` as a process, and a browser that looks at it."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright

LIMIT = 100.0  # seconds until a dashboard is killed, which fails its test

TOKEN = "0123456789abcdef0123456789abcdef"

_CHROMIUM = "/usr/bin/chromium"
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def launch(playwright: Playwright) -> Browser:
    """Start the Chromium of this machine."""
    return playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_OPTIONS))


class _Log:
    """The lines that a process logs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.lines: list[str] = []
        self._more = threading.Condition()
        self._ended = False
        threading.Thread(target=self._read, args=(process,), daemon=True).start()

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait for a line that has a pattern in it."""
        with self._more:
            self._more.wait_for(lambda: self._ended or self._find(pattern), LIMIT)
            found = self._find(pattern)
            assert found, f"{pattern!r} was never logged:\n{''.join(self.lines)}"
            return found

    def _find(self, pattern: str) -> re.Match[str] | None:
        matches = (re.search(pattern, line) for line in self.lines)
        return next(filter(None, matches), None)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr
        with contextlib.suppress(ValueError):  # closed meanwhile
            for line in process.stderr:
                with self._more:
                    self.lines.append(line)
                    self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard that runs at ``url``, which ends with a slash."""

    url: str
    process: subprocess.Popen[str]
    log: _Log

    def at(self, path: str = "") -> str:
        return f"{self.url}#/{path}"


@contextlib.contextmanager
def dashboard(
    connection: str, directory: Path, *options: str, patience: float = LIMIT
) -> Iterator[Dashboard]:
    """Run ``zkdeploy web`` with a token of ``ann``, unless ``options`` name a token file."""
    if "--token-file" not in options:
        tokens = directory / "tokens"
        tokens.touch(0o600)
        tokens.write_text(f"# who may\nann {TOKEN}\n")
        options = (*options, "--token-file", str(tokens))
    with running(connection, *options, patience=patience) as started:
        yield started


@contextlib.contextmanager
def running(connection: str, *options: str, patience: float = LIMIT) -> Iterator[Dashboard]:
    """Run ``zkdeploy web`` with nothing but ``options``, for ``patience`` seconds at most."""
    argv = [sys.executable, "-m", "zc.zkdeployment.cli", "web", "--listen", "127.0.0.1:0"]
    environ = {**os.environ, "ZC_ZK_CONNECTION_STRING": connection}
    with subprocess.Popen(
        [*argv, *options], env=environ, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        killer = threading.Timer(patience, process.kill)
        killer.start()
        log = _Log(process)
        try:
            yield Dashboard(log.wait_for(r"http://\S+")[0], process, log)
        finally:
            killer.cancel()
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10.0)
            process.kill()
            if "PYTEST_CURRENT_TEST" in os.environ:  # for whoever asks why a test failed
                print(*log.lines, sep="")


def sign_in(page: Page) -> None:
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("dialog").get_by_role("button", name="Sign in").click()
