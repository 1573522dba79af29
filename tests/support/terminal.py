"""A terminal, and what a person sees on it."""

from __future__ import annotations

import contextlib
import os
import pty
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Terminal:
    """The other end of a terminal: ``device`` is the file descriptor that programs write to."""

    device: int
    _written: list[bytes] = field(default_factory=list)
    _wait: Callable[[], None] = lambda: None

    def so_far(self) -> str:
        """Return what was written by now."""
        return b"".join(self._written).decode(errors="replace")

    def written(self) -> str:
        """Return all that was written; programs must have ended, and the device is closed."""
        os.close(self.device)
        self._wait()
        return b"".join(self._written).decode()

    def screen(self) -> list[str]:
        """Return the lines that a person sees at the end: see :meth:`written`."""
        return seen(self.written())


@contextlib.contextmanager
def terminal() -> Iterator[Terminal]:
    """Open a terminal, and read what is written to it."""
    master, device = pty.openpty()
    opened = Terminal(device)

    def read() -> None:
        with contextlib.suppress(OSError):  # nobody has it open any more
            while part := os.read(master, 4096):
                opened._written.append(part)

    reader = threading.Thread(target=read, name="terminal", daemon=True)
    opened._wait = lambda: reader.join(30.0)
    reader.start()
    try:
        yield opened
    finally:
        with contextlib.suppress(OSError):  # closed already
            os.close(device)
        reader.join(30.0)
        os.close(master)


def seen(written: str) -> list[str]:
    """Return the lines that a terminal shows, the last one if it is not blank."""
    lines = []
    for line in written.replace("\r\n", "\n").split("\n"):
        shown: list[str] = []
        for part in line.split("\r"):
            shown[: len(part)] = part
        lines.append("".join(shown).rstrip())
    return lines if lines[-1] else lines[:-1]
