"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import os
import zlib
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Replace the file at ``path`` in one instant, and have it on the disk when this returns.

    Raises ``OSError``; the file is then as it was before.
    """
    _replace(path, text, sync=True)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Have on the disk which files there are in a directory; raises ``OSError``."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def replace(path: Path, text: str) -> None:
    """Replace the file at ``path`` in one instant; if the host crashes it may be lost.

    Raises ``OSError``; the file is then as it was before.
    """
    _replace(path, text, sync=False)


def _replace(path: Path, text: str, *, sync: bool) -> None:
    # One name for each file: what a killed process leaves is overwritten by the next one. It
    # is short, because the name of the file may be as long as names can be.
    temporary = path.with_name(f".{zlib.crc32(os.fsencode(path.name)):08x}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            if sync:
                os.fsync(descriptor)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
