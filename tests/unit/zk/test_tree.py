"""The text format: what a person writes is what is published, or an error names the line."""

import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.json_documents import json_values

from zc.zk.errors import TreeFormatError, TreeSyntaxError
from zc.zk.tree import Node, format_tree, parse_tree, walk


def node(*children: Node, **properties: Any) -> Node:
    return Node("", properties, {child.name: child for child in children})


def named(name: str, *children: Node, **properties: Any) -> Node:
    return Node(name, properties, {child.name: child for child in children})


EXAMPLE = """
/lb : ipvs
  /pools
    /cms
      # The address is fixed because others know it.
      address = '1.2.3.4:80'

      providers -> /cms/providers
      threads => /defaults threads
      /deploy

/cms : z4m cms
  threads = 4
  /providers
    /192.168.0.42:8080
      pid = 81176
"""

EXAMPLE_TREE = node(
    named(
        "lb",
        named(
            "pools",
            Node(
                "cms",
                {
                    "address": "1.2.3.4:80",
                    "providers ->": "/cms/providers",
                    "threads =>": "/defaults threads",
                },
                {"deploy": Node("deploy")},
            ),
        ),
        type="ipvs",
    ),
    named(
        "cms",
        named("providers", named("192.168.0.42:8080", pid=81176)),
        type="z4m cms",
        threads=4,
    ),
)

EXAMPLE_FORMATTED = """\
/cms : z4m cms
  threads = 4
  /providers
    /192.168.0.42:8080
      pid = 81176
/lb : ipvs
  /pools
    /cms
      address = '1.2.3.4:80'
      providers -> /cms/providers
      threads => /defaults threads
      /deploy
"""


def test_a_site_is_read_and_written_as_documented() -> None:
    assert parse_tree(EXAMPLE) == EXAMPLE_TREE
    assert format_tree(EXAMPLE_TREE) == EXAMPLE_FORMATTED


@pytest.mark.parametrize(
    ("line", "name", "type_"),
    [
        ("/a", "a", None),
        ("/a : b", "a", "b"),
        ("/a: b", "a", "b"),
        ("/a :b", "a", "b"),
        ("/a\t:   z4m special  ", "a", "z4m special"),
        ("/a : b : c # d", "a", "b : c # d"),
        ("/192.168.0.42:8080", "192.168.0.42:8080", None),
        ("/192.168.0.42:8080 : web", "192.168.0.42:8080", "web"),
        ("/192.168.0.42:8080: web", "192.168.0.42:8080", "web"),
        ("/a:", "a:", None),
        ("/a=b", "a=b", None),
        ("/a->b", "a->b", None),
        ("/#", "#", None),
        ("/é\u20ac", "é\u20ac", None),
    ],
)
def test_a_node_line_gives_a_name_and_perhaps_a_type(
    line: str, name: str, type_: str | None
) -> None:
    assert parse_tree(line) == node(Node(name, {"type": type_} if type_ else {}))


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("a=1", "a", 1),
        ("a   =   1", "a", 1),
        ("a-b.c:d = 1", "a-b.c:d", 1),
        ("type = 5", "type", 5),
        ("x='a=>b'", "x", "a=>b"),
        ("x = 'a -> b'", "x", "a -> b"),
        ("ad->/x", "ad ->", "/x"),
        ("ae->         /x", "ae ->", "/x"),
        ("af -> ../x", "af ->", "../x"),
        ("ag- -> x=1", "ag- ->", "x=1"),
        ("ah--> x", "ah- ->", "x"),
        ("b=>/x", "b =>", "/x"),
        ("b  =>  /x   y", "b =>", "/x y"),
        ("b => .. x=>y", "b =>", ".. x=>y"),
        ("a>b = 1", "a>b", 1),
    ],
)
def test_a_property_line_gives_a_value_or_a_link(line: str, name: str, value: object) -> None:
    assert parse_tree(f"/n\n  {line}\n") == node(Node("n", {name: value}))


def test_a_property_and_links_of_the_same_name_stand_side_by_side() -> None:
    tree = parse_tree("/a\n x = 1\n x -> /b\n x => /c\n")
    assert tree.children["a"].properties == {"x": 1, "x ->": "/b", "x =>": "/c"}


@pytest.mark.parametrize(
    "text",
    [
        "/a\n  /b\n    x = 1\n  y = 2\n/c",
        "    /a\n        /b\n          x = 1\n        y = 2\n    /c\n  ",
        "/a\r\n  /b\r\n    x = 1\r\n  y = 2\r\n/c\r\n",
        "/a\n\t/b\n\t\tx = 1\n\ty = 2\n/c\n",
        "/a\n\t/b\n\t  x = 1\n\ty = 2\n/c\n",
        "#\n/a\n# b\n  /b\n      # c = 1\n\n    x = 1\n  y = 2\n/c\n      # end",
    ],
)
def test_any_consistent_indentation_nests_alike(text: str) -> None:
    assert parse_tree(text) == node(named("a", named("b", x=1), y=2), named("c"))


@pytest.mark.parametrize("text", ["", "\n", "  \n\n", "# nothing\n"])
def test_text_without_nodes_is_an_empty_tree(text: str) -> None:
    assert parse_tree(text) == Node()
    assert format_tree(parse_tree(text)) == ""


UNKNOWN = "not understood"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("/a\n  nonsense", 2, UNKNOWN),
        ("/a\n  a b = 1", 2, UNKNOWN),
        ("/a\n  = 1", 2, UNKNOWN),
        ("/a\n  -> /x", 2, UNKNOWN),
        ("/", 1, UNKNOWN),
        ("/a b", 1, UNKNOWN),
        ("/a:b c", 1, UNKNOWN),
        ("/a :", 1, UNKNOWN),
        ("/a/b", 1, UNKNOWN),
        ("/a/", 1, UNKNOWN),
        ("/a\n  /..", 2, "cannot be called"),
        ("/.", 1, "cannot be called"),
        ("/a\n  b ->", 2, "bad link: '' is not of the form PATH"),
        ("/a\n  b -> c d", 2, "bad link: 'c d' is not of the form PATH"),
        ("/a\n  b =>", 2, r"bad link: '' is not of the form PATH \[NAME\]"),
        ("/a\n  b => c d e", 2, "bad link: 'c d e'"),
        ("/a\n  b->c = 1", 2, "bad link: 'c = 1'"),
        ("/a\n  b =", 2, "bad value: a value is a quoted string"),
        ("/a\n  b = c", 2, "bad value"),
        ("/a\n  b == 1", 2, "bad value"),
        ("/a\n  b = (1, 2)", 2, "bad value: a tuple does not survive JSON"),
        ("/a\n  b = 1 + 1", 2, "bad value"),
        ("/a\n  b = [1,\n  2]", 2, "bad value"),
        ("x = 1\n/a", 1, "above the first node"),
        ("/a\n  x = 1\ny -> /b", 3, "above the first node"),
        ("/a\n  x = 1\n    y = 2", 3, "a property has nothing below it"),
        ("/a\n  x = 1\n    /b", 3, "a property has nothing below it"),
        ("/a\n    /b\n  /c", 3, "dedent to no open level"),
        ("  /a\n/b", 2, "dedent to no open level"),
        ("/a\n\t/b\n        /c", 3, "dedent to no open level"),
        ("/a\n    /b\n\tx = 1", 3, "dedent to no open level"),
        ("/a\n  /b\n  /b : c", 3, "duplicate node 'b'"),
        ("/a\n\n# a\n/a", 4, "duplicate node 'a'"),
        ("/a\n  x = 1\n  x = 1", 3, "duplicate property 'x'"),
        ("/a\n  x -> b\n  /b\n  x -> c", 4, "duplicate property 'x ->'"),
        ("/a : b\n  type = 'b'", 2, "duplicate property 'type'"),
    ],
)
def test_a_mistake_is_refused_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(TreeSyntaxError, match=message) as caught:
        parse_tree(text)
    assert caught.value.line == line
    assert caught.value.text == text.split("\n")[line - 1].strip()
    assert caught.value.file is None
    assert str(caught.value).startswith(f"line {line}: ")


def test_a_mistake_names_the_file_if_it_is_known() -> None:
    with pytest.raises(TreeSyntaxError) as caught:
        parse_tree("/a\n  b = (", "site/cms.zk")
    assert str(caught.value).startswith("site/cms.zk:2: bad value: ")
    assert "b = (" in traceback.format_exception_only(caught.value)[-1]


@pytest.mark.parametrize(
    ("type_", "on_line"),
    [
        ("z4m cms", True),
        (": x", True),
        ("", False),
        (" z4m", False),
        ("z4m\n", False),
        ("a\tb", False),
        ("a\u2028b", False),
        ("\ud800", False),
        (5, False),
        (None, False),
    ],
)
def test_a_type_that_its_line_cannot_hold_is_written_as_a_property(
    type_: object, on_line: bool
) -> None:
    tree = node(named("a", type=type_))
    assert format_tree(tree) == (f"/a : {type_}\n" if on_line else f"/a\n  type = {type_!r}\n")
    assert parse_tree(format_tree(tree)) == tree


def test_a_subtree_is_written_under_its_name_or_another() -> None:
    cms = EXAMPLE_TREE.children["lb"].children["pools"].children["cms"]
    cms = Node("cms", {"type": "x"}, cms.children)
    assert format_tree(cms) == "/cms : x\n  /deploy\n"
    assert format_tree(cms, "copy") == "/copy : x\n  /deploy\n"
    assert cms.name == "cms"
    assert format_tree(node(cms, n=1), "top") == "/top\n  n = 1\n  /cms : x\n    /deploy\n"
    assert format_tree(Node(), "top") == "/top\n"


def test_properties_come_before_links_and_links_before_children() -> None:
    properties = {"b": 1, "a =>": "/x", "c ->": "/x", "B": 2, "a ->": "/y", "z": 3}
    assert format_tree(Node("n", properties, {"a": Node("a")})) == (
        "/n\n  B = 2\n  b = 1\n  z = 3\n  a -> /y\n  a => /x\n  c -> /x\n  /a\n"
    )


def test_the_servers_own_nodes_are_not_written() -> None:
    tree = node(named("a", named("zookeeper")), named("zookeeper", named("quota")))
    assert format_tree(tree) == "/a\n  /zookeeper\n"
    assert format_tree(tree, "top") == "/top\n  /a\n    /zookeeper\n"
    assert "zookeeper" in tree.children


@pytest.mark.parametrize(
    ("tree", "path", "message"),
    [
        (node(x=1), "/", "name it"),
        (node(named("a", named("b c"))), "/a/b c", "'b c' cannot be written"),
        (node(named("a/b")), "/a/b", "'a/b' cannot be written"),
        (node(named("..")), "/..", "cannot be written"),
        (Node("", {}, {"a": Node()}), "/a", "'' cannot be written"),
        (Node("", {}, {"a": Node("b")}), "/a", "'b' cannot be written"),
        (node(Node("a", {"": 1})), "/a", "property '': no line can hold"),
        (node(Node("a", {"b c": 1})), "/a", "property 'b c': no line"),
        (node(Node("a", {"b=": 1})), "/a", "property 'b=': no line"),
        (node(Node("a", {"b->c": 1})), "/a", "property 'b->c': no line"),
        (node(Node("a", {"/b": 1})), "/a", "property '/b': no line"),
        (node(Node("a", {"#b": 1})), "/a", "property '#b': no line"),
        (node(Node("a", {" ->": "/b"})), "/a", "property ' ->': no line"),
        (node(Node("a", {"b ->": 1})), "/a", "property 'b ->': 1 is not of the form PATH"),
        (node(Node("a", {"b ->": ""})), "/a", "property 'b ->': '' is not"),
        (node(Node("a", {"b ->": "c d"})), "/a", "property 'b ->': 'c d' is not"),
        (node(Node("a", {"b =>": "c  d"})), "/a", "property 'b =>': 'c  d' is not"),
        (node(named("a", b=(1,))), "/a", "property 'b': a tuple does not survive JSON"),
        (node(named("a", b=float("inf"))), "/a", "property 'b': inf is no number"),
    ],
)
def test_what_the_format_cannot_express_is_refused_with_its_path(
    tree: Node, path: str, message: str
) -> None:
    # The alternative would be an export that an import turns into something else.
    with pytest.raises(TreeFormatError, match=message) as caught:
        format_tree(tree)
    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}: ")


def test_nodes_are_walked_parents_first_and_by_name() -> None:
    tree = parse_tree("/b\n  /a\n/a-b\n/a\n  /b\n    /c\n")
    expected = ["/a", "/a/b", "/a/b/c", "/a-b", "/b", "/b/a"]
    assert [path for path, _ in walk(tree)] == expected
    assert [path for path, _ in walk(tree, "/")] == expected
    assert [path for path, _ in walk(tree, "/top")] == [f"/top{path}" for path in expected]
    assert dict(walk(tree))["/a/b/c"] is tree.children["a"].children["b"].children["c"]


@pytest.mark.parametrize(
    "other",
    [
        node(named("a", named("b"), x=True)),
        node(named("a", named("b"), x=1, y=2)),
        node(named("a", named("c"), x=1)),
        node(named("a", x=1)),
        named("r", named("a", named("b"), x=1)),
        node(named("a", named("b", z=1), x=1)),
        {},
    ],
)
def test_trees_that_differ_anywhere_are_not_equal(other: object) -> None:
    tree = node(named("a", named("b"), x=1))
    assert tree == node(named("a", named("b"), x=1.0))
    assert tree != other


def test_a_node_shows_what_it_is() -> None:
    assert repr(named("a", named("c"), named("b"), x=1)) == (
        "Node('a', {'x': 1}, children: ['b', 'c'])"
    )


def test_a_tree_far_deeper_than_the_stack_is_handled() -> None:
    depth = 2000
    tree = Node()
    below = tree
    for _ in range(depth):
        below.children["n"] = below = Node("n", {"x": 1})
    text = format_tree(tree)
    assert text.count("\n") == 2 * depth
    assert parse_tree(text) == tree
    assert sum(1 for _ in walk(tree)) == depth
    repr(tree)
    below.properties["x"] = 2
    assert parse_tree(text) != tree


words = st.text(min_size=1).filter(lambda word: not any(map(str.isspace, word)))
node_names = (
    words.map(lambda word: word.replace("/", ":"))
    | st.sampled_from(["a", "b:80", ":", "x=", "->", "#", "a->b"])
).filter(lambda name: name not in (".", "..", "zookeeper"))
property_names = (words | st.sampled_from(["type", "a", "b-", "-", ">", "<-"])).filter(
    lambda name: "=" not in name and "->" not in name and name[0] not in "/#"
)
properties = st.builds(
    lambda plain, links, property_links: plain | links | property_links,
    st.dictionaries(property_names, json_values, max_size=3),
    st.dictionaries(property_names.map("{} ->".format), words, max_size=2),
    st.dictionaries(
        property_names.map("{} =>".format),
        words | st.lists(words, min_size=2, max_size=2).map(" ".join),
        max_size=2,
    ),
)


def grow(names: st.SearchStrategy[str], below: st.SearchStrategy[Node]) -> Any:
    return st.builds(
        lambda properties, children: Node(
            "",
            properties,
            {name: Node(name, c.properties, c.children) for name, c in children.items()},
        ),
        properties,
        st.dictionaries(names, below, max_size=3),
    )


trees = st.recursive(
    properties.map(lambda values: Node("", values)),
    lambda below: grow(node_names, below),
    max_leaves=6,
).map(lambda tree: Node("", {}, tree.children))


@given(trees)
def test_every_tree_is_read_back_from_its_text(tree: Node) -> None:
    text = format_tree(tree)
    assert parse_tree(text) == tree
    assert format_tree(parse_tree(text)) == text
    assert parse_tree(text.replace("\n", "\r\n")) == tree


@given(trees, node_names)
def test_a_tree_under_another_name_is_the_same_tree(tree: Node, name: str) -> None:
    text = format_tree(tree, name)
    assert parse_tree(text).children[name].children == tree.children


lines = st.lists(
    st.tuples(
        st.sampled_from(["", "  ", "    ", "\t", " \t"]),
        st.text("/ab:=-># '1[]{},.\\\tu\x85", max_size=8)
        | st.sampled_from(["/a", "/b : c", "a = 1", "b = 'x'", "a -> b", "b => a", "#"]),
    ).map("".join),
    max_size=6,
)


@given(lines)
def test_any_text_is_refused_as_such_or_kept_as_it_was_understood(lines: list[str]) -> None:
    try:
        tree = parse_tree("\n".join(lines))
    except TreeSyntaxError as error:
        refused = error
    else:
        assert parse_tree(format_tree(tree)) == tree
        return
    assert lines[refused.line - 1].strip() == refused.text
