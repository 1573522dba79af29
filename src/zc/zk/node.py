"""Nodes: what a tree consists of, wherever it comes from.

Nothing here recurses: a tree may be deeper than Python's stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from zc.zk.values import same


class Written(NamedTuple):
    """Where a node is written: its ``file``, and the ``places`` of its lines there.

    A place is a line and a column, both from 1: that of the node's own line under
    ``""``, those of its properties under their names.
    """

    file: str | None
    places: dict[str, tuple[int, int]]


class Node:
    """A node: its ``name``, ``properties`` by name and ``children`` by name.

    Nodes are equal if names, properties and descendants are; ``1`` and ``True``
    differ. ``written`` says where a node is written, if
    :func:`zc.zk.source.parse_source` read it.
    """

    __slots__ = ("children", "name", "properties", "written")

    def __init__(
        self,
        name: str = "",
        properties: Mapping[str, Any] | None = None,
        children: Mapping[str, Node] | None = None,
    ) -> None:
        self.name = name
        self.properties: dict[str, Any] = dict(properties or {})
        self.children: dict[str, Node] = dict(children or {})
        self.written: Written | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node):
            return NotImplemented
        todo = [(self, other)]
        while todo:
            a, b = todo.pop()
            if (
                a.name != b.name
                or a.children.keys() != b.children.keys()
                or not same(a.properties, b.properties)
            ):
                return False
            todo += [(child, b.children[name]) for name, child in a.children.items()]
        return True

    def __repr__(self) -> str:
        return f"Node({self.name!r}, {self.properties!r}, children: {sorted(self.children)!r})"


def walk(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Yield ``(path, node)`` for each descendant of ``node``, parents first, siblings by name.

    ``path`` is where ``node`` itself is: ``""`` or ``"/"`` for a root. ``node``
    is not among the nodes yielded.
    """
    todo = [(path.rstrip("/"), node)]
    while todo:
        above, parent = todo.pop()
        if parent is not node:
            yield above, parent
        todo += [
            (f"{above}/{name}", parent.children[name])
            for name in sorted(parent.children, reverse=True)
        ]
