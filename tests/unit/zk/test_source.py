"""Files as their authors see them: all mistakes at once, and the line of everything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zk.errors import TreeSyntaxError
from zc.zk.source import parse_source
from zc.zk.tree import Node, Written, parse_tree, walk

NODE = "not understood; a node is written /name or /name : type"
LINE = "not understood; expected /node, name = value, name -> path or name => path"
VALUE = (
    "bad value: a value is a quoted string, a number, True, False or None,"
    " or a list or a dict of them"
)
DEDENT = "dedent to no open level; indent it exactly like a line above"


def mistakes(text: str) -> list[tuple[int, int, str]]:
    _, found = parse_source(text, "a.zk")
    assert {mistake.file for mistake in found} <= {"a.zk"}
    return [(mistake.line, mistake.column, mistake.message) for mistake in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/a\n  b = c\n  d\n\t e = 1\n", [(2, 3, VALUE), (3, 3, LINE), (4, 3, DEDENT)]),
        ("/a b\n  /c\n    x = 1\n  y\n/d/\n", [(1, 1, NODE), (4, 3, LINE), (5, 1, NODE)]),
        ("/a\n  cms : z4m\n    version = 1\n    /deploy\n      n =\n", [(2, 3, LINE), (5, 7, "")]),
        ("/a\n    /b\n  /c\n  /d\n    x = 1\n    y\n", [(3, 3, DEDENT), (6, 5, LINE)]),
        ("  /a\n/b\n/c\n  x\n", [(2, 1, DEDENT), (4, 3, LINE)]),
        ("/a\n  x = 1\n    /b\n    y = 2\n  z\n", [(3, 5, ""), (5, 3, LINE)]),
        ("/a\n  x = [1,\n    2]\n  y = 1\n", [(2, 3, VALUE), (3, 5, LINE)]),
        ("/a\n/a\n  x = 1\n  x = 1\n/b\n", [(2, 1, "duplicate node 'a'"), (4, 3, "")]),
        ("x = 1\n  /y\n/a\n", [(1, 1, "")]),
        ("/a\n\t\t/b\n    /c\n    /d\n", [(3, 5, DEDENT)]),
    ],
)
def test_one_run_names_every_mistake_once(text: str, expected: list[tuple[int, int, str]]) -> None:
    found = mistakes(text)
    assert [place[:2] for place in found] == [place[:2] for place in expected]
    for (_, _, message), (_, _, wanted) in zip(found, expected, strict=True):
        assert message == wanted or not wanted


def test_what_is_good_is_still_in_the_tree() -> None:
    root, _ = parse_source("/a\n  x = 1\n  y\n  /b c\n    /d\n  /e\n    z = 2\n/f\n")
    assert root == parse_tree("/a\n  x = 1\n  /e\n    z = 2\n/f\n")


def test_nodes_and_properties_know_their_lines() -> None:
    root, found = parse_source("# c\n/a : x\n\n  p = 1\n  l -> /b\n  k => /b c\n  /b\n", "f.zk")
    assert found == []
    assert root.written is None
    assert root.children["a"].written == Written(
        "f.zk", {"": (2, 1), "type": (2, 1), "p": (4, 3), "l ->": (5, 3), "k =>": (6, 3)}
    )
    assert root.children["a"].children["b"].written == Written("f.zk", {"": (7, 3)})


def test_where_a_node_is_written_makes_no_difference_to_what_it_is() -> None:
    assert parse_source("\n\n/a\n  x = 1\n", "f.zk")[0] == parse_tree("/a\n  x = 1\n")
    assert Node("a").written is None


_line = st.builds(
    lambda indentation, content: indentation + content,
    st.sampled_from(["", "  ", "    ", "      ", "\t", "  \t"]),
    st.sampled_from(
        ["/a", "/b : x", "/a b", "x = 1", "y = z", "l -> /a", "k => /a b c", "?", "", "# c", "/.."]
    ),
)


@given(st.lists(_line, max_size=12).map("\n".join))
def test_it_finds_mistakes_exactly_where_an_import_does(text: str) -> None:
    """What is validated can be imported; the first mistake is the one that an import names."""
    root, found = parse_source(text, "f")
    if found:
        with pytest.raises(TreeSyntaxError) as first:
            parse_tree(text)
        assert vars(first.value) == vars(found[0]) | {"file": None}
    else:
        assert parse_tree(text) == root
    lines = [mistake.line for mistake in found]
    assert lines == sorted(set(lines))
    for path, node in walk(root):
        assert node.written, path
        assert node.written.places.keys() == node.properties.keys() | {""}
