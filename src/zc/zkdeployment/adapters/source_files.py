"""What all sources of tree files have in common: limits, tries, and how files are read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from zc.zk.limits import MAX_FILE, MAX_FILES
from zc.zkdeployment.adapters.output import printable
from zc.zkdeployment.errors import BadSource, CommandFailed
from zc.zkdeployment.regular_files import NotRegular, read_regular
from zc.zkdeployment.tree.snapshot import SourceFile
from zc.zkdeployment.tree.tree_files import in_order

#: Waits for so many seconds.
Wait = Callable[[float], None]

TRIES = 3
PAUSE = 3.0  # seconds between two tries

MOST_FILES = 1000
LARGEST = MAX_FILE  # bytes of a file
LARGEST_TOGETHER = MAX_FILES  # bytes of all files

_MIB = 1024 * 1024
_LONGEST_REMARK = 200  # characters of an author or a subject

# git says so last, whatever is the matter.
_CHATTER = frozenset(
    {"Please make sure you have the correct access rights", "and the repository exists."}
)

_T = TypeVar("_T")


def retried(action: Callable[[], _T], source: str, wait: Wait) -> _T:
    """Return what ``action`` returns; try it again where a program fails.

    Raises :exc:`~zc.zkdeployment.errors.BadSource`, with the end of what the program
    printed, when it failed :data:`TRIES` times, and where files cannot be written.
    """
    tries = 0
    while True:
        try:
            return action()
        except CommandFailed as failed:
            tries += 1
            if tries == TRIES:
                raise BadSource(
                    f"{source}: cannot be read, tried {TRIES} times: {_end_of(failed)};"
                    " is it there, and may this user read it?"
                ) from failed
        except OSError as error:
            where = error.filename or "the working directory"
            raise BadSource(f"{source}: {where}: {error.strerror or error}") from error
        wait(PAUSE)


def choose(names: Iterable[str], source: str) -> list[str]:
    """Return the names of tree files among ``names``, in the order of publication.

    Raises :exc:`~zc.zkdeployment.errors.BadSource` if there is none, as nobody
    publishes an empty tree on purpose, if there are too many, and for names that
    could not be shown.
    """
    chosen = in_order(names)
    if not chosen:
        raise BadSource(f"{source}: there is no *.zk or *.zkx file in it; is it the right place?")
    if len(chosen) > MOST_FILES:
        raise BadSource(f"{source}: {len(chosen)} tree files; at most {MOST_FILES} are read")
    for name in chosen:
        if printable(name) != name or "\n" in name or "\t" in name:
            shown = printable(name).replace("\n", "\\n").replace("\t", "\\t")
            raise BadSource(
                f"{source}: {shown}: the name of a tree file is UTF-8 text in one line"
            )
    return chosen


def gather(
    names: Iterable[str], source: str, read: Callable[[str], bytes]
) -> tuple[SourceFile, ...]:
    """Read the files called ``names``, in order, with ``read``.

    Raises :exc:`~zc.zkdeployment.errors.BadSource` if they are too large.
    """
    files: list[SourceFile] = []
    together = 0
    for name in names:
        data = read(name)
        check_size(len(data), source, name)
        together += len(data)
        if together > LARGEST_TOGETHER:
            raise BadSource(
                f"{source}: its tree files have more than {LARGEST_TOGETHER // _MIB} MiB together"
            )
        files.append(SourceFile(name, data))
    return tuple(files)


def check_size(size: int, source: str, name: str) -> None:
    """Raise :exc:`~zc.zkdeployment.errors.BadSource` if a file of ``size`` bytes is too large."""
    if size > LARGEST:
        raise BadSource(
            f"{source}: {name} has more than {LARGEST // _MIB} MiB; is it a tree file?"
        )


def read_directory(directory: Path, source: str) -> tuple[SourceFile, ...]:
    """Return the tree files in a directory.

    Raises ``OSError``, and :exc:`~zc.zkdeployment.errors.BadSource`.
    """
    names = choose(os.listdir(directory), source)  # noqa: PTH208 # names, and no paths
    return gather(names, source, lambda name: read_file(directory / name, source))


def read_file(path: Path, source: str) -> bytes:
    """Return what a regular file holds, or as much of it as shows that it is too large.

    Raises ``OSError``, and :exc:`~zc.zkdeployment.errors.BadSource` for all that is no
    regular file: a link could lead to a secret, a pipe would block.
    """
    try:
        return read_regular(path, LARGEST, follow=False)
    except NotRegular:
        raise not_regular(source, path.name) from None


def not_regular(source: str, name: str) -> BadSource:
    """Return the error for a tree file that is a link, a directory or something else."""
    return BadSource(
        f"{source}: {name} is no regular file, and links are not followed;"
        " put the file itself there"
    )


def remark(text: str | None) -> str | None:
    """Return an author or the first line of a message as it may be shown; ``None`` for nothing."""
    lines = printable(text or "").strip().splitlines()
    return lines[0].strip()[:_LONGEST_REMARK] if lines else None


def _end_of(failed: CommandFailed) -> str:
    lines = [line.strip() for line in failed.output.splitlines()]
    told = [line for line in lines if line and line not in _CHATTER]
    return "; ".join(told[-2:]) or str(failed)
