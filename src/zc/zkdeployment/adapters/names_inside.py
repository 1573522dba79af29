"""Names of files and directories that lead nowhere else."""

from __future__ import annotations

from pathlib import Path


def inside(directory: Path, name: str) -> Path:
    """Return the path of what is called ``name`` in a directory.

    Raises ``ValueError`` for a name that would lead out of it.
    """
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is not the name of anything in {directory}")
    return directory / name
