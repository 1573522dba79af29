"""Programs that run while a test does, and that end with it."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping

#: ``zkdeploy``, as a command line begins.
ZKDEPLOY = (sys.executable, "-m", "zc.zkdeployment.cli")


@contextlib.contextmanager
def zkdeploy_running(
    environ: Mapping[str, str], *args: str, patience: float, reads: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """Run ``zkdeploy``, and kill it in the end or after ``patience`` seconds.

    What it logs is on its ``stderr``; with ``reads``, what it prints is on its ``stdout``.
    """
    with subprocess.Popen(
        [*ZKDEPLOY, *args],
        env=environ,
        stdout=subprocess.PIPE if reads else None,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        killer = threading.Timer(patience, process.kill)
        killer.start()
        try:
            yield process
        finally:
            killer.cancel()
            process.kill()


def has_ended(pid: int, patience: float = 10.0) -> bool:
    """Wait for the end of a process, ``patience`` seconds at most; tell whether it came."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(process, select.POLLIN)
        return bool(poll.poll(patience * 1000))
    finally:
        os.close(process)
