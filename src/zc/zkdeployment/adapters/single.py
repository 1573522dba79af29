"""One agent for a host identifier on one machine."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path

from zc.zkdeployment.errors import AnotherAgent

_PATIENCE = 1.0  # seconds
_LOOK = 0.05  # seconds


class OnlyAgent:
    """A lock in the run directory that ends with the process that holds it."""

    def __init__(self, run_directory: str) -> None:
        """Take the lock; raises :exc:`~zc.zkdeployment.errors.AnotherAgent` if it is taken.

        A program that a killed agent was just about to start has it for an instant longer.
        """
        Path(run_directory).mkdir(parents=True, exist_ok=True)
        self._file = Path(run_directory, "agent.lock").open("w")  # noqa: SIM115 # open is locked
        deadline = time.monotonic() + _PATIENCE
        while not self._try():
            if time.monotonic() > deadline:
                self._file.close()
                raise AnotherAgent("Another agent is running")
            time.sleep(_LOOK)

    def _try(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Give the lock back; nothing if that was done before."""
        self._file.close()
