"""What was read is acted upon only if the fleet should still reach it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pytest

from zc.zkdeployment.errors import Abandoned, BadRevision
from zc.zkdeployment.host.observe import read_desired
from zc.zkdeployment.model import Identity, Manifest, TargetDeployment, Version

HOST = Identity("42", "h1")
TREE = {"/a": {"type": "web-1"}, "/a/deploy": {}, "/a/deploy/h1": {}}
MANIFESTS = {"h1": Manifest("h1", (TargetDeployment("/a", "web-1", None, None, 1),))}


class Held:
    """Holds a tree, and of a version that was published, manifests."""

    def __init__(self, manifests: Mapping[str, Manifest] | BadRevision | None) -> None:
        self._manifests = manifests
        self.scanned = False

    def read_manifests(
        self, version: Version, targets: Collection[str]
    ) -> Mapping[str, Manifest] | None:
        if isinstance(self._manifests, BadRevision):
            raise self._manifests
        return self._manifests

    def read_tree(self) -> Mapping[str, Mapping[str, Any]]:
        self.scanned = True
        return TREE


WAYS = pytest.mark.parametrize("held", [None, MANIFESTS], ids=["live tree", "revision"])


def moved() -> None:
    raise Abandoned("cluster version is 2")


@WAYS
def test_a_host_reads_what_it_is_to_run(held: Mapping[str, Manifest] | None) -> None:
    trees = Held(held)
    desired = read_desired(trees, HOST, 1)
    assert [deployment.path for deployment in desired.deployments] == ["/a"]
    assert trees.scanned is (held is None)


def test_what_was_read_of_the_live_tree_while_the_version_changed_may_be_a_mix() -> None:
    with pytest.raises(Abandoned, match="cluster version is 2"):
        read_desired(Held(None), HOST, 1, moved)


def test_what_was_read_of_a_revision_holds_whatever_happens_meanwhile() -> None:
    """Each step looks for itself whether it may still start."""
    desired = read_desired(Held(MANIFESTS), HOST, 1, moved)
    assert [deployment.path for deployment in desired.deployments] == ["/a"]


def test_a_revision_that_was_removed_meanwhile_is_no_mistake() -> None:
    """Only the newest ones are kept; the fleet went past this one."""
    held = Held(BadRevision("a part of the revision is missing"))
    with pytest.raises(Abandoned):
        read_desired(held, HOST, 1, moved)
    with pytest.raises(BadRevision):
        read_desired(held, HOST, 1)
