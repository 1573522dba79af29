"""One agent for a host identifier on one machine."""

from __future__ import annotations

import fcntl
from pathlib import Path

from zc.zkdeployment.errors import AnotherAgent


class OnlyAgent:
    """A lock in the run directory that ends with the process that holds it."""

    def __init__(self, run_directory: str) -> None:
        """Take the lock; raises :exc:`~zc.zkdeployment.errors.AnotherAgent` if it is taken."""
        Path(run_directory).mkdir(parents=True, exist_ok=True)
        self._file = Path(run_directory, "agent.lock").open("w")  # noqa: SIM115 # open is locked
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise AnotherAgent("Another agent is running") from None

    def close(self) -> None:
        """Give the lock back; nothing if that was done before."""
        self._file.close()
