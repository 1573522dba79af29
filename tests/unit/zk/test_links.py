"""Links: they lead where a person reading the tree would say, or fail with the reason."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zk.errors import BadPropertyLink, LinkLoop, MissingNode
from zc.zk.links import MAX_LINKS, get_property, normalize, properties, resolve
from zc.zk.tree import parse_tree, walk

Nodes = dict[str, dict[str, Any]]


def tree(text: str) -> Nodes:
    root = parse_tree(text)
    return {"/": {}} | {path: node.properties for path, node in walk(root)}


SITE = tree(
    """
/cms : z4m cms
  threads = 4
  /databases
    /main
      main = True
      local -> .
      up -> ../..
  /providers
    /1.2.3.4:80
/retail
  threads = 1
  cms -> /cms
  here -> ./providers
  /databases
    main -> /cms/databases/main
    hidden -> /cms
    again -> main
    /hidden
  /providers
/loops
  a -> b
  b -> /loops/c
  c -> ./a
  grow -> grow/more
  out -> gone
  empty -> x
"""
)
SITE["/loops"] |= {"empty ->": "", "number ->": 5}


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("/", "/"),
        ("", "/"),
        ("//a///b/", "/a/b"),
        ("/a/./b/.", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/b/..", "/a"),
        ("/../..", "/"),
        ("/../a", "/a"),
        ("a/b", "/a/b"),
        ("/a/...", "/a/..."),
    ],
)
def test_dots_and_slashes_have_their_usual_meaning(path: str, normal: str) -> None:
    assert normalize(path) == normal


@pytest.mark.parametrize(
    ("path", "real"),
    [
        ("/", "/"),
        ("/cms/providers/", "/cms/providers"),
        ("/retail/databases/main", "/cms/databases/main"),
        ("/retail/databases/again", "/cms/databases/main"),
        ("/retail/cms/databases/main", "/cms/databases/main"),
        ("/retail/cms/providers/1.2.3.4:80", "/cms/providers/1.2.3.4:80"),
        ("/retail/here", "/retail/providers"),
        ("/retail/databases/hidden", "/retail/databases/hidden"),
        ("/cms/databases/main/local", "/cms/databases/main"),
        ("/cms/databases/main/local/up/providers", "/cms/providers"),
        ("/cms/databases/main/up/databases/main/up", "/cms"),
    ],
)
def test_a_path_leads_through_symbolic_links_to_a_real_node(path: str, real: str) -> None:
    assert resolve(path, SITE.get) == real


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/cms/nothing/else", "/loops/out", "/loops/empty", "/loops/number", "/cms/cms"],
)
def test_a_path_to_no_node_is_reported_as_the_caller_wrote_it(path: str) -> None:
    with pytest.raises(MissingNode) as caught:
        resolve(path, SITE.get)
    assert caught.value.args == (path,)


def test_without_even_a_root_every_path_is_missing() -> None:
    nothing: Nodes = {}
    for path in ("/", "/a/b"):
        with pytest.raises(MissingNode, match=path):
            resolve(path, nothing.get)


@pytest.mark.parametrize(
    ("path", "loop"),
    [
        ("/loops/a", ("/loops/a", "/loops/b", "/loops/c", "/loops/a")),
        ("/loops/b/x", ("/loops/b", "/loops/c", "/loops/a", "/loops/b")),
        ("/loops/grow", ("/loops/grow", "/loops/grow")),
    ],
)
def test_symbolic_links_that_lead_in_circles_end_and_name_the_circle(
    path: str, loop: tuple[str, ...]
) -> None:
    with pytest.raises(LinkLoop) as caught:
        resolve(path, SITE.get)
    assert caught.value.args == loop


def test_links_that_multiply_cannot_keep_a_reader_busy_for_ever() -> None:
    # Each link goes twice through the one before it: 2**60 steps.
    nodes: Nodes = {"/": {"l0 ->": "/"}}
    for i in range(60):
        nodes["/"][f"l{i + 1} ->"] = f"l{i}/l{i}"
    with pytest.raises(LinkLoop):
        resolve("/l60", nodes.get)


def test_a_chain_of_links_may_be_long() -> None:
    nodes: Nodes = {"/": {f"l{i} ->": f"l{i + 1}" for i in range(MAX_LINKS)}}
    nodes[f"/l{MAX_LINKS}"] = {}
    assert resolve("/l0", nodes.get) == f"/l{MAX_LINKS}"


def test_a_real_path_costs_a_single_look_up() -> None:
    asked = []

    def lookup(path: str) -> Mapping[str, Any] | None:
        asked.append(path)
        return SITE.get(path)

    assert get_property("/cms/databases/main", "main", lookup) is True
    assert asked == ["/cms/databases/main"]


# An independent, recursive definition of what a path means.


class Loop(Exception):
    pass


class Missing(Exception):
    pass


def meaning(names: list[str], nodes: Nodes, within: frozenset[str] = frozenset()) -> str:
    real = "/"
    for name in names:
        child = real.rstrip("/") + "/" + name
        if child not in nodes:
            link = child
            target = nodes[real].get(name + " ->")
            if target is None:
                raise Missing
            if link in within:
                raise Loop
            if not target.startswith("/"):
                target = real + "/" + target
            child = meaning(plain(target), nodes, within | {link})
        real = child
    return real


def plain(path: str) -> list[str]:
    names: list[str] = []
    for name in path.split("/"):
        if name == "..":
            names = names[:-1]
        elif name and name != ".":
            names = [*names, name]
    return names


names = st.sampled_from(["a", "b", "c"])
some_paths = st.lists(names, max_size=3).map("/".join)
targets = st.builds(
    "{}{}".format,
    st.sampled_from(["/", "", "./", "../", "../../", "//"]),
    st.lists(st.sampled_from(["a", "b", "c", "..", "."]), min_size=1, max_size=3).map("/".join),
)


@st.composite
def linked_nodes(draw: st.DrawFn) -> Nodes:
    nodes: Nodes = {"/": {}}
    for path in draw(st.lists(some_paths, max_size=5)):
        for end in range(len(plain(path))):
            nodes["/" + "/".join(plain(path)[: end + 1])] = {}
    for node in nodes.values():
        node |= draw(st.dictionaries(names.map("{} ->".format), targets, max_size=3))
    return nodes


@given(linked_nodes(), targets)
def test_resolution_agrees_with_its_definition(nodes: Nodes, path: str) -> None:
    try:
        expected = meaning(plain(path), nodes)
    except Loop:
        with pytest.raises(LinkLoop):
            resolve(path, nodes.get)
    except Missing:
        with pytest.raises(MissingNode):
            resolve(path, nodes.get)
    else:
        assert resolve(path, nodes.get) == expected
        assert expected in nodes


LINKED = tree("""
/a
  x = 1
  threads = 7
  /b
    x => c x
    x2 => .. x
    x33 => ./../c x
    threads => ..
    own = 'mine'
    own => .. x
    far => /a/d far
    child -> /a/c
    /c
      x = 'c of b'
  /c
    x = 'c of a'
    far => ../c nothing
    none = None
  d -> c
  /e
    far => ../b/child x
""")
LINKED["/a/c"]["far =>"] = "../e"


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("/a", "x", 1),
        ("/a/b", "x", "c of b"),
        ("/a/b", "x2", 1),
        ("/a/b", "x33", "c of a"),
        ("/a/b", "threads", 7),
        ("/a/b", "own", "mine"),
        ("/a/b", "far", "c of a"),  # through two property links and two symbolic ones
        ("/a/b", "x =>", "c x"),
        ("/a/b", "child ->", "/a/c"),
        ("/a/d", "none", None),
    ],
)
def test_a_property_is_the_nodes_own_or_that_at_the_end_of_its_link(
    path: str, name: str, value: object
) -> None:
    assert get_property(path, name, LINKED.get) == value


def test_an_absent_property_is_a_key_error_and_an_absent_node_is_not() -> None:
    with pytest.raises(KeyError, match=r"^'y'$"):
        get_property("/a", "y", LINKED.get)
    with pytest.raises(MissingNode, match=r"^/y$"):
        get_property("/y", "x", LINKED.get)


def test_all_properties_are_read_by_value_under_plain_names() -> None:
    assert properties("/a/b", LINKED.get) == {
        "x": "c of b",
        "x2": 1,
        "x33": "c of a",
        "threads": 7,
        "own": "mine",
        "far": "c of a",
        "child ->": "/a/c",
    }
    assert list(properties("/a/b", LINKED.get))[:2] == ["x", "x2"]


BAD: Nodes = {
    "/": {},
    "/a": {
        "self =>": ".",
        "ring =>": "/b ring",
        "gone =>": "/nowhere",
        "lacks =>": "/b",
        "via =>": "../b lacking",
        "none =>": "",
        "many =>": "/a b c",
        "number =>": 3,
        "null =>": None,
        "circle =>": "/circle x",
    },
    "/b": {"ring =>": "../a ring", "lacking =>": "/a deeper"},
}
BAD["/"]["circle ->"] = "circle"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("self", "property link /a: self => ., then /a: self => .: it leads back to itself"),
        (
            "ring",
            "property link /a: ring => /b ring, then /b: ring => ../a ring, "
            "then /a: ring => /b ring: it leads back to itself",
        ),
        ("gone", "property link /a: gone => /nowhere: there is no node /nowhere"),
        ("lacks", "property link /a: lacks => /b: /b has no property 'lacks'"),
        (
            "via",
            "property link /a: via => ../b lacking, then /b: lacking => /a deeper: "
            "/a has no property 'deeper'",
        ),
        ("none", "property link /a: none => : expected PATH or PATH NAME"),
        ("many", "property link /a: many => /a b c: expected PATH or PATH NAME"),
        ("number", "property link /a: number => 3: expected PATH or PATH NAME"),
        ("null", "property link /a: null => None: expected PATH or PATH NAME"),
        (
            "circle",
            "property link /a: circle => /circle x: symbolic links loop: /circle -> /circle",
        ),
    ],
)
def test_a_bad_property_link_names_each_node_on_its_way_and_the_cause(
    name: str, message: str
) -> None:
    with pytest.raises(BadPropertyLink) as caught:
        get_property("/a", name, BAD.get)
    assert str(caught.value) == message


def test_a_bad_property_link_is_not_dropped_from_all_properties() -> None:
    with pytest.raises(BadPropertyLink, match="self"):
        properties("/a", BAD.get)


def test_a_long_chain_of_property_links_is_followed() -> None:
    nodes: Nodes = {"/": {}} | {f"/n{i}": {"v =>": f"/n{i + 1}"} for i in range(2000)}
    nodes[f"/n{MAX_LINKS}"] = {"v": "end"}
    assert get_property("/n0", "v", nodes.get) == "end"


def test_a_chain_without_an_end_in_sight_is_given_up() -> None:
    """Whoever checks every link of a tree would follow such a chain from each of its nodes."""
    nodes: Nodes = {"/": {}} | {f"/n{i}": {"v =>": f"/n{i + 1}"} for i in range(2000)}
    with pytest.raises(BadPropertyLink, match=f"more than {MAX_LINKS} other links") as caught:
        get_property("/n0", "v", nodes.get)
    assert len(str(caught.value)) < 1000
