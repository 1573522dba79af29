"""Telling whether a directory can be handed to a program that follows whatever is in it."""

from __future__ import annotations

import os
from pathlib import Path


def is_plain(directory: Path) -> bool:
    """Tell whether there is a directory, with nothing in it but directories and regular files.

    A program that writes to such a directory writes nowhere else, and waits for no pipe.
    Raises ``OSError`` where it cannot be read.
    """
    if directory.is_symlink() or not directory.is_dir():
        return False
    todo = [os.fspath(directory)]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)
                elif not entry.is_file(follow_symlinks=False):
                    return False
    return True
