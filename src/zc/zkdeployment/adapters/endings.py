"""How a program ends: that is waited for, or brought about."""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

from zc.zkdeployment.adapters.control_groups import ControlGroup

_LOOK = 0.025  # seconds between two looks at whether all have ended


@contextlib.contextmanager
def end_of(process: subprocess.Popen[bytes]) -> Iterator[Callable[[float], bool]]:
    """Provide what waits so many seconds for the end of a program, and tells whether it came."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:  # before Linux 5.3 there is none: the end is noticed up to 50 ms late
        yield lambda seconds: _ends_within(process, seconds)
        return
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        yield lambda seconds: bool(poll.poll(math.ceil(seconds * 1000)))
    finally:
        os.close(descriptor)


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def bring_to_end(
    process: subprocess.Popen[bytes], group: ControlGroup | None, grace: float
) -> None:
    """End a program and what it started: ask them all, wait a little, kill who is left."""
    whole = group if group and group.is_whole else None
    groups = [whole] if whole else [each for each in (_ProcessGroup(process), group) if each]
    for each in groups:
        each.signal(signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline:
        if all(each.is_empty() for each in groups):
            return
        time.sleep(_LOOK)
    for each in groups:
        each.kill()


class _ProcessGroup:
    """What a program started and what has not left for a session of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._is_empty = False  # from then on the number may become somebody else's

    def signal(self, number: int) -> None:
        if not self._is_empty:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                self._is_empty = True

    def is_empty(self) -> bool:
        self._process.poll()  # who has ended and is not waited for still counts
        self.signal(0)
        return self._is_empty

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
