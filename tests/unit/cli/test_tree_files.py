"""How files of tree text are combined, as publishing does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from zc.zk.tree import parse_tree
from zc.zkdeployment.cli.tree_files import combine, load


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with files in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.zk").write_text("/a : x\n  n = 1\n  /below\n/b\n")
    (tmp_path / "c.zk").write_text("# all of c\n\n  /c: y\n    n = 1\n  /d\n")
    (tmp_path / "a.zkx").write_text("/a\n  n = 2\n  /more\n    n = 3\n")
    return tmp_path


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
