"""Files that are there whole or not at all, also after a crash.


"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Put ``text`` into the file at ``path``, replacing it in one instant, and onto the disk.

    Raises ``OSError``; the file is then as it was before.
    """
    replace(path, text, sync=True)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: Path, text: str, *, sync: bool = False) -> None:
    """Replace the file at ``path`` in one instant; a crash of the host may undo it.

    Raises ``OSError``; the file is then as it was before.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fchmod(descriptor, 0o644)
            if sync:
                os.fsync(descriptor)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
