"""Tree text as its authors see it: every mistake in it, and where each node is written."""

from __future__ import annotations

from zc.zk.errors import TreeSyntaxError
from zc.zk.limits import MAX_MISTAKES
from zc.zk.tree import Level, Node, Parser, Written


def parse_source(text: str, file: str | None = None) -> tuple[Node, list[TreeSyntaxError]]:
    """Return the root of the tree that ``text`` describes, and all mistakes, in order.

    The nodes below the root know where they are written. A line with a mistake is
    not in the tree, nor is what is indented below it; what is there is parsed all
    the same, so that one mistake is told once and hides no other, up to very many.
    """
    parser = _SourceParser(file)
    return parser.parse(text), parser.mistakes


class _SourceParser(Parser):
    def __init__(self, file: str | None) -> None:
        super().__init__(file)
        self.mistakes: list[TreeSyntaxError] = []

    def parse(self, text: str) -> Node:
        try:
            super().parse(text)
        except TreeSyntaxError as last:
            self.mistakes.append(last)
        return self.root

    def add(self, number: int, indentation: str, content: str) -> None:
        if len(self.mistakes) == MAX_MISTAKES:
            message = f"after {MAX_MISTAKES} mistakes the rest is not read; is it tree text?"
            raise TreeSyntaxError(message, number, content, self._file, len(indentation) + 1)
        try:
            super().add(number, indentation, content)
        except TreeSyntaxError as mistake:
            self.mistakes.append(mistake)
            self._skip(indentation)

    def _add_node(self, level: Level) -> Node:
        node = super()._add_node(level)
        place = self._number, self._column
        node.written = Written(self._file, {"": place} | dict.fromkeys(node.properties, place))
        return node

    def _add_property(self, parent: Node) -> None:
        super()._add_property(parent)
        if parent.written:
            added = next(reversed(parent.properties))
            parent.written.places[added] = self._number, self._column

    def _skip(self, indentation: str) -> None:
        """Let the lines after a mistake belong to where they would have without it."""
        levels = self._levels
        while levels and not indentation.startswith(levels[-1].indentation):
            levels.pop()
        if not levels:
            levels.append(Level(indentation, self.root, 0))
        elif levels[-1].indentation != indentation:
            levels.append(Level(indentation, Node(), levels[-1].length))
        self._last = Node()
