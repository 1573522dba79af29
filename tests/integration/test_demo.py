"""The demo plays to its end, cleans up behind it, and survives what a person may do to it."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zc.zkdeployment.demo import story
from zc.zkdeployment.demo.errors import DemoFailed
from zc.zkdeployment.demo.hosts import processes_below
from zc.zkdeployment.demo.play import Play
from zc.zkdeployment.demo.stage import Stage
from zc.zkdeployment.demo.view import PlainView

_DEMO = (sys.executable, "-m", "zc.zkdeployment.cli", "demo")
_BOUND = 180.0  # seconds that anything here may take at most


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Return the directory in which a demo makes its temporary one."""
    directory = tmp_path / "tmp"
    directory.mkdir()
    return directory


@contextlib.contextmanager
def _demo(temporary: Path, *options: str, **files: int) -> Iterator[subprocess.Popen[str]]:
    """Run a demo; it is killed if it is still there in the end."""
    process = subprocess.Popen(
        [*_DEMO, *options],
        env=os.environ | {"TMPDIR": str(temporary), "TERM": "xterm-256color"},
        text=True,
        **(files or {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}),
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _BOUND
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def _nothing_runs(directory: Path) -> bool:
    return not list(processes_below(directory))


def test_the_whole_demo_plays(temporary: Path) -> None:
    """The first thing that a new user tries works, and leaves nothing behind."""
    with _demo(temporary, "--pace", "0") as demo:
        text, _ = demo.communicate(timeout=_BOUND)
    assert demo.returncode == 0, text
    for act in story.ACTS:
        assert act.title in text
    for outcome in (
        "=> all hosts reached version 1 and run web 1.0",
        "=> all hosts reached version 2 and run web 2.0",
        "failed and stopped the fleet; web 2.0 is deployed everywhere",
        "=> all hosts reached version 4 and run web 3.1",
    ):
        assert outcome in text
    assert "ALL STOP: the cluster version is None" in text
    assert "the database has schema 2, this release needs schema 3" in text
    assert text.rstrip().endswith("zkdeploy demo --directory DIR   keeps logs and files in DIR")
    assert list(temporary.iterdir()) == []
    assert _nothing_runs(temporary)
