"""One agent for a host identifier on one machine."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from zc.zkdeployment.errors import AnotherAgent


class OnlyAgent:
    """A lock in the run directory that ends with the process that holds it."""

    def __init__(self, run_directory: str) -> None:
        """Take the lock; raises :exc:`~zc.zkdeployment.errors.AnotherAgent` if it is taken."""
        Path(run_directory).mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(
            Path(run_directory, "agent.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise AnotherAgent("Another agent is running") from None

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)
