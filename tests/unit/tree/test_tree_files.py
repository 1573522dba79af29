"""How files of tree text are combined, as publishing does it."""

from __future__ import annotations

from zc.zk.tree import parse_tree
from zc.zkdeployment.tree.snapshot import SourceFile
from zc.zkdeployment.tree.tree_files import combine, in_order, parse_files

A = SourceFile("a.zk", b"/a : x\n  n = 1\n  /below\n/b\n")
C = SourceFile("c.zk", b"# all of c\r\n\r\n  /c: y\r\n    n = 1\r\n  /d\r\n")
OVERLAY = SourceFile("a.zkx", b"/a\n  n = 2\n  /more\n    n = 3\n")


def test_overlays_add_and_override_whatever_the_order_of_the_files() -> None:
    trees, problems = parse_files([OVERLAY, A, C])
    assert problems == []
    defined, extra = combine(trees)
    assert extra.children == {}
    assert defined == parse_tree(
        "/a\n  n = 2\n  /below\n  /more\n    n = 3\n/b\n/c : y\n  n = 1\n/d\n"
    )


def test_what_only_overlays_know_is_kept_apart() -> None:
    """It must not be trimmed: other files, not given here, may define the rest of it."""
    trees, _ = parse_files([C, OVERLAY])
    defined, extra = combine(trees)
    assert defined == parse_tree("/c : y\n  n = 1\n/d\n")
    assert extra == parse_tree("/a\n  n = 2\n  /more\n    n = 3\n")


def test_the_files_that_define_come_first_and_nothing_else_comes_along() -> None:
    names = ["b.zkx", "b.zk", "README", "a.zkx", ".a.zk.swp", ".hidden.zk", "a.zk", "c.zk~"]
    assert in_order(names) == ["a.zk", "b.zk", "a.zkx", "b.zkx"]
