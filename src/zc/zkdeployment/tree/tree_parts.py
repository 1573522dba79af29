"""What of the tree hosts read, and what of it only says what the fleet does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zc.zk.tree import Node

#: Path → properties of every node.
Tree = Mapping[str, Mapping[str, Any]]

#: Where what was published is kept.
REVISIONS = "/revisions"

#: Subtrees that say what the fleet does, not what it should do: no host reads them.
NOT_THE_TREE = frozenset(
    {
        *("/zookeeper", "/hosts", "/hosts-lock", "/agent-locks", "/role-locks", "/notifiers"),
        REVISIONS,
    }
)


def is_live(path: str) -> bool:
    """Tell whether a node is in a part of the tree that says what the fleet does."""
    return top_of(path) in NOT_THE_TREE


def top_of(path: str) -> str:
    """Return the path of the top node that a node is below or is."""
    return "/" + path.split("/", 2)[1]


def tree_of(nodes: Mapping[str, Node]) -> Tree:
    """Return what hosts read of nodes, by path, of a whole tree."""
    live = not NOT_THE_TREE.isdisjoint(nodes)  # of files that are published, hardly ever
    return {path: node.properties for path, node in nodes.items() if not (live and is_live(path))}
