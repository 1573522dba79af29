"""An all stop that is owed survives whatever became of its file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from zc.zkdeployment.adapters.stop_intent import StopIntent


def test_a_reason_is_kept_over_a_restart_also_a_long_one(tmp_path: Path) -> None:
    intent = StopIntent(str(tmp_path))
    assert intent.error is None
    intent.keep("it failed")
    assert StopIntent(str(tmp_path)).error == "it failed"
    intent.keep("\U0001f600" * 10_000_000)
    assert StopIntent(str(tmp_path)).error == "\U0001f600" * (64 * 1024)
    intent.forget()
    assert StopIntent(str(tmp_path)).error is None


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 32)


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        os.mkdir,
        _sparse,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.write_text(""),
        lambda path: path.write_bytes(b"\xff"),
        lambda path: path.write_text("[" * 100_000),
        lambda path: path.write_text("9" * 5000),
    ],
)
def test_what_cannot_be_read_is_a_stop_too(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """Stopping is the safe side, and an agent has to start."""
    make(tmp_path / "stop")
    assert "meant to stop the fleet" in str(StopIntent(str(tmp_path)).error)
