"""Which nodes ZooKeeper could not hold: told before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from zc.zk.codec import check_size
from zc.zk.tree import Node
from zc.zkdeployment.tree.problems import Problem, place_of, problem


def too_large(nodes: Mapping[str, Node]) -> Iterator[Problem]:
    """Yield a problem for each node, by path, that holds more than ZooKeeper takes."""
    for path, node in nodes.items():
        try:
            check_size(node.properties)
        except ValueError as error:
            yield problem("too-large", f"{path:.200}: {error}", place_of(nodes, path))
