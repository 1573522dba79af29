"""What a program prints: kept in a file, bounded, and made fit to be read.

It is a file and not a pipe because a daemon that a script leaves behind keeps
its output open: nobody could wait for the end of a pipe.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
import threading
from types import TracebackType
from typing import Self

#: Bytes kept of the beginning and of the end of an output.
KEPT = 64 * 1024

_MOST_ON_DISK = 4 * 1024 * 1024

# All that moves the cursor, changes the terminal or the direction of text, or ends a line
# somewhere else than at a newline.
_unprintable = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


class Output:
    """A place for a program to print to, as a context manager.

    Whatever is printed, memory holds the first and the last ``kept`` bytes.
    The file holds what is printed between two calls of :meth:`trim`, which
    empties it when it has grown large. One thread uses it, except for :meth:`end`.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._file = tempfile.TemporaryFile(prefix="zkdeployment-")  # noqa: SIM115 # closed below
        descriptor = self._file.fileno()
        # Whoever writes goes on at the end, also after the file was emptied.
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_APPEND)
        self._head = b""
        self._tail = b""
        self._left_out = 0
        self._lock = threading.Lock()  # for who asks for the end meanwhile

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._file.close()

    def fileno(self) -> int:
        """Return the descriptor to print to."""
        return self._file.fileno()

    def trim(self) -> None:
        """Empty the file if it has grown large, keeping what is to be kept.

        What is printed in the same instant may be lost; it would be left out anyway.
        """
        if os.fstat(self.fileno()).st_size > _MOST_ON_DISK:
            self._take()

    def end(self, size: int) -> str:
        """Return the last ``size`` bytes that were printed so far, printable; from any thread.

        They may begin within a line. Empty after the output was closed.
        """
        with self._lock:
            if self._file.closed:
                return ""
            descriptor = self.fileno()
            printed = os.pread(descriptor, size, max(os.fstat(descriptor).st_size - size, 0))
            whole = self._head[-size:] + self._tail[-size:] + printed
        return printable(whole[-size:].decode(errors="backslashreplace"))

    def text(self) -> str:
        """Return what was printed, without its middle if it is too long, printable."""
        self._take()
        if not self._left_out:
            return printable((self._head + self._tail).decode(errors="backslashreplace"))
        head, tail = (part.decode(errors="backslashreplace") for part in (self._head, self._tail))
        return printable(f"{head}\n[… {self._left_out} bytes left out …]\n{tail}")

    def _take(self) -> None:
        descriptor = self.fileno()
        with self._lock:
            size = os.fstat(descriptor).st_size
            first = os.pread(descriptor, self._kept - len(self._head), 0)
            rest = max(size - len(first), 0)
            last = os.pread(descriptor, self._kept, max(size - self._kept, len(first)))
            os.ftruncate(descriptor, 0)
            self._head += first
            kept = self._tail + last
            self._left_out += rest - len(last) + max(len(kept) - self._kept, 0)
            self._tail = kept[-self._kept :]


def printable(text: str) -> str:
    """Return ``text`` with nothing in it that could disturb a terminal or a log."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _unprintable.sub(lambda match: ascii(match.group())[1:-1], text)
