"""Links of a tree that lead nowhere.

What only ZooKeeper has, such as ``/hosts``, may hold anything: links to it are good.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from zc.zk import links
from zc.zk.errors import BadPropertyLink, LinkLoop, MissingNode
from zc.zk.tree import Node
from zc.zkdeployment.tree.problems import Problem, place_of, problem
from zc.zkdeployment.tree.tree_parts import is_live

#: Path → node of a whole tree.
Nodes = Mapping[str, Node]


def dangling(nodes: Nodes) -> Iterator[tuple[str, str, Problem]]:
    """Yield path, name and what is wrong for each link that dangles or loops.

    A link that a child or a property of the same name hides is not followed.
    """

    def lookup(path: str) -> Mapping[str, Any] | None:
        if is_live(path):
            return _LIVE
        node = nodes.get(path)
        return node.properties if node else None

    for path, node in nodes.items():
        for key in node.properties:
            name, arrow = key[:-3], key[-3:]
            found = None
            if arrow == " ->" and name not in node.children:
                found = _symbolic(nodes, path, name, lookup)
            elif arrow == " =>" and name not in node.properties:
                found = _property(nodes, path, name, lookup)
            if found:
                yield path, name, found


class _Anything(dict[str, Any]):
    """The properties of a node that may have any."""

    def __contains__(self, _: object) -> bool:
        return True

    def __missing__(self, _: str) -> None:
        return None


_LIVE = _Anything()


def _symbolic(nodes: Nodes, path: str, name: str, lookup: links.Lookup) -> Problem | None:
    key = f"{name} ->"
    link = f"symbolic link {path}: {key} {nodes[path].properties[key]}"
    place = place_of(nodes, path, key)
    try:
        links.resolve(f"{path.rstrip('/')}/{name}", lookup)
    except MissingNode:
        return problem("symbolic-link", f"{link}: there is no such node", place)
    except LinkLoop as loop:
        steps = [step.rpartition("/") for step in loop.args]
        others = [place_of(nodes, above or "/", f"{last} ->") for above, _, last in steps]
        others = [other for other in dict.fromkeys(others) if other != place]
        message = f"{link}: it leads back to itself: {' -> '.join(loop.args)}"
        return problem("symbolic-link", message, place, *others)
    return None


def _property(nodes: Nodes, path: str, name: str, lookup: links.Lookup) -> Problem | None:
    try:
        links.get_property(path, name, lookup)
    except BadPropertyLink as error:
        return problem("property-link", str(error), place_of(nodes, path, name))
    return None
