"""Names of nodes that ZooKeeper does not take.

What agents refuse in a path, since it becomes the name of a file, is among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from zc.zk.tree import Node
from zc.zkdeployment.tree.problems import Problem, place_of, problem

# ZooKeeper sees UTF-16: what is beyond U+FFFF are surrogates to it.
_bad_name = re.compile(
    r"\.{1,2}\Z|.*[\x00-\x1f\x7f-\x9f\ud800-\uf8ff\ufff0-\U0010ffff]", re.DOTALL
).match


def bad_names(nodes: Mapping[str, Node]) -> Iterator[Problem]:
    """Yield what is wrong with names, of all nodes of a tree by path."""
    for path, node in nodes.items():
        if _bad_name(node.name):
            message = (
                f"{path!a:.200}: ZooKeeper takes no such name: no control characters, none"
                " from U+E000 to U+F8FF and from U+FFF0 on"
            )
            yield problem("bad-name", message, place_of(nodes, path))
