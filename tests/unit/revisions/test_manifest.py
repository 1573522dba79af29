"""Manifests say to a host what the tree says, and nothing of them is believed unchecked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.json_documents import json_like

from zc.zk.errors import BadPropertyLink
from zc.zk.tree import Node, parse_tree, walk
from zc.zkdeployment.errors import BadRevision, BadTree
from zc.zkdeployment.host.desired import assemble, gather
from zc.zkdeployment.model import Desired, Identity, Manifest, Software, TargetDeployment
from zc.zkdeployment.revisions.manifest import compile_tree, decode_manifest, encode_manifest
from zc.zkdeployment.tree.problems import Place
from zc.zkdeployment.tree.tree_parts import Tree, tree_of
from zc.zkdeployment.tree.validate import Host, validate


def tree(text: str) -> Tree:
    return tree_of({"/": Node()} | dict(walk(parse_tree(text))))


X = " : x\n  version = '1'\n  /deploy\n    /h\n"
X_AT_A = TargetDeployment("/a", "x", None, "1", 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("/a : x\n", []),
        ("/a" + X, [Manifest("h", (X_AT_A,))]),
        (
            "/a : y-1 s\n  /deploy\n    /h\n      n = 0\n    /g\n      n => /d m\n/d\n  m = 3\n",
            [
                Manifest("g", (TargetDeployment("/a", "y-1", "s", None, 3),)),
                Manifest("h", (TargetDeployment("/a", "y-1", "s", None, 0),)),
            ],
        ),
        (
            "/a-b" + X + "/a" + X + "  /c : y-1\n    /deploy\n      /h\n",
            [
                Manifest(
                    "h",
                    (
                        TargetDeployment("/a/c", "y-1", None, None, 1),
                        X_AT_A,
                        TargetDeployment("/a-b", "x", None, "1", 1),
                    ),
                )
            ],
        ),
        (
            "/roles\n  /r : c\n    version => /d v\n  /s : c-1\n    /t : no-1\n"
            "/d\n  v = '2'\n/a" + X.replace("/h", "/r"),
            [
                Manifest("r", (X_AT_A,), Software("c", "2")),
                Manifest("s", (), Software("c-1", None)),
            ],
        ),
        ("/a" + X + "      /notes\n        /deploy\n", [Manifest("h", (X_AT_A,))]),
        ("/hosts\n  /a : x\n    /deploy\n      /h\n", []),
    ],
)
def test_each_target_is_told_what_it_has_to_do_in_tree_order(
    text: str, expected: list[Manifest]
) -> None:
    assert list(compile_tree(tree(text)).items()) == [(each.target, each) for each in expected]


BROKEN = (
    "/a : ../x\n  /deploy\n    /h\n/b : y\n  version => /no\n  /deploy\n    /h\n"
    "/c" + X + "/roles\n  /r : c\n"
)
WRONG = [
    "/a: type '../x' names no software: letters, digits and _ . + - only",
    "property link /b: version => /no: there is no node /no",
    "No version found for /roles/r",
]


def test_what_no_host_may_do_is_not_published() -> None:
    lines = BROKEN.replace("../x", "x-1")
    with pytest.raises(BadPropertyLink, match="there is no node /no"):
        compile_tree(tree(lines))
    with pytest.raises(BadTree, match="No version found for /roles/r"):
        compile_tree(tree(lines.replace("=> /no", "= '1'")))


def test_what_hosts_do_already_can_be_compared_although_some_of_it_is_broken() -> None:
    told: list[ValueError] = []
    found = compile_tree(tree(BROKEN), told.append)
    assert found == {"h": Manifest("h", (TargetDeployment("/c", "x", None, "1", 1),))}
    assert [str(error) for error in told] == WRONG


A_DEPLOYMENT = ["/a", "x", "s", "1:2-3", 2]
GOOD: dict[str, Any] = {
    "format": 1,
    "target": "h",
    "deployments": [A_DEPLOYMENT, ["/", "y-1", None, None, 0]],
    "controller": ["c", "git://host/c#main"],
}
A_MANIFEST = Manifest(
    "h",
    (TargetDeployment("/a", "x", "s", "1:2-3", 2), TargetDeployment("/", "y-1", None, None, 0)),
    Software("c", "git://host/c#main"),
)


def dump(document: object) -> bytes:
    return json.dumps(document).encode()


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert json.loads(encode_manifest(A_MANIFEST)) == GOOD
    assert decode_manifest(encode_manifest(A_MANIFEST)) == A_MANIFEST
    assert decode_manifest(dump(GOOD)) == A_MANIFEST


def test_a_manifest_without_timeouts_keeps_the_bytes_of_releases_that_knew_none() -> None:
    """Revisions are stored by digest and signed: what did not change must not change."""
    assert encode_manifest(Manifest("h", (X_AT_A,))) == (
        b'{"controller":null,"deployments":[["/a","x",null,"1",1]],"format":1,"target":"h"}'
    )


@pytest.mark.parametrize("written", ["30", "30.0", "3e1"])
def test_equal_timeouts_are_published_as_equal_bytes(written: str) -> None:
    (manifest,) = compile_tree(tree("/a" + X + f"  timeout = {written}\n")).values()
    assert manifest == Manifest("h", (replace(X_AT_A, timeout=30.0),))
    encoded = encode_manifest(manifest)
    assert b'["/a","x",null,"1",1,{"timeout":30.0}]' in encoded
    assert decode_manifest(encoded) == manifest


def test_how_many_hosts_may_work_at_once_goes_with_the_hosts_that_it_is_a_share_of() -> None:
    text = "/a : x\n  version = '1'\n  max_parallel = {}\n  /deploy\n    /h\n    /web\n"
    three = compile_tree(tree(text.format(3)))["h"]
    assert b'{"max_parallel":3}' in encode_manifest(three)
    assert decode_manifest(encode_manifest(three)) == three
    share = compile_tree(tree(text.format("'12.5%'")))["h"]
    assert b'{"max_parallel":"12.5%","targets":["h","web"]}' in encode_manifest(share)
    [deployment] = decode_manifest(encode_manifest(share)).deployments
    assert deployment.max_parallel is not None
    assert deployment.max_parallel.of([frozenset({"web"})] * 16) == 2


@pytest.mark.parametrize(
    "options",
    [
        {},
        [],
        30,
        {"timeout": 0},
        {"max_parallel": 0},
        {"max_parallel": "3"},
        {"colour": "red"},
        {"max_parallel": "5%", "targets": [3]},
        {"max_parallel": 3, "targets": "h"},
    ],
)
def test_options_that_are_not_understood_are_refused(options: object) -> None:
    """Whoever passed over them could let too many hosts work at once."""
    with pytest.raises(BadRevision, match="the manifest of 'h': "):
        decode_manifest(dump({**GOOD, "deployments": [[*A_DEPLOYMENT, options]]}))


def test_a_node_is_in_a_manifest_once() -> None:
    """A host would run its script twice, under one lock each."""
    with pytest.raises(BadRevision, match=r"^the manifest of 'h': '/a' is in it twice$"):
        decode_manifest(
            dump({**GOOD, "deployments": [A_DEPLOYMENT, ["/a", "y-1", None, None, 1]]})
        )


@pytest.mark.parametrize(
    "document",
    [
        {**GOOD, "target": "h" * 100_000, "controller": ["c", None]},
        {**GOOD, "deployments": [["/" + "a" * 100_000, "-x", None, "1", 0]]},
        {**GOOD, "deployments": [["/a", "-" * 100_000, None, "1", 0]]},
        {**GOOD, "deployments": [["/a", "x", "-" * 100_000, "1", 0]]},
        {**GOOD, "deployments": [["/a", "x", None, "-" * 100_000, 0]]},
        {**GOOD, "deployments": [["/a", "x", None, "1", 10**4000]]},
        {**GOOD, "deployments": [["/a", "x", None, "1", 1, "1" * 100_000]]},
        {**GOOD, "deployments": [["/a" * 50_000, "x", None, "1", 0]] * 2},
        {**GOOD, "controller": ["c" * 100_000, "1"]},
        {**GOOD, "format": "1" * 100_000},
    ],
)
def test_an_error_quotes_no_more_of_a_manifest_than_a_person_reads(document: object) -> None:
    """It is written to the node of the host and to every log."""
    with pytest.raises(BadRevision) as refused:
        decode_manifest(dump(document))
    assert len(str(refused.value)) < 700


BAD_FIELDS: dict[str, list[object]] = {
    "node": [
        *("", "a", "/a/", "//a", "/a//b", "/.", "/a/../b", "/a\n", "/\0", "/\ud800", "/" * 9),
        *("/" + "n" * 250, 1, None, ["/a"]),
    ],
    "software": [
        *("", "x y", "x/y", "../x", "/x", ".x", "-x", "--config=x", "x\n", "é", "x" * 201),
        *(None, 1, True, ["x"], {}),
    ],
    "subtype": ["", "-s", "--x", "a b", "s\n", "s" * 201, 1, False, [], {}],
    "version": [
        *("", "-1", "--x", "1 2", "1*", "1;reboot", "1\n", "é", "1" * 201, 1, 1.0, True, [], {}),
        *("http://h", "git://r", "git://-u#m", "git://ext::sh#m", "svn://h/a b", None),
    ],
    "n": ["1", "", 1.0, True, None, -1, 1001, 10**300, [1], {}],
    "timeout": [
        *(0, -1, 0.0, 604_801, 1e300, float("inf"), float("nan"), 10**4000, True, "1", None, []),
    ],
}
BAD_TOPS: dict[str, list[object]] = {
    "format": [0, 2, True, 1.0, "1", None, [1], 10**300],
    "target": [None, 1, True, ["h"], {}],
    "deployments": [None, 1, {}, "ab", [1], ["abcde"], [[]], [["/a", "x", None, "1"]], [{}]],
    "controller": [
        *(1, "c", {}, [], ["c"], ["c", "1", "2"], {"c": "1"}, False),
        *(["c", None], ["c", 1], [1, "1"], ["-c", "1"], ["../c", "1"], ["c", "http://h"]),
    ],
}
NO_DOCUMENTS = [
    *(b"", b" ", b"null", b"1", b"[]", b'"a"', b"{}", b"{", b"\xff", b"\0", b"\xef\xbb\xbf"),
    *(b"[" * 100_000, b'{"format":' * 100_000, b'{"format":' + b"9" * 5000 + b"}"),
    b'{"format":' + b"[" * 900 + b"]" * 900 + b"}",
    *(encode_manifest(A_MANIFEST)[:-1], encode_manifest(A_MANIFEST) * 2),
]


def _bad_documents() -> list[bytes]:
    deployments = [
        [*A_DEPLOYMENT[:place], value, *A_DEPLOYMENT[place + 1 :]]
        for place, field in enumerate(BAD_FIELDS)
        for value in BAD_FIELDS[field]
    ]
    return [
        *(dump({**GOOD, "deployments": [each]}) for each in (*deployments, [*A_DEPLOYMENT, 1, 1])),
        *(dump({**GOOD, name: value}) for name, values in BAD_TOPS.items() for value in values),
        *(dump({key: GOOD[key] for key in GOOD if key != name}) for name in GOOD),
        *NO_DOCUMENTS,
    ]


@pytest.mark.parametrize("data", _bad_documents(), ids=lambda data: ascii(data[:100]))
def test_what_no_tree_may_say_is_refused(data: bytes) -> None:
    """Whoever can write to ZooKeeper must not get past the checks that a tree goes through."""
    with pytest.raises(BadRevision):
        decode_manifest(data)


_documents = st.one_of(
    json_like,
    st.tuples(st.sampled_from([*GOOD]), json_like).map(lambda pair: GOOD | dict([pair])),
    st.tuples(*(json_like | st.just(good) for good in [*A_DEPLOYMENT, 30])).map(
        lambda deployment: GOOD | {"deployments": [deployment]}
    ),
    st.tuples(json_like, json_like).map(lambda pair: GOOD | {"controller": pair}),
)


@given(st.binary() | _documents.map(dump))
def test_an_agent_never_dies_of_what_is_in_a_manifest(data: bytes) -> None:
    try:
        manifest = decode_manifest(data)
    except BadRevision:
        return
    again = encode_manifest(manifest)
    assert decode_manifest(again) == manifest


Properties = dict[str, Any]

_sound: list[Properties] = [
    *({"type": "x", "version": version} for version in ("1", "1", "2", "svn://h/p")),
    *({"type": type_, "version =>": "/d v"} for type_ in ("x", "x s", "y")),
    {"type": "x", "version": "1", "timeout": 1.5},
    {"type": "x", "version": "1", "timeout =>": "/d n"},
    *({"type": "x-1"}, {"type": "x-1 s"}, {"type =>": "/d", "version": "1"}),
]
_unsound: list[Properties] = [
    *({}, {"type": "x"}, {"version": "1"}, {"type": "x y z", "version": "1"}),
    *({"type": "../x", "version": "1"}, {"type": "x", "version": 1}),
    {"type": "x", "version": "1", "timeout": "30"},
    *({"type": "x", "version =>": "/no"}, {"type": "x", "version =>": "/hosts v"}),
]
_sound_n: list[Properties] = [{}, {}, {}, {"n": 0}, {"n": 3}, {"n =>": "/d"}]
_names = st.sampled_from(["i1", "h1", "i2", "h2", "r", "s"])
_paths = st.sampled_from(["/a", "/a/b", "/a-b", "/c", "/c/deploy/h1", "/hosts/a"])
_IDENTITIES = [
    *(Identity("i1", "h1"), Identity("i2", "h2"), Identity("h1", "h1"), Identity("i3", "h3")),
    *(Identity("i1", "h1", "r"), Identity("i2", "h2", "s"), Identity("i3", "h3", "r")),
    *(
        Identity("i1", "h1", "h1"),
        Identity("r", "r", "r"),
        Identity("h2", "h1"),
        Identity("r", "s"),
    ),
]


def _trees(properties: list[Properties], n: list[Properties]) -> st.SearchStrategy[Node]:
    targets = st.dictionaries(_names, st.sampled_from(n), max_size=3)
    held = st.sampled_from(properties)
    return st.builds(
        _tree,
        st.dictionaries(_paths, st.tuples(held, targets), max_size=4),
        st.dictionaries(st.sampled_from(["r", "s", "h1"]), held, max_size=2),
    )


def _tree(
    sites: Mapping[str, tuple[Properties, Mapping[str, Properties]]],
    controllers: Mapping[str, Properties],
) -> Node:
    root = Node()
    _put(root, "/d", {"v": "1", "n": 2, "type": "y t"})
    _put(root, "/c", {"type": "x", "version": "1"})  # /c/deploy/h1 deploys it too
    for path, (held, targets) in sites.items():
        _put(root, path, held)
        for target, n in targets.items():
            _put(root, f"{path}/deploy/{target}", n)
    for role, held in controllers.items():
        _put(root, f"/roles/{role}", held)
        _put(root, f"/role-locks/{role}", {})
    return root


def _put(node: Node, path: str, properties: Properties) -> None:
    for name in path[1:].split("/"):
        node = node.children.setdefault(name, Node(name))
    node.properties.update(properties)


def _read(root: Node) -> Tree:
    return tree_of({"/": root} | dict(walk(root)))


def _outcome(wants: Any, *arguments: object) -> Desired | tuple[type, str]:
    try:
        found: Desired = wants(*arguments)
    except ValueError as error:
        return type(error), str(error)
    return found


@given(_trees(_sound, _sound_n))
def test_a_manifest_makes_a_host_do_what_the_tree_does(root: Node) -> None:
    """Hosts that read a revision and hosts that read the live tree must not differ."""
    whole = _read(root)
    manifests = compile_tree(whole)
    for manifest in manifests.values():
        assert decode_manifest(encode_manifest(manifest)) == manifest
    for identity in _IDENTITIES:
        assert _outcome(assemble, manifests, identity) == _outcome(gather, whole, identity)


@given(
    _trees([*_sound * 4, *_unsound], [*_sound_n * 2, {"n": "1"}]),
    st.lists(st.sampled_from(_IDENTITIES), unique_by=lambda each: each.host_identifier),
)
def test_a_tree_that_validates_never_makes_an_agent_refuse_it(
    root: Node, identities: list[Identity]
) -> None:
    hosts = [Host(identity, Place("hosts")) for identity in identities]
    if any(problem.severity == "error" for problem in validate(root, hosts)):
        return
    manifests = compile_tree(_read(root))
    for identity in identities:
        assemble(manifests, identity)
