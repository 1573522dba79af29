"""How files of tree text are checked, and combined as publishing does it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zc.zk.tree import parse_tree
from zc.zkdeployment.cli import main
from zc.zkdeployment.cli.tree_files import combine, load


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with files in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.zk").write_text("/a : x\n  n = 1\n  /below\n/b\n")
    (tmp_path / "c.zk").write_text("# all of c\n\n  /c: y\n    n = 1\n  /d\n")
    (tmp_path / "a.zkx").write_text("/a\n  n = 2\n  /more\n    n = 3\n")
    return tmp_path


def validate(*args: str) -> Result:
    return CliRunner().invoke(main, ["tree", "validate", *args])


def test_good_files_are_good(folder: Path) -> None:
    result = validate("a.zk", "c.zk", "a.zkx")
    assert (result.exit_code, result.output) == (0, "3 files: good\n")


def test_standard_input_can_be_checked() -> None:
    result = CliRunner().invoke(main, ["tree", "validate", "-"], input="/a\n  x\n")
    assert (result.exit_code, result.output.splitlines()[0]) == (
        1,
        "-:2: not understood; expected /node, name = value, name -> path or name => path: 'x'",
    )


def test_no_file_hides_the_problems_of_another(folder: Path) -> None:
    (folder / "bad.zk").write_text("/z\n/z\n")
    (folder / "latin.zk").write_bytes(b"/z\n  name = '\xe9'\n")
    (folder / "again.zk").write_text("\n/d\n/c: z\n")
    result = validate("bad.zk", "latin.zk", "nowhere.zk", ".", "c.zk", "again.zk")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "bad.zk:2: duplicate node 'z': '/z'",
        "latin.zk: byte 14 is no UTF-8 text",
        "nowhere.zk: No such file or directory",
        ".: Is a directory",
        "again.zk:2: top node '/d' is also in c.zk:5",
        "again.zk:3: top node '/c' is also in c.zk:3",
        "6 files: 6 problems",
    ]


def test_programs_get_the_problems_as_data(folder: Path) -> None:
    (folder / "bad.zk").write_text("/z\n/z\n")
    result = validate("--json", "bad.zk", "nowhere.zk")
    assert result.exit_code == 1
    assert json.loads(result.output) == {
        "files": 2,
        "problems": [
            {"file": "bad.zk", "line": 2, "message": "duplicate node 'z': '/z'"},
            {"file": "nowhere.zk", "line": None, "message": "No such file or directory"},
        ],
    }


def test_without_a_file_nothing_was_checked() -> None:
    assert validate().exit_code == 2


def test_overlays_add_and_override_whatever_the_order_of_the_files(folder: Path) -> None:
    files, problems = load(["a.zkx", "a.zk", "c.zk"])
    assert problems == []
    defined, extra = combine(files)
    assert extra.children == {}
    assert defined == parse_tree(
        "/a\n  n = 2\n  /below\n  /more\n    n = 3\n/b\n/c : y\n  n = 1\n/d\n"
    )


def test_what_only_overlays_know_is_kept_apart(folder: Path) -> None:
    """It must not be trimmed: other files, not given here, may define the rest of it."""
    files, _ = load(["c.zk", "a.zkx"])
    defined, extra = combine(files)
    assert defined == parse_tree("/c : y\n  n = 1\n/d\n")
    assert extra == parse_tree("/a\n  n = 2\n  /more\n    n = 3\n")
