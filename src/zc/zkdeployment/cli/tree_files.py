"""Files of tree text, as the commands that read several of them see them.

As in publishing (companions.md, "Publishing: the VCS sync tool"), a file
``*.zkx`` adds to or overrides what the other files define.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from zc.zk.errors import TreeSyntaxError
from zc.zk.tree import Node, parse_tree


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a file; ``line`` counts from 1, ``None`` stands for the whole file."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.message}"


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file, the root of its tree, and the numbers of the lines that name its top nodes."""

    name: str
    root: Node
    lines: Mapping[str, int]

    @property
    def overlay(self) -> bool:
        """Whether the file adds to what others define."""
        return self.name.endswith(".zkx")


def read_text(name: str) -> str:
    """Return the text of a file, ``-`` for standard input.

    Raises :exc:`OSError`, and :exc:`UnicodeDecodeError` where it is no UTF-8.
    """
    with click.open_file(name, encoding="utf-8") as file:
        text: str = file.read()
    return text


def load(names: Sequence[str]) -> tuple[list[TreeFile], list[Problem]]:
    """Read the files; return those that are trees, and what is wrong with each and all of them."""
    files: list[TreeFile] = []
    problems: list[Problem] = []
    for name in names:
        try:
            text = read_text(name)
            root = parse_tree(text, name)
        except TreeSyntaxError as error:
            problems.append(Problem(name, error.line, f"{error.message}: {error.text!r}"))
        except UnicodeDecodeError as error:
            problems.append(Problem(name, None, f"byte {error.start + 1} is no UTF-8 text"))
        except OSError as error:
            problems.append(Problem(name, None, error.strerror or str(error)))
        else:
            files.append(TreeFile(name, root, dict(_top_lines(text, root))))
    return files, [*problems, *_duplicates(files)]


def combine(files: Iterable[TreeFile]) -> tuple[Node, Node]:
    """Return the tree that the files define, and top nodes that only overlays know.

    Below the first, what no file has would be trimmed; below the second it stays.
    The trees of the files become part of the result.
    """
    files = list(files)
    whole = Node()
    for file in files:
        if not file.overlay:
            whole.children |= file.root.children
    defined = set(whole.children)
    for file in files:
        if file.overlay:
            _lay_over(whole, file.root)
    return (
        Node(children={name: node for name, node in whole.children.items() if name in defined}),
        Node(
            children={name: node for name, node in whole.children.items() if name not in defined}
        ),
    )


def _lay_over(tree: Node, overlay: Node) -> None:
    todo = [(tree, overlay)]
    while todo:
        node, over = todo.pop()
        for name, child in over.children.items():
            existing = node.children.setdefault(name, child)
            if existing is not child:
                existing.properties = child.properties
                todo.append((existing, child))


def _top_lines(text: str, root: Node) -> Iterator[tuple[str, int]]:
    outermost: str | None = None
    for number, line in enumerate(text.split("\n"), 1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        indentation = line[: len(line) - len(line.lstrip())]
        if outermost is None:
            outermost = indentation
        if indentation == outermost:
            name = content.split()[0][1:]
            yield (name if name in root.children else name.removesuffix(":")), number


def _duplicates(files: Iterable[TreeFile]) -> Iterator[Problem]:
    first: dict[str, TreeFile] = {}
    for file in files:
        for name, line in () if file.overlay else file.lines.items():
            other = first.setdefault(name, file)
            if other is not file:
                where = f"{other.name}:{other.lines[name]}"
                yield Problem(file.name, line, f"top node '/{name}' is also in {where}")
