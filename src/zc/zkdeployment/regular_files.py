"""Reading files of which nobody knows what they are: never more than expected, never for ever."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

# A pipe that nobody writes to, or a terminal, must not hold up whoever opens it.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class NotRegular(OSError):
    """There is something, but it is no regular file: a directory, a pipe, a device, a link."""


def read_regular(path: Path, most: int, *, follow: bool = True) -> bytes:
    """Return what a regular file holds; of one that is longer, the first ``most`` + 1 bytes.

    With ``follow`` a symbolic link stands for what it leads to. Raises ``OSError``, and
    :exc:`NotRegular` in particular.
    """
    try:
        descriptor = os.open(path, _FLAGS if follow else _FLAGS | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ENXIO or (error.errno == errno.ELOOP and not follow):
            raise _not_regular(path) from None
        raise
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise _not_regular(path, mode)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(most + 1)


def _not_regular(path: Path, mode: int = 0) -> NotRegular:
    if stat.S_ISDIR(mode):
        return NotRegular(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return NotRegular(errno.EINVAL, "Not a regular file", str(path))
