"""Files of tree text, and the one tree that several of them make.

A file ``*.zk`` defines top nodes, a file ``*.zkx`` adds to or overrides what the
others define (companions.md, "Publishing: the VCS sync tool").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from zc.zk.limits import MAX_LINES
from zc.zk.source import parse_source
from zc.zk.tree import Node
from zc.zkdeployment.tree.problems import Place, Problem, place_of, problem
from zc.zkdeployment.tree.snapshot import SourceFile

_OVERLAY = ".zkx"
_SUFFIXES = (".zk", _OVERLAY)


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file and the root of its tree, without what has mistakes."""

    name: str
    root: Node

    @property
    def overlay(self) -> bool:
        """Whether the file adds to what others define."""
        return self.name.endswith(_OVERLAY)


def in_order(names: Iterable[str]) -> list[str]:
    """Return the names of tree files: all ``*.zk``, then all ``*.zkx``, each sorted.

    Other names are left out, and hidden files.
    """
    names = sorted(name for name in names if not name.startswith("."))
    return [name for suffix in _SUFFIXES for name in names if name.endswith(suffix)]


def parse_files(files: Iterable[SourceFile]) -> tuple[list[TreeFile], list[Problem]]:
    """Return the trees of files, and what is wrong with each and all of them."""
    trees: list[TreeFile] = []
    problems: list[Problem] = []
    lines = 0
    for file in files:
        lines += file.data.count(b"\n") + 1
        if lines > MAX_LINES:
            message = f"the tree files have more than {MAX_LINES} lines together"
            return trees, [*problems, problem("too-large", message, Place(file.name))]
        try:
            root, mistakes = parse_source(_text(file.data), file.name)
        except UnicodeDecodeError as error:
            message = f"byte {error.start + 1} is no UTF-8 text"
            problems.append(problem("unreadable", message, Place(file.name)))
            continue
        trees.append(TreeFile(file.name, root))
        for mistake in mistakes:
            message = f"{mistake.message}: {mistake.text!r:.400}"
            place = Place(file.name, mistake.line, mistake.column)
            problems.append(problem("syntax", message, place))
    return trees, [*problems, *_duplicates(trees)]


def combine_all(files: Iterable[TreeFile]) -> Node:
    """Return the tree of all files, those that define it first.

    The trees of the files become part of the result.
    """
    whole = Node()
    for file in sorted(files, key=lambda file: file.overlay):
        _lay_over(whole, file.root)
    return whole


def combine(files: Sequence[TreeFile]) -> tuple[Node, Node]:
    """Return the tree that the files define, and top nodes that only overlays know.

    Below the first, what no file has would be trimmed; below the second it stays.
    The trees of the files become part of the results.
    """
    defined = {name for file in files if not file.overlay for name in file.root.children}
    whole = combine_all(files).children
    return (
        Node(children={name: node for name, node in whole.items() if name in defined}),
        Node(children={name: node for name, node in whole.items() if name not in defined}),
    )


def _text(data: bytes) -> str:
    """Return the text of a file; lines may end as on any system."""
    return data.decode().replace("\r\n", "\n").replace("\r", "\n")


def _lay_over(tree: Node, overlay: Node) -> None:
    todo = [(tree, overlay)]
    while todo:
        node, over = todo.pop()
        for name, child in over.children.items():
            existing = node.children.setdefault(name, child)
            if existing is not child:
                existing.properties = child.properties
                existing.written = child.written
                todo.append((existing, child))


def _duplicates(files: Iterable[TreeFile]) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    for file in files:
        for name, node in () if file.overlay else file.root.children.items():
            path = f"/{name}"
            place = place_of({path: node}, path)
            other = first.setdefault(name, place)
            if other.file != place.file:
                message = f"top node {path} is also in {other.file}"
                yield problem("duplicate-node", message, place, other)
