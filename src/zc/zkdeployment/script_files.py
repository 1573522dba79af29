"""The files that a ``zookeeper-deploy`` script wrote, remembered from one run to the next.

PATH.N.deployed lists them, a path a line, relative to the root. While a script runs that
has changed something, PATH.N.changed does, too, and it stays if the script fails.
``script.sh`` keeps the same files.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


class WrittenFiles:
    """The files of the instance that is called ``name``, and whether any has changed.

    ``directory`` is where the two lists are.
    """

    def __init__(self, directory: Path, name: str, root: Path) -> None:
        self._deployed = directory / f"{name}.deployed"
        self._changed = directory / f"{name}.changed"
        self._root = root
        self._known: set[str] = set()
        self._written: set[str] = set()

    @property
    def changed(self) -> bool:
        """Whether a file has changed since the last success."""
        return self._changed.exists()

    def begin(self) -> None:
        """Recall what earlier runs wrote; raises ``OSError``."""
        self._known = {line for path in (self._deployed, self._changed) for line in _lines(path)}

    def write(self, path: Path, text: str, mode: int) -> bool:
        """Have a file as wanted; tell whether it was not. Raises ``OSError``."""
        shown = self._shown(path)
        self._written.add(shown)
        data = text.encode()
        if _is_so(path, data, mode):
            return False
        self._note(shown)
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data, mode)
        return True

    def remove_others(self) -> None:
        """Remove what earlier runs wrote and this one did not."""
        for shown in sorted(self._known - self._written):
            self._note(shown)
            (self._root / shown).unlink(missing_ok=True)

    def remove_all(self) -> None:
        """Remove everything that was written, and the lists."""
        for shown in sorted(self._known | self._written):
            (self._root / shown).unlink(missing_ok=True)
        self._deployed.unlink(missing_ok=True)
        self._changed.unlink(missing_ok=True)

    def finish(self) -> None:
        """Say that the instance is there and that nothing is left to be done."""
        self._deployed.parent.mkdir(parents=True, exist_ok=True)
        _replace(self._deployed, "".join(f"{each}\n" for each in sorted(self._written)).encode())
        self._changed.unlink(missing_ok=True)

    def _shown(self, path: Path) -> str:
        shown = os.path.relpath(path, self._root)
        if "\n" in shown or shown.startswith(".."):
            raise OSError(f"{str(path)!r} cannot be a file of an instance")
        return shown

    def _note(self, shown: str) -> None:
        """Remember, over a crash too, that a file changes, before it does."""
        self._changed.parent.mkdir(parents=True, exist_ok=True)
        with self._changed.open("a", encoding="utf-8") as file:
            file.write(f"{shown}\n")
            file.flush()
            os.fsync(file.fileno())


def _lines(path: Path) -> list[str]:
    """Return what a list holds; other scripts may have put something else there."""
    try:
        lines = path.read_text("utf-8", "surrogateescape").split("\n")
    except FileNotFoundError:
        return []
    return [line for line in lines if line and not {"", ".."} & set(line.split("/"))]


def _is_so(path: Path, data: bytes, mode: int) -> bool:
    try:
        status = path.lstat()
        return (
            path.is_file()
            and not path.is_symlink()
            and status.st_mode & 0o7777 == mode
            and status.st_size == len(data)
            and path.read_bytes() == data
        )
    except FileNotFoundError:
        return False


def _replace(path: Path, data: bytes, mode: int = 0o644) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
