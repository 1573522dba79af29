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

What is larger than :mod:`zc.zk.limits` says is an error too. Nothing here recurses.
"""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from zc.zk.errors import TreeFormatError, TreeSyntaxError
from zc.zk.limits import MAX_LINE, MAX_LINES, MAX_PATH, MAX_PATHS
from zc.zk.literals import check_text
from zc.zk.node import Node, Written, walk
from zc.zk.values import check_value, read_literal, surrogate_pair

__all__ = ["Level", "Node", "Parser", "Written", "format_tree", "parse_tree", "walk"]

_node_name = re.compile(r"[^\s/]+")
_node_line = re.compile(rf"/({_node_name.pattern})(?:(?:\s+:\s*|:\s+)(\S.*))?")
_property_name = re.compile(r"(?![/#])(?:(?!->)[^\s=])+")
_property_line = re.compile(rf"({_property_name.pattern})\s*(->|=>|=)\s*(.*)")
_arrows = (" ->", " =>")  # how the names of properties that are links end


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
    if len(path) > MAX_PATH:
        raise TreeFormatError(path, f"the path has more than {MAX_PATH} characters")
    if not _node_name.fullmatch(name) or name in (".", "..") or not path.endswith(f"/{name}"):
        raise TreeFormatError(path, f"a node called {name!r:.200} cannot be written here")
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
            if len(lines[-1]) > MAX_LINE:
                raise ValueError(f"its line has more than {MAX_LINE} characters")
        except ValueError as error:
            raise TreeFormatError(path, f"property {key!r:.200}: {error}") from error


def _format_property(key: str, value: object) -> str:
    name, operator = (key[:-3], key[-2:]) if key.endswith(_arrows) else (key, "=")
    if not _property_name.fullmatch(name):
        raise ValueError("no line can hold a property of this name")
    if operator == "=":
        check_value(value)
        text = repr(value)
        check_text(text)
        return f"{name} = {text}"
    if not isinstance(value, str) or _read_link(operator, value) != value:
        raise ValueError(f"{value!r:.200} is not of the form {_LINKS[operator]}")
    return f"{key} {value}"


#: What stands to the right of each arrow, for messages, and its number of words.
_LINKS = {"->": "PATH", "=>": "PATH [NAME]"}


def _read_link(operator: str, text: str) -> str:
    words = text.split()
    if not 1 <= len(words) <= len(_LINKS[operator].split()):
        raise ValueError(f"{text!r:.200} is not of the form {_LINKS[operator]}")
    return " ".join(words)


class Level(NamedTuple):
    """A node with the indentation of the lines below it, and the length of its path."""

    indentation: str
    node: Node
    length: int


class Parser:
    """Builds a tree line by line, up to the first mistake.

    The levels that the next line may continue are kept, innermost last.
    """

    def __init__(self, file: str | None) -> None:
        self.root = Node()
        self._file = file
        self._number = 0
        self._column = 0
        self._content = ""
        self._room = MAX_PATHS
        self._levels: list[Level] = []
        self._last: Node | None = None  # the node of the previous line, if it was a node's

    def parse(self, text: str) -> Node:
        """Add all lines; return the root."""
        for number, line in enumerate(text.split("\n"), 1):
            content = line.strip()
            if number > MAX_LINES:
                self._number, self._content = number, content
                self._fail(f"there are more than {MAX_LINES} lines; no tree is so large")
            if content and content[0] != "#":
                self.add(number, line[: len(line) - len(line.lstrip())], content)
        return self.root

    def add(self, number: int, indentation: str, content: str) -> None:
        """Add a line. Raises :exc:`TreeSyntaxError`."""
        self._number = number
        self._column = len(indentation) + 1
        self._content = content
        if len(content) > MAX_LINE:
            self._fail(f"the line has more than {MAX_LINE} characters; no node can hold that")
        if not content.isascii() and surrogate_pair.search(content):
            self._fail("holds a surrogate pair; write the character that it stands for")
        level = self._level(indentation)
        if content[0] == "/":
            self._last = self._add_node(level)
        else:
            self._add_property(level.node)
            self._last = None

    def _level(self, indentation: str) -> Level:
        levels = self._levels
        if not levels:
            levels.append(Level(indentation, self.root, 0))
        elif indentation != levels[-1].indentation and indentation.startswith(
            levels[-1].indentation
        ):
            if self._last is None:
                self._fail("a property has nothing below it; indent this line less")
            above = levels[-1].length
            levels.append(Level(indentation, self._last, above + 1 + len(self._last.name)))
        else:
            while levels and len(levels[-1].indentation) > len(indentation):
                levels.pop()
            if not levels or levels[-1].indentation != indentation:
                self._fail("dedent to no open level; indent it exactly like a line above")
        return levels[-1]

    def _add_node(self, level: Level) -> Node:
        match = _node_line.fullmatch(self._content)
        if not match:
            self._fail("not understood; a node is written /name or /name : type")
        name, type_ = match.groups()
        if name in (".", ".."):
            self._fail("a node cannot be called . or ..")
        if name in level.node.children:
            self._fail(f"duplicate node {name!r:.200}")
        self._check_path(level.length + 1 + len(name))
        node = level.node.children[name] = Node(name, {"type": type_} if type_ else None)
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
            self._fail(f"duplicate property {key!r:.200}")
        try:
            value = read_literal(text) if operator == "=" else _read_link(operator, text)
        except ValueError as error:
            self._fail(f"bad {'value' if operator == '=' else 'link'}: {error}")
        parent.properties[key] = value

    def _check_path(self, length: int) -> None:
        self._room -= length
        if length > MAX_PATH:
            self._fail(f"the path has more than {MAX_PATH} characters; shorten names")
        if self._room < 0:
            self._fail(f"the paths of all nodes have more than {MAX_PATHS} characters together")

    def _fail(self, message: str) -> NoReturn:
        raise TreeSyntaxError(message, self._number, self._content, self._file, self._column)
