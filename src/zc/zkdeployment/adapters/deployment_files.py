"""The files below ``/etc`` that say what is deployed, and by which script.

Source: agent.txt, "Low-level machinery"; companions.md, "Other behaviour worth keeping".
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from zc.zkdeployment import names
from zc.zkdeployment.adapters import durable
from zc.zkdeployment.adapters.names_inside import inside
from zc.zkdeployment.model import Deployment, UnversionedDeployment
from zc.zkdeployment.regular_files import NotRegular, read_regular

_DEPLOYED = ".deployed"
_SCRIPT = ".script"
_LARGEST = 64 * 1024  # bytes of a file that is read


class DeploymentFiles:
    """``PATH.N.deployed``, written by scripts, and ``PATH.N.script`` in directories of ``etc``.

    ``say`` is told of files that mean nothing. Methods raise what those of
    :class:`~zc.zkdeployment.adapters.host_state.HostFiles` do.
    """

    def __init__(self, etc: Path, say: Callable[[str], None]) -> None:
        self._etc = etc
        self._say = say

    def of(self, name: str, script: str) -> Iterator[UnversionedDeployment]:
        """Yield what is deployed by the ``script`` of the software that is called ``name``.

        Its application is its name without a version number. A node whose type
        has a dash but no number at its end may use another directory: there,
        only what the script is recorded for is its own.
        """
        wanted = os.fsencode(script)
        app = names.app_of(name)
        for directory in sorted({app, name, name.rpartition("-")[0]} - {""}):
            for stem, path, n in self._deployed(directory):
                recorded = _record(self._etc / directory / f"{stem}{_SCRIPT}")
                if recorded == wanted or (recorded is None and directory == app):
                    yield UnversionedDeployment(directory, name, path, n)

    def record(self, deployment: Deployment, script: str) -> None:
        """Write which script deployed it."""
        path = self._file(deployment, _SCRIPT)
        if _record(path) != os.fsencode(script):
            durable.write(path, script)

    def forget(self, deployment: UnversionedDeployment) -> None:
        """Remove the files that say that it is deployed, where the script left them."""
        self._file(deployment, _DEPLOYED).unlink(missing_ok=True)
        self._file(deployment, _SCRIPT).unlink(missing_ok=True)

    def forget_removed(self, is_script: Callable[[Path], bool]) -> None:
        """Remove records of scripts beside which nothing says that they deployed anything.

        Only of what ``is_script`` is true of, which may be the script of an application.
        """
        for record in sorted(self._etc.glob(f"*/*{_SCRIPT}")):
            if record.with_suffix(_DEPLOYED).exists() or not names.parse_file_name(record.stem):
                continue
            if is_script(Path(os.fsdecode(_record(record) or b""))):
                record.unlink(missing_ok=True)
                with contextlib.suppress(OSError):  # there is more in it
                    record.parent.rmdir()

    def _deployed(self, app: str) -> Iterator[tuple[str, str, int]]:
        """Yield stem, path and instance of each file that says that ``app`` is deployed."""
        directory = self._etc / app
        if not directory.is_dir():
            return
        for file_name in sorted(entry.name for entry in directory.iterdir()):
            if not file_name.endswith(_DEPLOYED):
                continue
            stem = file_name.removesuffix(_DEPLOYED)
            parsed = names.parse_file_name(stem)
            if parsed:
                yield stem, *parsed
            else:
                self._say(
                    f"Passing over {directory / file_name}: it is not called PATH.N.deployed"
                )

    def _file(self, deployment: Deployment | UnversionedDeployment, extension: str) -> Path:
        stem = names.file_name(deployment.path, deployment.n)
        return inside(self._etc, deployment.app) / f"{stem}{extension}"


def _record(path: Path) -> bytes | None:
    """Return what is recorded in a directory that may be an application's own."""
    try:
        return read_regular(path, _LARGEST)
    except (FileNotFoundError, NotADirectoryError, NotRegular):
        return None
