"""What a person at a terminal sees of work that takes long, and what programs do not see."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.terminal import seen, terminal

from zc.zk import ZK

# A person of no patience at all: then it does not matter how fast this machine is.
_PROGRAM = """\
import sys
from zc.zkdeployment.cli import main, progress
progress.PATIENCE = progress.REFRESH = 0.0
main(sys.argv[1:], prog_name="zkdeploy")
"""
_TREE = "/a\n" + "".join(f"  /n{number}\n" for number in range(700))


def _zkdeploy(
    environ: dict[str, str], *args: str, stdin: str = "", stdout: int, stderr: int
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM, *args],
        env=environ,
        input=stdin,
        stdout=stdout,
        stderr=stderr,
        encoding="utf-8",
        timeout=60,
    )


def test_a_person_sees_how_far_it_is_and_at_the_end_only_what_was_to_be_said(
    environ: dict[str, str], zk: ZK
) -> None:
    zk.import_tree("/a\n  /old1\n  /old2\n")
    with terminal() as person:
        tty = person.device
        done = _zkdeploy(environ, "tree", "import", stdin=_TREE, stdout=tty, stderr=tty)
        written = person.written()
    assert done.returncode == 0
    assert "reading 3 nodes…" in written
    assert "writing 500 of 700 nodes…" in written
    assert seen(written) == ["extra path not trimmed: /a/old1", "extra path not trimmed: /a/old2"]
    assert "\x1b" not in written  # NO_COLOR or not


def test_an_error_stands_alone(environ: dict[str, str], zk: ZK) -> None:
    zk.import_tree(_TREE)
    with terminal() as person:
        tty = person.device
        done = _zkdeploy(
            environ, "tree", "diff", "--path", "/b", "-", stdin="/a", stdout=tty, stderr=tty
        )
        assert done.returncode == 1
        assert person.screen() == ["zkdeploy: error: there is no node /b"]


@pytest.mark.parametrize("args", [["tree", "export"], ["tree", "export", "--json"]])
def test_what_is_read_is_shown_on_standard_error_unless_a_program_asks(
    environ: dict[str, str], zk: ZK, args: list[str]
) -> None:
    zk.import_tree(_TREE)
    with terminal() as person:
        done = _zkdeploy(environ, *args, stdout=subprocess.PIPE, stderr=person.device)
        written = person.written()
    assert done.returncode == 0
    assert done.stdout.count("/n") == 700
    assert ("reading 702 nodes…" in written) == ("--json" not in args)
    assert seen(written) == []


@pytest.mark.parametrize("command", ["export", "import", "rm"])
def test_where_nobody_looks_there_is_nothing_to_see(
    environ: dict[str, str], zk: ZK, command: str
) -> None:
    zk.import_tree(_TREE)
    args = {"export": ["/a"], "import": [], "rm": ["--recursive", "/a"]}[command]
    with terminal() as person:  # who sees the output, while errors go to a file
        pipe = subprocess.PIPE
        done = _zkdeploy(
            environ, "tree", command, *args, stdin="/b", stdout=person.device, stderr=pipe
        )
        assert "nodes…" not in person.written()
    assert (done.returncode, done.stderr) == (0, "")


def test_a_line_of_the_log_is_not_mixed_up_with_it(
    environ: dict[str, str], zk: ZK, tmp_path: Path
) -> None:
    """Publishing logs to the same terminal while it reads and writes."""
    (tmp_path / "a.zk").write_text(_TREE)
    with terminal() as person:
        tty = person.device
        done = _zkdeploy(environ, "sync", "--verbose", str(tmp_path), stdout=tty, stderr=tty)
        written = person.written()
    assert done.returncode == 0
    assert "nodes…" in written
    assert not [line for line in seen(written) if "nodes…" in line]
