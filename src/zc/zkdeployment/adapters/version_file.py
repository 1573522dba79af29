"""The file that holds the version last deployed, or being deployed: JSON."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path

from zc.zkdeployment.adapters import durable
from zc.zkdeployment.model import Version
from zc.zkdeployment.regular_files import read_regular

_LARGEST = 64 * 1024  # bytes of a file that is read

logger = logging.getLogger(__name__)


def write(path: Path, version: Version) -> None:
    """Write a version, durably; raises ``OSError``."""
    durable.write(path, json.dumps(version))


def read(path: Path) -> Version:
    """Return the version that a file holds; ``None`` if there is none or it cannot be read.

    What cannot be read is set aside, with a warning.
    """
    try:
        return _version(read_regular(path, _LARGEST))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        aside = path.with_name(f"{path.name}.corrupt")
        logger.warning("Setting aside %s as %s: %s", path, aside.name, error)
        try:
            path.replace(aside)
        except OSError as failure:
            logger.warning("Cannot set it aside: %s", failure)
        return None


def _version(data: bytes) -> Version:
    """Return the version that bytes stand for; raises ``ValueError`` for anything else."""
    if len(data) > _LARGEST:
        raise ValueError(f"it is longer than {_LARGEST} bytes")
    version = json.loads(data)
    if version is not None and not isinstance(version, int | float | str):
        raise ValueError(f"a {type(version).__name__} is no version")
    if isinstance(version, float) and not math.isfinite(version):
        raise ValueError(f"{version} is no version")
    return version
