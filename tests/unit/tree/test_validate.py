"""What is found in tree files before any host sees them."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zk.source import parse_source
from zc.zk.tree import Node, format_tree, walk
from zc.zkdeployment.host.desired import assemble, gather
from zc.zkdeployment.model import Identity
from zc.zkdeployment.revisions.manifest import compile_tree, decode_manifest, encode_manifest
from zc.zkdeployment.tree.problems import RULES, Place, Problem, severity_of
from zc.zkdeployment.tree.validate import Host, validate

GOOD = """
/cust
  /cms : z4m special
    version = '2.0.0'
    providers -> /cust/cms/providers
    threads => /defaults threads
    /providers
    /deploy
      /host42
        n = 2
      /host43
  /monitor : mon-1.0
    /deploy
      /424242424242
  /cache : squid
    version => /defaults squid-version
    /deploy
      /cache
/defaults
  threads = 4
  squid-version = 'svn://example.com/squid'
/roles
  /cache : controller
    version = '1'
/role-locks
  /cache
"""
HOSTS = ["424242424242 host42", "434343434343 host43", "4444 host44 cache"]


def hosts(lines: Sequence[str]) -> list[Host]:
    return [
        Host(Identity(*line.split()), Place("hosts", number, 1))
        for number, line in enumerate(lines, 1)
    ]


def check(text: str, lines: Sequence[str] = ()) -> list[Problem]:
    root, mistakes = parse_source(dedent(text), "f")
    assert mistakes == []
    return validate(root, hosts(lines))


def shown(problems: Sequence[Problem]) -> list[str]:
    return [
        " ".join([str(problem), *(f"({place} {place.node})" for place in problem.places[1:])])
        for problem in problems
    ]


@pytest.mark.parametrize("lines", [[], HOSTS])
def test_a_good_tree_is_good(lines: list[str]) -> None:
    assert check(GOOD, lines) == []


def test_what_is_below_a_target_is_no_target() -> None:
    assert check("/a : x-1\n  /deploy\n    /host\n      /notes\n", ["42 host"]) == []


def test_an_empty_tree_is_good() -> None:
    assert validate(Node()) == []


DEPLOY = "\n  /deploy\n    /h\n"
LONG = "/" + "n" * 243  # with one instance its file name is as long as can be


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/a" + DEPLOY, ["f:1:1: error: No type found for /a [no-type]"]),
        (
            "/a\n  type = None" + DEPLOY,
            ["f:2:3: error: No type found for /a [bad-type]"],
        ),
        (
            "/a : ../x -s" + DEPLOY,
            [
                "f:1:1: error: /a: type '../x' names no software: letters, digits and _ . + - only"
                " [bad-type]"
            ],
        ),
        (
            "/a : x -s\n  version = '1'" + DEPLOY,
            [
                "f:1:1: error: /a: subtype '-s' must not start with a dash or hold control"
                " characters [bad-type]"
            ],
        ),
        ("/a : x" + DEPLOY, ["f:1:1: error: No version found for /a [no-version]"]),
        (
            "/a\n  type = 1\n  version = 2" + DEPLOY,
            [
                "f:2:3: error: /a: invalid type 1: expected SOFTWARE or SOFTWARE SUBTYPE"
                " [bad-type]",
                "f:3:3: error: /a: version 2 must be a string; put it in quotes [bad-version]",
            ],
        ),
        (
            "/a : x\n  version = 'git://r'" + DEPLOY,
            [
                "f:2:3: error: /a: version 'git://r' cannot be checked out: the repository or #REF"
                " is missing; expected svn://…, svn+ssh://…, file:///… (svn) or"
                " git://REPOSITORY#REF [bad-version]"
            ],
        ),
        (
            "/a : x-1" + DEPLOY + "      n = -1\n    /h2\n      n => /b m\n/b\n  m = '1'\n",
            [
                "f:4:7: error: /a/deploy/h: n must be a whole number from 0 to 1000, not -1"
                " [bad-n]",
                "f:6:7: error: /a/deploy/h2: n must be a whole number from 0 to 1000, not '1'"
                " [bad-n]",
            ],
        ),
        (
            "/a : x-1\n  timeout = 0" + DEPLOY + "/b : x-1\n  timeout => /d t\n  /deploy\n"
            "    /h\n    /h2\n/d\n  t = '1h'\n",
            [
                "f:2:3: error: /a: timeout must be a number of seconds above 0, at most 604800,"
                " not 0 [bad-timeout]",
                "f:6:3: error: /b: timeout must be a number of seconds above 0, at most 604800,"
                " not '1h' [bad-timeout]",
            ],
        ),
        (
            "/a : x-1\n  max_parallel = 0" + DEPLOY,
            [
                "f:2:3: error: /a: max_parallel must be a whole number from 1 to 10000 or a"
                " percentage such as '25%', up to '100%', not 0 [bad-max-parallel]",
            ],
        ),
        (
            "/a\x01\n  /b : x-1\n    /deploy\n      /h\x7f\n/\ue000\n/\U0001f600\n/é\n",
            [
                f"f:{line}: error: {path}: ZooKeeper takes no such name: no control characters,"
                " none from U+E000 to U+F8FF and from U+FFF0 on [bad-name]"
                for line, path in [
                    ("1:1", r"'/a\x01'"),
                    ("4:7", r"'/a\x01/b/deploy/h\x7f'"),
                    ("5:1", r"'/\ue000'"),
                    ("6:1", r"'/\U0001f600'"),
                ]
            ],
        ),
        (
            f"{LONG} : x-1" + DEPLOY + "      n = 1000\n    /h2\n    /h3\n      n = 101\n",
            [
                f"f:1:1: error: {LONG}: the path is too long:"
                " its file name would exceed 255 bytes [long-path]"
            ],
        ),
        ("/deploy\n  /h\n", ["f:1:1: error: No type found for / [no-type]"]),
        (
            "/hosts\n  /a" + DEPLOY.replace("\n", "\n  ") + "\n",
            [
                "f:4:7: warning: /hosts/a/deploy/h: agents do not read what is below /hosts"
                " [ignored-deployment]"
            ],
        ),
    ],
)
def test_what_a_host_would_refuse_is_found_on_its_line(text: str, expected: list[str]) -> None:
    assert shown(check(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "/a\n  l -> /nowhere\n",
            ["f:2:3: error: symbolic link /a: l -> /nowhere: there is no such node"],
        ),
        (
            "/a\n  l -> ../b/l\n/b\n  l -> /a/l\n",
            [
                "f:2:3: error: symbolic link /a: l -> ../b/l: it leads back to itself:"
                " /a/l -> /b/l -> /a/l (f:4:3 /b)",
                "f:4:3: error: symbolic link /b: l -> /a/l: it leads back to itself:"
                " /b/l -> /a/l -> /b/l (f:2:3 /a)",
            ],
        ),
        (
            "/a\n  p => /nowhere\n",
            ["f:2:3: error: property link /a: p => /nowhere: there is no node /nowhere"],
        ),
        (
            "/a\n  p => /b q\n/b\n",
            ["f:2:3: error: property link /a: p => /b q: /b has no property 'q'"],
        ),
        (
            "/a\n  p => /a p\n",
            [
                "f:2:3: error: property link /a: p => /a p, then /a: p => /a p:"
                " it leads back to itself"
            ],
        ),
        # Hidden links are not followed; what only ZooKeeper knows may be there.
        ("/a\n  l -> /nowhere\n  /l\n  p => /nowhere\n  p = 1\n", []),
        ("/a\n  l -> /hosts/h1\n  p => /hosts version\n  q => l/x y\n", []),
        ("/a\n  version => /b\n/b\n  version => /hosts\n", []),
    ],
)
def test_a_link_leads_somewhere(text: str, expected: list[str]) -> None:
    found = [
        line.replace(" [symbolic-link]", "").replace(" [property-link]", "")
        for line in shown(check(text))
    ]
    assert found == expected


def test_a_bad_link_is_told_once_although_a_host_needs_it() -> None:
    assert shown(check("/a : x\n  version => /nowhere" + DEPLOY)) == [
        "f:2:3: error: property link /a: version => /nowhere: there is no node /nowhere"
        " [property-link]"
    ]


def test_a_host_cannot_follow_a_link_out_of_what_agents_read() -> None:
    assert shown(check("/a : x\n  version => /hosts" + DEPLOY + "/hosts\n  version = '1'\n")) == [
        "f:2:3: error: property link /a: version => /hosts: there is no node /hosts"
        " that agents read [property-link]"
    ]


THREE = """
/a : x
  version = '1'
  /deploy
    /h1
    /h2
    /h3
    /h4
    /h5
/b : x
  version => /d v
  /deploy
    /h1
    /h2
    /h3
    /h4
    /h5
/c : x
  version = '2'
  /deploy
    /h1
/d
  v = '2'
/e : x
  version = '3'
  /deploy
    /h1
      n = 0
    /h2
"""


def test_conflicting_versions_are_told_once_with_both_lines() -> None:
    """An error for each of a thousand hosts would hide that it is one mistake."""
    assert shown(check(THREE)) == [
        "f:11:3: error: Inconsistent versions for x on h1, h2, h3 and 2 more. '2' != '1'"
        " [inconsistent-versions] (f:3:3 /a)",
        "f:25:3: error: Inconsistent versions for x on h2. '3' != '1'"
        " [inconsistent-versions] (f:3:3 /a)",
    ]


def test_two_names_of_one_host_conflict_where_the_hosts_are_known() -> None:
    text = (
        "/a : x\n  version = '1'\n  /deploy\n    /h\n/b : x\n  version = '2'\n  /deploy\n    /i\n"
    )
    assert check(text) == []
    assert shown(check(text, ["i h"])) == [
        "f:6:3: error: Inconsistent versions for x on h. '2' != '1' [inconsistent-versions]"
        " (f:2:3 /a)"
    ]


def test_a_controller_is_checked_like_all_software_of_its_role() -> None:
    lock = "/role-locks\n  /r\n  /s\n  /t\n"
    text = (
        "/a : x\n  version = '1'\n  /deploy\n    /r\n"
        "/roles\n  /r : x\n    version = '2'\n  /s : y\n  /t\n" + lock
    )
    expected = [
        "f:2:3: error: Inconsistent versions for x on r. '1' != '2' [inconsistent-versions]"
        " (f:7:5 /roles/r)",
        "f:8:3: error: No version found for /roles/s [no-version]",
        "f:9:3: error: No type found for /roles/t [no-type]",
    ]
    assert shown(check(text)) == expected
    assert shown(check(text, ["i r", "i2 h2 r"])) == expected


def test_a_role_with_a_controller_has_a_lock() -> None:
    """The first host of the role would stop the fleet."""
    assert shown(check("/roles\n  /r : x-1\n")) == [
        "f:2:3: error: role lock node '/role-locks/r' must exist, because /roles/r does; put it"
        " into a .zkx file, so that publishing does not trim the queue below it [no-role-lock]"
    ]


def test_a_list_of_hosts_shows_what_names_alone_do_not() -> None:
    text = """\
    /a : x
      version = '1'
      /deploy
        /h1
        /i1
        /h2
        /r
        /h4
        /h5
    """
    assert check(text) == []
    assert shown(check(text, ["i1 h1", "i2 h2 r", "h4 h4", "i5 h5 h5"])) == [
        "f:4:5: error: Conflicting deployments for /a. Can't deploy to h1 and i1. [host-twice]"
        " (f:5:5 /a/deploy/i1)",
        "f:6:5: error: Found a host-based deployment at /a/deploy/h2 but the host has a role, r."
        " [host-and-role] (hosts:2:1 None)",
    ]


def test_a_target_that_is_no_host_is_most_likely_misspelt() -> None:
    assert shown(check("/a : x-1\n  /deploy\n    /hots\n", ["i host"])) == [
        "f:3:5: warning: /a/deploy/hots: no host has 'hots' as its identifier, name or role"
        " [unknown-target]"
    ]


def test_a_tree_without_files_has_problems_without_lines() -> None:
    (found,) = validate(Node(children={"a": Node("a", {"l ->": "/b"})}))
    assert found.places == (Place("", node="/a"),)


_types = st.sampled_from(["x", "x s", "y", "x-1", "mon-itor", "", "x -s", "--x", 3, None])
_versions = st.sampled_from(["1", "1", "1", "2", 1, "svn://h/p", "git://x", "http://h", None])
_counts = st.sampled_from([0, 1, 2, 1000, 1001, "1", True])
_links = st.sampled_from(["/defaults v", "/defaults w", "/nowhere", "/hosts version", "/a"])
_timeouts = st.sampled_from([1, 0.5, 604800, 604801, 0, -1, "1", True, None])
_good = st.fixed_dictionaries(
    {"type": st.sampled_from(["x", "x", "y"]), "version": st.sampled_from(["1", "1", "2"])},
    optional={"timeout": st.sampled_from([1, 0.5, 604800])},
)
_any = st.fixed_dictionaries(
    {},
    optional={
        "type": _types,
        "version": _versions,
        "version =>": _links,
        "timeout": _timeouts,
        "timeout =>": _links,
    },
)
# What ZooKeeper, so also every host, could never have; and what only looks like that.
_odd = ["a\x01", "h\x7f", "\ue000", "\U0001f600", "é", "%2C", "a,b", "-", "\u202e"]
_names = ["i1", "h1", "i2", "h2", "r", "h3", "deploy"]
_targets = st.dictionaries(
    st.sampled_from(_names) | st.sampled_from(_names) | st.sampled_from(_odd),
    st.just({}) | st.just({}) | st.fixed_dictionaries({}, optional={"n": _counts, "n =>": _links}),
    max_size=2,
)
_sites = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d", "hosts", "n" * 243, "e", "f"]) | st.sampled_from(_odd),
    st.tuples(st.one_of(_good, _good, _good, _any), _targets),
    max_size=4,
)
_roles = st.dictionaries(st.sampled_from(["r", "h3"]), _good | _any, max_size=2)
_hosts = st.lists(
    st.sampled_from(["i1 h1", "i2 h2", "i2 h2 r", "i1 h1 h3", "h3 h3", "i4 r r"]),
    unique_by=lambda line: line.split()[0],
)

_REFUSED_BY_A_HOST = RULES.keys() - {
    *("unreadable", "syntax", "duplicate-node", "symbolic-link", "property-link"),
    *("no-role-lock", "unknown-target", "ignored-deployment", "bad-name", "too-large"),
}


def _children(nodes: dict[str, Node]) -> dict[str, Node]:
    for name, node in nodes.items():
        node.name = name
    return nodes


@given(_sites, _roles, _hosts)
def test_it_finds_an_error_exactly_if_some_host_would_refuse_the_tree(
    sites: dict[str, tuple[dict[str, Any], dict[str, Any]]],
    roles: dict[str, dict[str, Any]],
    lines: list[str],
) -> None:
    """What validates stops no fleet, and nobody has to mend what hosts would take."""
    nodes = {"defaults": Node("", {"v": "1", "w": 2})}
    for name, (properties, targets) in sites.items():
        below = _children({target: Node("", held) for target, held in targets.items()})
        nodes[name] = Node("", properties, _children({"deploy": Node("", {}, below)}))
    controllers = {role: Node("", properties) for role, properties in roles.items()}
    nodes["roles"] = Node("", {}, _children(controllers))
    nodes["role-locks"] = Node("", {}, _children({role: Node() for role in roles}))
    root, _ = parse_source(format_tree(Node("", {}, _children(nodes))), "f")
    problems = validate(root, hosts(lines))

    tree: dict[str, dict[str, Any]] = {"/": {}}
    for path, node in walk(root):
        if path.split("/")[1] not in ("hosts", "role-locks"):
            tree[path] = node.properties
    identities = [host.identity for host in hosts(lines)]
    for name in (*_names, *_odd):
        identities += [Identity(name, name), Identity("other", "another", name)]
    refusals = []
    for identity in identities:
        try:
            gather(tree, identity)
        except ValueError as error:
            refusals.append(str(error))

    if refusals:
        assert any(problem.severity == "error" for problem in problems), refusals
    if {problem.rule for problem in problems} & _REFUSED_BY_A_HOST:
        assert refusals, shown(problems)
    if not any(problem.severity == "error" for problem in problems):
        manifests = {
            target: decode_manifest(encode_manifest(manifest))
            for target, manifest in compile_tree(tree).items()
        }
        for identity in identities:
            assert assemble(manifests, identity) == gather(tree, identity), "published or not"
    assert all(problem.severity == severity_of(problem.rule) for problem in problems)
    assert all(place.line for problem in problems for place in problem.places)
