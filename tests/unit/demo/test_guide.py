"""A person is told commands that can be copied."""

from __future__ import annotations

import sys
from pathlib import Path

from zc.zkdeployment.demo import guide


def test_the_program_is_called_so_that_a_shell_finds_it() -> None:
    assert guide.program(lambda _: "/usr/bin/zkdeploy") == "zkdeploy"
    assert guide.program(lambda _: None) == str(Path(sys.executable).parent / "zkdeploy")
