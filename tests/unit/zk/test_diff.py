"""Changes: applying them gives the tree in the text, and what is said is what happens."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zk.diff import (
    Change,
    Create,
    Delete,
    Entry,
    KeepAncestor,
    KeepEphemeral,
    KeepExtra,
    Update,
    compare,
    delete_changes,
    lines,
)
from zc.zk.errors import MissingNode
from zc.zk.tree import Node, parse_tree, walk
from zc.zk.values import same

Existing = dict[str, Entry]


def entries(text: str, *ephemeral: str, at: str = "") -> Existing:
    return {
        path: Entry(node.properties, path in ephemeral)
        for path, node in walk(parse_tree(text), at)
    }


OLD = """
/test
  a = 1
  b = 2
  ad -> /y
  ae -> /x
  af => /x one
  ag => /x
  same = [1]
  /c1
    /c12
      flag = 1
  /c2
    /c21
/other
  /kept
"""

NEW = """
/test
  a = 2
  ae -> /z
  af => /x two
  ah => ..
  same = [1]
  z = None
  /c1
    /c12
      a = 'x'
      b -> /b
      flag = True
      /c123
        /c1234
/fresh
"""


def test_a_dry_run_says_what_an_import_would_do() -> None:
    changes = compare(parse_tree(NEW), "", entries(OLD), None)
    assert list(lines(changes, dry_run=True)) == [
        "add /fresh",
        "/test a change from 1 to 2",
        "/test remove link ad -> /y",
        "/test ae link change from /x to /z",
        "/test af link change from /x one to /x two",
        "/test remove link ag => /x",
        "/test remove property b = 2",
        "/test add link ah => ..",
        "/test add property z = None",
        "extra path not trimmed: /test/c2",
        "/test/c1/c12 flag change from 1 to True",
        "/test/c1/c12 add property a = x",
        "/test/c1/c12 add link b -> /b",
        "add /test/c1/c12/c123",
        "add /test/c1/c12/c123/c1234",
    ]


@pytest.mark.parametrize(
    ("trim", "dry", "real"),
    [
        (None, ["extra path not trimmed: /test/c2"], ["extra path not trimmed: /test/c2"]),
        (True, ["would delete /test/c2/c21.", "would delete /test/c2."], []),
        (False, [], []),
    ],
)
def test_what_the_text_lacks_below_a_top_node_is_trimmed_only_if_asked(
    trim: bool | None, dry: list[str], real: list[str]
) -> None:
    text = OLD.replace("  /c2\n    /c21\n", "").replace("/other\n  /kept\n", "")
    changes = compare(parse_tree(text), "", entries(OLD), trim)
    assert list(lines(changes, dry_run=True)) == dry
    assert list(lines(changes, dry_run=False)) == real


def test_extra_nodes_are_reported_before_changes_below_and_in_order() -> None:
    existing = entries("/a\n  /z\n  /b\n  /y\n  /c\n    /w\n  /x\n")
    changes = compare(parse_tree("/a\n  /c\n  /b\n    n = 1\n"), "", existing, None)
    assert [change.path for change in changes] == ["/a/x", "/a/y", "/a/z", "/a/b", "/a/c/w"]


def test_an_import_that_is_no_dry_run_says_only_what_it_leaves() -> None:
    changes = compare(parse_tree(NEW), "", entries(OLD), None)
    assert list(lines(changes, dry_run=False)) == ["extra path not trimmed: /test/c2"]


def test_a_tree_that_is_as_the_text_says_needs_no_change() -> None:
    assert compare(parse_tree(OLD), "", entries(OLD), True) == []
    assert compare(parse_tree(OLD.replace("a = 1", "a = 1.0")), "", entries(OLD), True) == []


@pytest.mark.parametrize("path", ["/a/b", "/a/b/"])
def test_an_import_below_a_path_touches_only_what_is_below_it(path: str) -> None:
    existing = {"/": Entry({}), "/a": Entry({}), "/a/b": Entry({"x": 1}), "/a/b/c": Entry({})}
    existing |= entries("/c\n  /extra\n/top\n", at="/a/b")
    assert compare(parse_tree("/c\n  /d\n    y = 1\n/e\n"), path, existing, True) == [
        Delete("/a/b/c/extra"),
        Create("/a/b/c/d", {"y": 1}),
        Create("/a/b/e", {}),
    ]


def test_siblings_change_in_the_order_of_their_names_not_of_their_paths() -> None:
    changes = compare(parse_tree("/a\n  /x\n/a-b\n"), "/", {}, True)
    assert [change.path for change in changes] == ["/a", "/a/x", "/a-b"]


SERVICE = """
/cms
  /providers
    /gone
    /1.2.3.4:80
    /1.2.3.5:80
  /old
    /sub
      /session
      /plain
  /session
"""
SESSIONS = ("/cms/providers/1.2.3.4:80", "/cms/providers/1.2.3.5:80")
OLD_SESSIONS = ("/cms/old/sub/session", "/cms/session")


def test_trimming_spares_running_servers_and_what_is_above_them() -> None:
    existing = entries(SERVICE, *SESSIONS, *OLD_SESSIONS)
    changes = compare(parse_tree("/cms\n  /providers\n"), "", existing, True)
    assert changes == [
        Delete("/cms/old/sub/plain"),
        KeepEphemeral("/cms/old/sub/session"),
        KeepAncestor("/cms/old/sub"),
        KeepAncestor("/cms/old"),
        Delete("/cms/providers/gone"),
    ]
    assert list(lines(changes, dry_run=True)) == [
        "would delete /cms/old/sub/plain.",
        "wouldn't delete /cms/old/sub/session because it's ephemeral.",
        "/cms/old/sub not deleted due to ephemeral descendent.",
        "/cms/old not deleted due to ephemeral descendent.",
        "would delete /cms/providers/gone.",
    ]
    assert list(lines(changes, dry_run=False)) == [
        "Not deleting /cms/old/sub/session because it's ephemeral.",
        "/cms/old/sub not deleted due to ephemeral descendent.",
        "/cms/old not deleted due to ephemeral descendent.",
    ]


def test_without_a_word_on_trimming_every_extra_node_is_named_also_an_ephemeral_one() -> None:
    existing = entries("/hosts\n  /4242\n", "/hosts/4242")
    changes = compare(parse_tree("/hosts\n  version = None\n"), "", existing, None)
    assert changes == [Update("/hosts", {}, {"version": None}), KeepExtra("/hosts/4242")]


def test_a_subtree_is_deleted_children_first() -> None:
    assert delete_changes("/a", entries("/a\n  /b\n    /c\n  /a\n/ab\n")) == [
        Delete("/a/a"),
        Delete("/a/b/c"),
        Delete("/a/b"),
        Delete("/a"),
    ]


def test_deleting_keeps_servers_that_run_unless_forced() -> None:
    existing = entries("/a\n  /b\n    /c\n  /d\n", "/a/b/c")
    kept = [KeepEphemeral("/a/b/c"), KeepAncestor("/a/b"), Delete("/a/d"), KeepAncestor("/a")]
    assert delete_changes("/a", existing) == kept
    assert delete_changes("/a", existing, ignore_if_ephemeral=True) == kept
    assert delete_changes("/a", existing, force=True) == [
        Delete("/a/b/c"),
        Delete("/a/b"),
        Delete("/a/d"),
        Delete("/a"),
    ]


def test_an_ephemeral_node_is_deleted_only_by_force() -> None:
    existing = entries("/a", "/a")
    assert delete_changes("/a", existing) == [KeepEphemeral("/a")]
    assert delete_changes("/a", existing, ignore_if_ephemeral=True) == []
    assert delete_changes("/a", existing, force=True) == [Delete("/a")]


def test_the_root_counts_as_a_parent() -> None:
    existing = {"/": Entry({}), "/a": Entry({}, ephemeral=True), "/b": Entry({})}
    assert delete_changes("/", existing) == [
        KeepEphemeral("/a"),
        Delete("/b"),
        KeepAncestor("/"),
    ]


def test_what_is_not_there_cannot_be_deleted() -> None:
    with pytest.raises(MissingNode, match=r"^/b$"):
        delete_changes("/b", entries("/a"))


def test_a_tree_deeper_than_the_stack_is_compared_and_deleted() -> None:
    depth = 5000
    tree = Node()
    below = tree
    for _ in range(depth):
        below.children["n"] = below = Node("n")
    existing = {path: Entry({}) for path, _ in walk(tree)}
    assert compare(tree, "", existing, True) == []
    assert len(compare(tree, "", {}, True)) == depth
    assert len(compare(parse_tree("/n"), "", existing, True)) == depth - 1


# Laws: what holds for any text and any tree.

names = st.sampled_from(["a", "b", "c"])
values = st.dictionaries(names, st.sampled_from([0, 1, True, False, None, "1"]), max_size=2)
nodes = st.recursive(
    values.map(lambda properties: Node("", properties)),
    lambda below: st.builds(
        lambda properties, children: Node("", properties, children),
        values,
        st.dictionaries(names, below, max_size=3),
    ),
    max_leaves=8,
)


@st.composite
def existing_nodes(draw: st.DrawFn) -> Existing:
    found = dict(walk(draw(nodes)))
    return {
        path: Entry(node.properties, not node.children and draw(st.booleans()))
        for path, node in found.items()
    }


def applied(existing: Existing, changes: Sequence[Change]) -> Existing:
    """Do the changes as a server would: in order, refusing what it would refuse."""
    after = dict(existing)
    for change in changes:
        parent = change.path.rpartition("/")[0]
        match change:
            case Create(path, new):
                assert path not in after
                assert parent in after or not parent
                after[path] = Entry(new)
            case Update(path, old, new):
                assert same(after[path].properties, old)
                assert not same(old, new)
                after[path] = Entry(new, after[path].ephemeral)
            case Delete(path):
                assert not any(other.startswith(path + "/") for other in after)
                del after[path]
            case _:
                assert change.path in after
    return after


def properties_of(existing: Existing) -> dict[str, Any]:
    return {path: entry.properties for path, entry in existing.items()}


def survivors(existing: Existing, root: Node) -> set[str]:
    """Return which of the existing nodes trimming may not touch."""
    ephemeral = [path for path, entry in existing.items() if entry.ephemeral]
    return {
        path
        for path in existing
        if path.split("/")[1] not in root.children
        or any(kept == path or kept.startswith(path + "/") for kept in ephemeral)
    }


@given(nodes, existing_nodes(), st.sampled_from([True, False, None]))
def test_an_import_gives_the_tree_of_the_text_and_keeps_the_rest(
    root: Node, existing: Existing, trim: bool | None
) -> None:
    after = applied(existing, compare(root, "", existing, trim))
    kept = survivors(existing, root) if trim else set(existing)
    wanted = {path: entry.properties for path, entry in existing.items() if path in kept}
    wanted |= {path: node.properties for path, node in walk(root)}
    assert same(properties_of(after), wanted)
    again = compare(root, "", after, trim)
    assert applied(after, again) == after


@given(nodes, existing_nodes())
def test_an_import_names_every_extra_node_once_and_deletes_none(
    root: Node, existing: Existing
) -> None:
    text = {path for path, _ in walk(root)}
    extra = [c.path for c in compare(root, "", existing, None) if isinstance(c, KeepExtra)]
    assert sorted(extra) == sorted(
        path for path in existing if path not in text and path.rpartition("/")[0] in text
    )


@given(existing_nodes(), st.booleans())
def test_deleting_leaves_exactly_ephemeral_nodes_and_their_ancestors(
    existing: Existing, force: bool
) -> None:
    for top in [path for path in existing if path.count("/") == 1]:
        changes = delete_changes(top, existing, force)
        below = {path for path in existing if path == top or path.startswith(top + "/")}
        assert {change.path for change in changes} == below
        after = applied(existing, changes)
        ephemeral = [path for path in below if existing[path].ephemeral and not force]
        left = {p for p in below if any((e + "/").startswith(p + "/") for e in ephemeral)}
        assert set(after) == set(existing) - below | left
