"""The intent to stop the fleet, kept on disk until ZooKeeper has it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from zc.zkdeployment.adapters import durable
from zc.zkdeployment.regular_files import read_regular

_LONGEST = 64 * 1024  # characters of a reason that is kept
_MOST = 12 * _LONGEST + 2  # bytes of the file

logger = logging.getLogger(__name__)


class StopIntent:
    """An all stop that is owed. ``error`` is its reason, ``None`` if none is owed."""

    def __init__(self, run_directory: str) -> None:
        self._path = Path(run_directory, "stop")
        self.error: str | None = self._load()

    def keep(self, error: str) -> None:
        """Owe an all stop, over a crash too if the disk allows."""
        self.error = error
        try:
            durable.write(self._path, json.dumps(error[:_LONGEST]))
        except OSError as failure:
            logger.warning("Cannot keep the intent to stop the fleet: %s", failure)

    def forget(self) -> None:
        """The fleet was stopped."""
        if self.error is not None:
            self._path.unlink(missing_ok=True)
            self.error = None

    def _load(self) -> str | None:
        try:
            data = read_regular(self._path, _MOST)
            return str(json.loads(data if len(data) <= _MOST else b""))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError):
            # A half-written intent is still one: stopping is the safe side.
            return f"an earlier agent meant to stop the fleet; {self._path} cannot be read"
