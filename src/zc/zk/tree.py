"""Trees of nodes and their text.

::

    /lb : ipvs                         a node with a type (its property ``type``)
      /cms
        address = '1.2.3.4:80'         a property: a literal, see :mod:`zc.zk.values`
        providers -> /cms/providers    a symbolic link: the property ``providers ->``
        threads => /defaults threads   a property link: the property ``threads =>``

Blank lines and lines that start with ``#`` are skipped. A line that is indented
further than a node's belongs to that node. Indentation is compared as text: of
two lines' indentations one must start with the other, so tabs work and no tab
width is assumed; a mix that would depend on one is an error.

Nothing here recurses: a tree may be deeper than Python's stack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

from zc.zk.errors import TreeFormatError, TreeSyntaxError
from zc.zk.values import check_value, read_literal, same

_node_name = re.compile(r"[^\s/]+")
_node_line = re.compile(rf"/({_node_name.pattern})(?:(?:\s+:\s*|:\s+)(\S.*))?")
_property_name = re.compile(r"(?![/#])(?:(?!->)[^\s=])+")
_property_line = re.compile(rf"({_property_name.pattern})\s*(->|=>|=)\s*(.*)")
_arrows = (" ->", " =>")  # how the names of properties that are links end


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


def parse_tree(text: str, file: str | None = None) -> Node:
    """Return the root, a node without name and properties, of the tree that ``text`` describes.

    Raises :exc:`TreeSyntaxError`, naming ``file`` if given.
    """
    return Parser(file).parse(text)


def format_tree(node: Node, name: str | None = None) -> str:
    """Return the text of a tree, which :func:`parse_tree` reads back as an equal tree.

    Properties come first, then links, then children, each sorted by name. A node
    without a name is a root: its children are the outermost lines, except
    ``/zookeeper``, which is the server's own. With ``name`` the outermost line is
    ``node`` under that name. An empty tree is ``""``.

    Raises :exc:`TreeFormatError` for what the format cannot express.
    """
    top = Node(node.name if name is None else name, node.properties, node.children)
    if not node.name:
        top.children.pop("zookeeper", None)
    if name is None and not node.name:
        if top.properties:
            raise TreeFormatError("/", "the root has no line to put properties below; name it")
        root = top
    else:
        root = Node(children={top.name: top})
    lines: list[str] = []
    for path, below in walk(root):
        _format_node(path, below, lines)
    return "".join(lines)


def _format_node(path: str, node: Node, lines: list[str]) -> None:
    name = node.name
    if not _node_name.fullmatch(name) or name in (".", "..") or not path.endswith(f"/{name}"):
        raise TreeFormatError(path, f"a node called {name!r} cannot be written here")
    indentation = "  " * path.count("/")
    properties = node.properties
    type_ = properties.get("type")
    if isinstance(type_, str) and type_.isprintable() and type_ and type_ == type_.strip():
        properties = {key: value for key, value in properties.items() if key != "type"}
        lines.append(f"{indentation[2:]}/{name} : {type_}\n")
    else:
        lines.append(f"{indentation[2:]}/{name}\n")
    for key in sorted(properties, key=lambda key: (key.endswith(_arrows), key)):
        try:
            lines.append(f"{indentation}{_format_property(key, properties[key])}\n")
        except ValueError as error:
            raise TreeFormatError(path, f"property {key!r}: {error}") from error


def _format_property(key: str, value: object) -> str:
    name, operator = (key[:-3], key[-2:]) if key.endswith(_arrows) else (key, "=")
    if not _property_name.fullmatch(name):
        raise ValueError("no line can hold a property of this name")
    if operator == "=":
        check_value(value)
        return f"{name} = {value!r}"
    if not isinstance(value, str) or _read_link(operator, value) != value:
        raise ValueError(f"{value!r} is not of the form {_LINKS[operator]}")
    return f"{key} {value}"


#: What stands to the right of each arrow, for messages, and its number of words.
_LINKS = {"->": "PATH", "=>": "PATH [NAME]"}


def _read_link(operator: str, text: str) -> str:
    words = text.split()
    if not 1 <= len(words) <= len(_LINKS[operator].split()):
        raise ValueError(f"{text!r} is not of the form {_LINKS[operator]}")
    return " ".join(words)


class Parser:
    """Builds a tree line by line, up to the first mistake.

    A level is a node with the indentation of the lines below it. The levels
    that the next line may continue are kept, innermost last.
    """

    def __init__(self, file: str | None) -> None:
        self.root = Node()
        self._file = file
        self._number = 0
        self._column = 0
        self._content = ""
        self._levels: list[tuple[str, Node]] = []
        self._last: Node | None = None  # the node of the previous line, if it was a node's

    def parse(self, text: str) -> Node:
        """Add all lines; return the root."""
        for number, line in enumerate(text.split("\n"), 1):
            content = line.strip()
            if content and content[0] != "#":
                self.add(number, line[: len(line) - len(line.lstrip())], content)
        return self.root

    def add(self, number: int, indentation: str, content: str) -> None:
        """Add a line. Raises :exc:`TreeSyntaxError`."""
        self._number = number
        self._column = len(indentation) + 1
        self._content = content
        parent = self._parent(indentation)
        if content[0] == "/":
            self._last = self._add_node(parent)
        else:
            self._add_property(parent)
            self._last = None

    def _parent(self, indentation: str) -> Node:
        levels = self._levels
        if not levels:
            levels.append((indentation, self.root))
        elif indentation != levels[-1][0] and indentation.startswith(levels[-1][0]):
            if self._last is None:
                self._fail("a property has nothing below it; indent this line less")
            levels.append((indentation, self._last))
        else:
            while levels and len(levels[-1][0]) > len(indentation):
                levels.pop()
            if not levels or levels[-1][0] != indentation:
                self._fail("dedent to no open level; indent it exactly like a line above")
        return levels[-1][1]

    def _add_node(self, parent: Node) -> Node:
        match = _node_line.fullmatch(self._content)
        if not match:
            self._fail("not understood; a node is written /name or /name : type")
        name, type_ = match.groups()
        if name in (".", ".."):
            self._fail("a node cannot be called . or ..")
        if name in parent.children:
            self._fail(f"duplicate node {name!r}")
        node = parent.children[name] = Node(name, {"type": type_} if type_ else None)
        return node

    def _add_property(self, parent: Node) -> None:
        match = _property_line.fullmatch(self._content)
        if not match:
            self._fail(
                "not understood; expected /node, name = value, name -> path or name => path"
            )
        if parent is self.root:
            self._fail("a property above the first node; indent it below the node it belongs to")
        name, operator, text = match.groups()
        key = name if operator == "=" else f"{name} {operator}"
        if key in parent.properties:
            self._fail(f"duplicate property {key!r}")
        try:
            value = read_literal(text) if operator == "=" else _read_link(operator, text)
        except ValueError as error:
            self._fail(f"bad {'value' if operator == '=' else 'link'}: {error}")
        parent.properties[key] = value

    def _fail(self, message: str) -> NoReturn:
        raise TreeSyntaxError(message, self._number, self._content, self._file, self._column)
