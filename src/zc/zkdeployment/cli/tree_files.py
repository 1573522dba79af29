"""Files of tree text, as the commands that read several of them see them.

As in publishing (companions.md, "Publishing: the VCS sync tool"), a file
``*.zkx`` adds to or overrides what the other files define.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from zc.zk.source import parse_source
from zc.zk.tree import Node
from zc.zkdeployment.problems import Place, Problem, place_of, problem

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


def find(paths: Iterable[str]) -> tuple[list[str], list[Problem]]:
    """Return the files meant by paths of files and folders, and which folders have none.

    Of a folder those are all ``*.zk``, then all ``*.zkx``, each sorted by name. A path
    that is no folder is taken for a file, which need not exist.
    """
    names: list[str] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            inside = _inside(Path(path))
        except (FileNotFoundError, NotADirectoryError):
            inside = [path]
        except OSError as error:
            problems.append(_unreadable(path, error))
            continue
        if not inside:
            message = "there is no *.zk or *.zkx file in this directory"
            problems.append(problem("unreadable", message, Place(path)))
        names += inside
    return list(dict.fromkeys(names)), problems


def read_text(name: str) -> str:
    """Return the text of a file, ``-`` for standard input.

    Raises :exc:`OSError`, and :exc:`UnicodeDecodeError` where it is no UTF-8.
    """
    with click.open_file(name, encoding="utf-8") as file:
        text: str = file.read()
    return text


def load(names: Sequence[str]) -> tuple[list[TreeFile], list[Problem]]:
    """Read the files; return those that can be read, and what is wrong with each and all."""
    files: list[TreeFile] = []
    problems: list[Problem] = []
    for name in names:
        try:
            root, mistakes = parse_source(read_text(name), name)
        except UnicodeDecodeError as error:
            message = f"byte {error.start + 1} is no UTF-8 text"
            problems.append(problem("unreadable", message, Place(name)))
        except OSError as error:
            problems.append(_unreadable(name, error))
        else:
            files.append(TreeFile(name, root))
            for mistake in mistakes:
                message = f"{mistake.message}: {mistake.text!r}"
                place = Place(name, mistake.line, mistake.column)
                problems.append(problem("syntax", message, place))
    return files, [*problems, *_duplicates(files)]


def combine_all(files: Iterable[TreeFile]) -> Node:
    """Return the tree of all files, those that define it first.

    The trees of the files become part of the result.
    """
    whole = Node()
    for file in sorted(files, key=lambda file: file.overlay):
        _lay_over(whole, file.root)
    return whole


def combine(files: Iterable[TreeFile]) -> tuple[Node, Node]:
    """Return the tree that the files define, and top nodes that only overlays know.

    Below the first, what no file has would be trimmed; below the second it stays.
    The trees of the files become part of the results.
    """
    files = list(files)
    defined = {name for file in files if not file.overlay for name in file.root.children}
    whole = combine_all(files).children
    return (
        Node(children={name: node for name, node in whole.items() if name in defined}),
        Node(children={name: node for name, node in whole.items() if name not in defined}),
    )


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


def _inside(folder: Path) -> list[str]:
    found = sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES)
    return [str(path) for suffix in _SUFFIXES for path in found if path.suffix == suffix]


def _unreadable(name: str, error: OSError) -> Problem:
    return problem("unreadable", error.strerror or str(error), Place(name))


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
