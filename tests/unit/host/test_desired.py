"""What a host gathers from a tree, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zk.errors import BadPropertyLink
from zc.zk.tree import parse_tree, walk
from zc.zkdeployment.errors import BadTree
from zc.zkdeployment.host.desired import gather
from zc.zkdeployment.model import Deployment, Desired, Identity, Software
from zc.zkdeployment.tree.tree_parts import Tree

HOST = Identity("4242", "host42")
CACHE = Identity("4242", "host42", "cache")


def tree(text: str) -> Tree:
    return {"/": {}} | {path: node.properties for path, node in walk(parse_tree(text))}


def test_deployments_come_in_tree_order_with_what_their_nodes_say() -> None:
    desired = gather(
        tree(
            """
            /b : z4m special
              version = '1.0.0'
              /deploy
                /host42
                  n = 2
            /a
              /z : pywrite
                version = 'svn://example.com/pywrite/trunk'
                /deploy
                  /4242
              /c : z4m-2.0.0
                /deploy
                  /4242
                  /another
              /d : mon-itor
                version = '1.1-3'
                /deploy
                  /4242
            """
        ),
        HOST,
    )
    assert desired == Desired(
        (
            Deployment("z4m", None, None, "z4m-2.0.0", "/a/c", 0),
            Deployment("mon-itor", None, "1.1-3", "mon-itor", "/a/d", 0),
            Deployment("pywrite", None, "svn://example.com/pywrite/trunk", "pywrite", "/a/z", 0),
            Deployment("z4m", "special", "1.0.0", "z4m", "/b", 0),
            Deployment("z4m", "special", "1.0.0", "z4m", "/b", 1),
        )
    )
    assert desired.software == (
        Software("mon-itor", "1.1-3"),
        Software("pywrite", "svn://example.com/pywrite/trunk"),
        Software("z4m", "1.0.0"),
        Software("z4m-2.0.0", None),
    )


def test_tree_order_is_by_name_at_each_level() -> None:
    """`/a-b` sorts after all of `/a`, although `-` sorts before `/`."""
    desired = gather(
        tree(
            """
            /a-b : x
              version = '1'
              /deploy
                /host42
            /a
              /c : x
                version = '1'
                /deploy
                  /host42
            """
        ),
        HOST,
    )
    assert [d.path for d in desired.deployments] == ["/a/c", "/a-b"]


def test_a_version_can_be_linked() -> None:
    """A fleet that keeps its versions in one place gets the versions of that place."""
    desired = gather(
        tree(
            """
            /defaults
              squid-version = '2.0'
              copies = 2
            /cache : squid
              version => /defaults squid-version
              /deploy
                /host42
                  n => /defaults copies
            """
        ),
        HOST,
    )
    assert [(d.version, d.n) for d in desired.deployments] == [("2.0", 0), ("2.0", 1)]


def test_a_tree_says_how_long_scripts_of_a_node_may_take() -> None:
    desired = gather(
        tree(
            """
            /defaults
              patience = 90
            /a : x-1
              timeout => /defaults patience
              /deploy
                /host42
                  n = 2
            /b : x-1
              timeout = 1.5
              /deploy
                /host42
            /c : x-1
              /deploy
                /host42
            /d : x-1
              timeout = 1
              /deploy
                /host42
                  n = 0
            """
        ),
        HOST,
    )
    assert desired.timeouts == {"/a": 90.0, "/b": 1.5}


@pytest.mark.parametrize(
    "given", ["0", "-1", "0.0", "604800.5", "1e300", "True", "False", "'60'", "[60]"]
)
def test_a_time_that_nobody_means_is_refused_with_all_else(given: str) -> None:
    """A script that is killed at once, or never, would be found out on some bad day."""
    with pytest.raises(BadTree) as refused:
        gather(tree(f"/a : x-1\n  timeout = {given}\n  /deploy\n    /host42\n"), HOST)
    assert str(refused.value).startswith(
        "/a: timeout must be a number of seconds above 0, at most 604800, not "
    )


def test_no_instances_is_a_deployment_of_nothing() -> None:
    assert gather(
        tree("/a : x\n  version = '1'\n  /deploy\n    /host42\n      n = 0\n"), HOST
    ) == (Desired())


def test_a_host_with_a_role_gets_what_its_role_gets() -> None:
    desired = gather(
        tree(
            """
            /cache : squid
              version = '2.0'
              /deploy
                /cache
            /other : squid
              version = '3.0'
              /deploy
                /elsewhere
            /roles
              /cache : cache-controller
                version = '1.0'
            """
        ),
        CACHE,
    )
    assert desired == Desired(
        (Deployment("squid", None, "2.0", "squid", "/cache", 0),),
        Software("cache-controller", "1.0"),
    )


def test_a_controller_may_carry_its_version_in_its_name() -> None:
    assert gather(tree("/roles\n  /cache : controller-1.0\n"), CACHE).controller == Software(
        "controller-1.0", None
    )


def test_roles_of_others_do_not_matter() -> None:
    assert gather(tree("/roles\n  /web : controller\n    version = '1'\n"), CACHE) == Desired()
    assert gather(tree("/roles\n  /cache : controller\n    version = '1'\n"), HOST) == Desired()


def one_node(lines: str, deploy: str = "") -> str:
    indented = "".join(f"  {line}\n" for line in lines.splitlines()[1:])
    return f"/a{lines.splitlines()[0]}\n{indented}  /deploy\n    /host42\n{deploy}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (one_node(" "), "No type found for /a"),
        (one_node("\ntype = 3"), "/a: invalid type 3: expected SOFTWARE or SOFTWARE SUBTYPE"),
        (one_node("\ntype = ' '"), "/a: invalid type ' ': expected SOFTWARE or SOFTWARE SUBTYPE"),
        (one_node(" : a b c"), "/a: invalid type 'a b c': expected SOFTWARE or SOFTWARE SUBTYPE"),
        (one_node(" : z4m"), "No version found for /a"),
        (
            one_node(" : ../../etc\nversion = '1'"),
            "/a: type '../../etc' names no software: letters, digits and _ . + - only",
        ),
        (
            one_node(" : --root=x\nversion = '1'"),
            "/a: type '--root=x' names no software: letters, digits and _ . + - only",
        ),
        (
            one_node(" : z4m -u\nversion = '1'"),
            "/a: subtype '-u' must not start with a dash or hold control characters",
        ),
        (one_node(" : z4m\nversion = 1"), "/a: version 1 must be a string; put it in quotes"),
        (
            one_node(" : z4m\nversion = '--setopt=x'"),
            "/a: version '--setopt=x' is neither a package version nor the URL of a checkout",
        ),
        (
            one_node(" : z4m\nversion = '1*'"),
            "/a: version '1*' is neither a package version nor the URL of a checkout",
        ),
        (
            one_node(" : z4m\nversion = ''"),
            "/a: version '' is neither a package version nor the URL of a checkout",
        ),
        (
            one_node(" : z4m\nversion = 'git://--upload-pack=x#main'"),
            "/a: version 'git://--upload-pack=x#main' cannot be checked out: a part of it starts"
            " with a dash; expected svn://…, svn+ssh://…, file:///… (svn) or git://REPOSITORY#REF",
        ),
        *(
            (
                one_node(" : z4m\nversion = '1'", f"      n = {n}\n"),
                f"/a/deploy/host42: n must be a whole number from 0 to 1000, not {n}",
            )
            for n in ("'3'", "1000000000", "-1", "1.0", "True", "None", "[1]")
        ),
        (
            one_node(" : z4m\nversion = '1'") + "    /4242\n",
            "Conflicting deployments for /a. Can't deploy to host42 and 4242.",
        ),
        (
            one_node(" : z4m\nversion = '1'")
            + "/b : z4m\n  version = '2'\n  /deploy\n    /host42\n",
            "Inconsistent versions for z4m. '2' != '1'",
        ),
        (
            "/deploy\n  /host42\n",
            "No type found for /",
        ),
        (
            "/"
            + "/".join(["n" * 40] * 1)
            + "".join("\n" + "  " * i + "/" + "n" * 40 for i in range(1, 7))
            + " : z4m\n"
            + " " * 14
            + "version = '1'\n"
            + " " * 14
            + "/deploy\n"
            + " " * 16
            + "/host42\n",
            "/"
            + "/".join(["n" * 40] * 7)
            + ": the path is too long: its file name would exceed 255 bytes",
        ),
    ],
)
def test_what_no_host_may_do_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(BadTree) as refused:
        gather(tree(text), HOST)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "/a : x\n  version = '1'\n  /deploy\n    /cache\n"
            "/b : x\n  version = '1'\n  /deploy\n    /host42\n",
            "Found a host-based deployment at /b/deploy/host42 but the host has a role, cache.",
        ),
        (
            "/a : x\n  version = '1'\n  /deploy\n    /4242\n",
            "Found a host-based deployment at /a/deploy/4242 but the host has a role, cache.",
        ),
        ("/roles\n  /cache\n", "No type found for /roles/cache"),
        ("/roles\n  /cache : x\n", "No version found for /roles/cache"),
        (
            "/roles\n  /cache : x\n    version = 1\n",
            "/roles/cache: version 1 must be a string; put it in quotes",
        ),
        (
            "/roles\n  /cache : x\n    version = '2'\n"
            "/a : x\n  version = '1'\n  /deploy\n    /cache\n",
            "Inconsistent versions for x. '1' != '2'",
        ),
    ],
)
def test_what_no_host_with_a_role_may_do_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadTree) as refused:
        gather(tree(text), CACHE)
    assert str(refused.value) == message


@pytest.mark.parametrize("link", ["/nowhere", "/defaults", "/defaults a b", "/a"])
def test_a_broken_link_is_refused(link: str) -> None:
    """A host must not deploy some version because the right one cannot be found."""
    text = one_node(f" : z4m\nversion => {link}") + "/defaults\n"
    with pytest.raises((BadPropertyLink, ValueError)):
        gather(tree(text), HOST)


_scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text())


@given(
    st.dictionaries(
        st.sampled_from(["/a", "/a/deploy/host42", "/b", "/b/deploy/4242", "/roles/cache", "/c"]),
        st.dictionaries(
            st.sampled_from(
                ["type", "version", "n", "timeout", "max_parallel", "version =>", "n =>"]
            ),
            _scalars,
        ),
    ),
    st.sampled_from([HOST, CACHE]),
)
def test_node_data_of_any_kind_is_taken_or_refused(
    nodes: dict[str, dict[str, Any]], identity: Identity
) -> None:
    """An agent never dies of what is in a node: it deploys it or says what is wrong with it."""
    tree: dict[str, dict[str, Any]] = {
        path: {} for path in ("/", "/a", "/a/deploy", "/b", "/b/deploy", "/roles")
    }
    refused = ""
    desired = Desired()
    try:
        desired = gather(tree | nodes, identity)
    except ValueError as error:
        refused = str(error)
    assert not refused or "/" in refused or "Inconsistent" in refused
    assert all(isinstance(d.version, str | None) for d in desired.deployments)
