"""Reading the live tree, while others write to it."""

from __future__ import annotations

import threading

import pytest

import zc.zk
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.trees import Trees
from zc.zkdeployment.errors import Unreachable

LIMIT = 20  # seconds until a test that waits has failed


@pytest.fixture
def trees(zk: zc.zk.ZK) -> Trees:
    return Trees(Requests(zk))


def test_the_tree_comes_without_what_the_fleet_does(zk: zc.zk.ZK, trees: Trees) -> None:
    zk.import_tree("/a : b\n  /c\n    x = 1\n/agent-locks\n  /z\n/role-locks\n/roles\n/hosts\n")
    tree = trees.read_tree()
    assert dict(tree) == {"/": {}, "/a": {"type": "b"}, "/a/c": {"x": 1}, "/roles": {}}
    assert len(tree) == 4
    assert "/a/c" in tree
    assert "/hosts" not in tree


def test_a_tree_that_a_publisher_left_half_done_is_waited_for(zk: zc.zk.ZK, trees: Trees) -> None:
    """An agent that deployed it would take away what was not there yet."""
    zk.import_tree("/revisions\n  /updating\n    version = 7\n    by = 'me@ops'\n")
    with pytest.raises(Unreachable, match=r"on its way to version 7, which me@ops publishes"):
        trees.read_tree()
    zk.delete("/revisions/updating")
    assert "/" in trees.read_tree()


def test_a_tree_that_never_stands_still_is_read_later(zk: zc.zk.ZK, trees: Trees) -> None:
    """Somebody imports all the time: no reason to stop the fleet, nor to act on half a tree."""
    zk.import_tree("/a\n" + "".join(f"  /b{n}\n" for n in range(500)))
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            zk.set("/a", str(number))

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        with pytest.raises(Unreachable, match="changed"):
            trees.read_tree()
    finally:
        done.set()
        writer.join(LIMIT)
