"""A host of its own for each test, and ``zkdeploy`` processes on it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.support.programs import ZKDEPLOY, zkdeploy_running

Zkdeploy = Callable[..., subprocess.CompletedProcess[str]]

_PATIENCE = 60.0  # seconds until a process is killed, which fails its test


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root directory of a host with the identifier ``h1``."""
    root = tmp_path / "root"
    (root / "etc/zmh").mkdir(parents=True)
    (root / "etc/zim").mkdir()
    (root / "etc/zmh/pxemac").write_text("h1\n")
    return root


@pytest.fixture
def environ(root: Path, zk_connection: str) -> dict[str, str]:
    """The environment of a process on that host."""
    return {**os.environ, "TEST_ROOT": str(root), "ZC_ZK_CONNECTION_STRING": zk_connection}


@pytest.fixture
def zkdeploy(environ: dict[str, str], tmp_path: Path) -> Zkdeploy:
    """Return a function that runs ``zkdeploy`` in the test's directory to its end."""

    def run(*args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*ZKDEPLOY, *args],
            env=environ,
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=_PATIENCE,
        )

    return run


@pytest.fixture
def start(environ: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts ``zkdeploy`` and lets it run."""
    with ExitStack() as running:
        yield lambda *args: running.enter_context(
            zkdeploy_running(environ, *args, patience=_PATIENCE)
        )


@pytest.fixture
def wait_for_log() -> Callable[[subprocess.Popen[str], str], None]:
    """Return a function that waits until a process logs a line that holds some text."""

    def wait_for_log(process: subprocess.Popen[str], text: str) -> None:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if text in line:
                return
        raise AssertionError(f"{text!r} was never logged:\n" + "".join(lines))

    return wait_for_log
