"""Tree files that are named on a command line."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from zc.zk.limits import MAX_FILE, MAX_FILES
from zc.zkdeployment.tree.problems import Place, Problem, problem
from zc.zkdeployment.tree.snapshot import SourceFile
from zc.zkdeployment.tree.tree_files import TreeFile, in_order, parse_files


def find(paths: Iterable[str]) -> tuple[list[str], list[Problem]]:
    """Return the files meant by paths of files and folders, and which folders have none.

    Of a folder those are the tree files in it, in the order in which they are published.
    A path that is no folder is taken for a file, which need not exist.
    """
    names: list[str] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            inside = [str(Path(path, name)) for name in in_order(_names_in(path))]
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
    text = _read(name, MAX_FILES).decode()
    return text.replace("\r\n", "\n").replace("\r", "\n")


def load(names: Sequence[str]) -> tuple[list[TreeFile], list[Problem]]:
    """Read the files, ``-`` for standard input; return their trees, and what is wrong."""
    files: list[SourceFile] = []
    problems: list[Problem] = []
    for name in names:
        try:
            files.append(SourceFile(name, _read(name, MAX_FILE)))
        except OSError as error:
            problems.append(_unreadable(name, error))
    trees, more = parse_files(files)
    return trees, problems + more


def _read(name: str, most: int) -> bytes:
    with click.open_file(name, "rb") as file:
        data: bytes = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"has more than {most // 2**20} MiB; is it a tree file?", name)
    return data


def _names_in(folder: str) -> list[str]:
    return [path.name for path in Path(folder).iterdir()]


def _unreadable(name: str, error: OSError) -> Problem:
    return problem("unreadable", error.strerror or str(error), Place(name))
