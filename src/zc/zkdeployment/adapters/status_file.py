"""The status file, as somebody reads it who is not the agent."""

from __future__ import annotations

from pathlib import Path

from zc.zkdeployment.regular_files import read_regular
from zc.zkdeployment.views.health import LARGEST, StatusFile


def read(run_directory: str) -> StatusFile:
    """Return what :meth:`~zc.zkdeployment.adapters.host_state.HostFiles.save_status` wrote."""
    path = Path(run_directory, "status")
    try:
        return StatusFile(str(path), read_regular(path, LARGEST))
    except FileNotFoundError:
        return StatusFile(str(path))
    except OSError as error:
        return StatusFile(str(path), failure=error.strerror or str(error))
