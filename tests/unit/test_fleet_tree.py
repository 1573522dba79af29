"""What a tree deploys, by node and by host."""

from __future__ import annotations

from zc.zkdeployment.fleet_tree import DeployedNode, FleetTree
from zc.zkdeployment.model import Identity, Manifest, Software, TargetDeployment

_HOST = Identity("h1", "one.example", "web")


def _deployment(node: str, version: str = "1", n: int = 1) -> TargetDeployment:
    return TargetDeployment(node, "app", None, version, n)


def _manifests(version: str) -> dict[str, Manifest]:
    return {
        "h1": Manifest("h1", (_deployment("/b", version, 2),)),
        "web": Manifest("web", (_deployment("/a/c", version),), Software("keeper", "3")),
        "h2": Manifest("h2", (_deployment("/a/c", version), _deployment("/a", version))),
    }


def test_nodes_come_parents_first_with_all_their_targets() -> None:
    assert FleetTree(_manifests("1")).nodes() == (
        DeployedNode("/a", "app", None, "1", (("h2", 1),)),
        DeployedNode("/a/c", "app", None, "1", (("h2", 1), ("web", 1))),
        DeployedNode("/b", "app", None, "1", (("h1", 2),)),
    )


def test_a_host_deploys_under_all_its_names_what_was_published() -> None:
    tree = FleetTree(_manifests("hand"), published=_manifests("1"))
    assert tree.deployments(_HOST) == (_deployment("/b", n=2), _deployment("/a/c"))
    assert tree.controller(_HOST) == Software("keeper", "3")
    assert FleetTree(_manifests("hand")).deployments(_HOST)[0].version == "hand"


def test_a_host_that_nothing_is_deployed_to_has_nothing() -> None:
    tree = FleetTree({})
    assert (tree.nodes(), tree.deployments(_HOST), tree.controller(_HOST)) == ((), (), None)
