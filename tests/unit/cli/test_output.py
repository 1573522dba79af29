"""What a table looks like, to people and in a pipe."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from zc.zkdeployment.cli.output import print_table

TABLE = ("Two steps", ("Action", "What"), (("deploy", "/cust/[bold]cms"), ("remove", "z4m")))


def test_in_a_pipe_a_table_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(*TABLE)
    assert capsys.readouterr().out == (
        "Two steps\n  Action  What\n  deploy  /cust/[bold]cms\n  remove  z4m\n"
    )


def test_on_a_terminal_a_table_is_drawn_and_names_are_no_markup() -> None:
    ours, theirs = pty.openpty()
    program = f"from zc.zkdeployment.cli.output import print_table; print_table(*{TABLE!r})"
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "60"}
    with subprocess.Popen([sys.executable, "-c", program], stdout=theirs, env=environ) as process:
        os.close(theirs)
        output = b""
        while chunk := _read(ours):
            output += chunk
    os.close(ours)
    assert process.returncode == 0
    assert b"Two steps" in output
    assert "│ deploy │ /cust/[bold]cms │" in output.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # how a terminal says that its other end is closed
        return b""
