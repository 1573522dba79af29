"""What a host has: ``/opt``, ``/etc`` and the run directory.

Source: agent.txt, "Low-level machinery" and "Deregistration"; companions.md,
"Other behaviour worth keeping".
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from zc.zkdeployment import names
from zc.zkdeployment.adapters import durable
from zc.zkdeployment.adapters.output import printable
from zc.zkdeployment.model import Deployment, Installed, UnversionedDeployment, Version
from zc.zkdeployment.regular_files import NotRegular, read_regular

logger = logging.getLogger(__name__)

_DEPLOYED = ".deployed"
_SCRIPT = ".script"
_UNFINISHED = "unfinished"
_LARGEST = 64 * 1024  # bytes of a file that is read

# What makes a directory below /opt software of this kind.
_APPLICATION = ("bin", "zookeeper-deploy")
_CONTROLLER = ("bin", "starting-deployments")


class HostFiles:
    """The files of one host.

    ``root`` is the directory that holds ``/opt`` and ``/etc``. The run directory holds
    ``host_version``, ``status``, ``unfinished`` while a version is being deployed, and a
    ``checkout-NAME`` for each checkout that is being worked on. Both are absolute paths.
    The run directory is made when something is first written there.

    Methods raise ``OSError`` where the file system fails, and ``ValueError``
    for a name that would lead out of ``/opt`` or ``/etc``.
    """

    def __init__(self, root: str, run_directory: str) -> None:
        self._opt = Path(root, "opt")
        self._etc = Path(root, "etc")
        self._run = Path(run_directory)
        self._said: set[str] = set()

    def installed(self) -> Installed:
        """Look at ``/opt`` and ``/etc``.

        Software that was cut off while it was checked out, built, installed or removed
        counts as an application too, also where nothing is left of it below ``/opt``: so it
        goes away, with all that remembers it, when nothing needs it.
        """
        software = self._software()
        applications = [name for name in software if self._holds(name, _APPLICATION)]
        return Installed(
            tuple(found for name in applications for found in self._deployments(name)),
            frozenset({*applications, *self._cut_off()}),
            frozenset(name for name in software if self._holds(name, _CONTROLLER)),
        )

    def software_path(self, name: str, *below: str) -> str:
        """Return the absolute path of a directory below ``/opt``, or of something in it."""
        return str(_inside(self._opt, name).joinpath(*below))

    def has_software(self, name: str) -> bool:
        """Tell whether there is anything at ``/opt/NAME``."""
        return os.path.lexists(self.software_path(name))

    def checkout_kind(self, name: str) -> str | None:
        """Return ``'svn'`` or ``'git'`` if ``/opt/NAME`` is a checkout."""
        for kind in ("svn", "git"):
            if self._holds(name, (f".{kind}",)):
                return kind
        return None

    def remove_software(self, name: str) -> None:
        """Remove ``/opt/NAME`` if it is there; of a symbolic link, only the link."""
        path = _inside(self._opt, name)
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.exists():
            self.checkout_begins(name)  # half of it would be no better than half a checkout
            shutil.rmtree(path)
        self.checkout_done(name)

    def checkout_begins(self, name: str) -> None:
        """Remember, over a crash too, that ``/opt/NAME`` is being checked out or built."""
        self._opt.mkdir(parents=True, exist_ok=True)
        durable.write(self._state(_marker(name)), name)

    def checkout_done(self, name: str) -> None:
        """Forget what :meth:`checkout_begins` remembered."""
        _inside(self._run, _marker(name)).unlink(missing_ok=True)

    def checkout_broken(self, name: str) -> bool:
        """Tell whether a checkout or build of ``/opt/NAME`` was begun and cut off."""
        return _inside(self._run, _marker(name)).exists()

    def prepare_deployment(self, deployment: Deployment) -> None:
        """Make ``/etc/APP``."""
        _inside(self._etc, deployment.app).mkdir(parents=True, exist_ok=True)

    def record_deployment(self, deployment: Deployment) -> None:
        """Write which script deployed it (``/etc/APP/PATH.N.script``)."""
        path = self._file(deployment, _SCRIPT)
        script = self.software_path(deployment.rpm_name, *_APPLICATION)
        if _record(path) != os.fsencode(script):
            durable.write(path, script)

    def forget_deployment(self, deployment: UnversionedDeployment) -> None:
        """Remove the files that say that it is deployed, where the script left them."""
        self._file(deployment, _DEPLOYED).unlink(missing_ok=True)
        self._file(deployment, _SCRIPT).unlink(missing_ok=True)

    def forget_removed(self) -> None:
        """Forget what is deployed no more, but whose removal was cut off before it was forgotten.

        That are records of scripts beside which nothing says that they deployed anything.
        """
        for record in sorted(self._etc.glob(f"*/*{_SCRIPT}")):
            if record.with_suffix(_DEPLOYED).exists() or not names.parse_file_name(record.stem):
                continue
            script = os.fsdecode(_record(record) or b"")
            if Path(script).is_relative_to(self._opt) and script.endswith("/".join(_APPLICATION)):
                record.unlink(missing_ok=True)
                with contextlib.suppress(OSError):  # there is more in it
                    record.parent.rmdir()

    def remove_configuration(self, app: str) -> None:
        """Remove the directory ``/etc/APP`` if it is there; ``OSError`` if it is not empty."""
        path = _inside(self._etc, app)
        if os.path.lexists(path):
            path.rmdir()

    def read_version(self) -> Version:
        """Return the version last deployed; ``None`` if there is none or it cannot be read.

        What cannot be read is set aside, with a warning: without a version,
        everything is verified and deployed anew.
        """
        path = self._run / "host_version"
        try:
            return _version(_content(path))
        except (OSError, ValueError, RecursionError) as error:
            aside = path.with_name("host_version.corrupt")
            logger.warning("Setting aside %s as %s: %s", path, aside.name, error)
            try:
                path.replace(aside)
            except OSError as failure:
                logger.warning("Cannot set it aside: %s", failure)
            return None

    def write_version(self, version: Version) -> None:
        """Record the version deployed, durably; nothing is unfinished any more."""
        durable.write(self._state("host_version"), json.dumps(version))
        self._state(_UNFINISHED).unlink(missing_ok=True)

    def begin_version(self, version: Version) -> None:
        """Record, durably, that a version is being deployed."""
        durable.write(self._state(_UNFINISHED), json.dumps(version))

    def is_unfinished(self) -> bool:
        """Tell whether a version was begun and not deployed to its end."""
        return (self._run / _UNFINISHED).exists()

    def save_status(self, version: Version, status: str) -> None:
        """Write the status file: time, process id, version, status, in one line.

        It serves monitoring only: where it cannot be written, that is said, and no more.
        """
        line = f"{time.time()} {os.getpid()} {version} {status}"
        try:
            durable.replace(self._state("status"), " ".join(line.splitlines()))
        except OSError as error:
            self._say(f"Cannot write the status file: {error}")

    def _software(self) -> list[str]:
        """Return the names of everything below ``/opt`` that can be software, sorted."""
        if not self._opt.is_dir():
            return []
        found = []
        for name in sorted(entry.name for entry in self._opt.iterdir()):
            if names.is_software(name):
                found.append(name)
            elif self._holds(name, _APPLICATION) or self._holds(name, _CONTROLLER):
                self._say(f"Passing over {self._opt / name}: no software may have such a name")
        return found

    def _cut_off(self) -> Iterator[str]:
        """Yield the names of the software that :meth:`checkout_broken` is true of."""
        for marker in self._run.glob(_marker("*")):
            name = marker.name.removeprefix(_marker(""))
            if names.is_software(name):
                yield name

    def _holds(self, name: str, below: tuple[str, ...]) -> bool:
        return self._opt.joinpath(name, *below).exists()

    def _deployments(self, name: str) -> Iterator[UnversionedDeployment]:
        """Yield what is deployed by the script in ``/opt/NAME``.

        Its application is its name without a version number. A node whose type
        has a dash but no number at its end may use another directory: there,
        only what the script is recorded for is its own.
        """
        script = os.fsencode(self.software_path(name, *_APPLICATION))
        app = names.app_of(name)
        for directory in sorted({app, name, name.rpartition("-")[0]} - {""}):
            for stem, path, n in self._deployed(directory):
                recorded = _record(self._etc / directory / f"{stem}{_SCRIPT}")
                if recorded == script or (recorded is None and directory == app):
                    yield UnversionedDeployment(directory, name, path, n)

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
        return _inside(self._etc, deployment.app) / f"{stem}{extension}"

    def _state(self, name: str) -> Path:
        self._run.mkdir(mode=0o755, parents=True, exist_ok=True)
        return _inside(self._run, name)

    def _say(self, warning: str) -> None:
        if warning not in self._said:
            self._said.add(warning)
            logger.warning("%s", printable(warning))


def _marker(name: str) -> str:
    return f"checkout-{name}"


def _inside(directory: Path, name: str) -> Path:
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is not the name of anything in {directory}")
    return directory / name


def _content(path: Path) -> bytes | None:
    """Return what a file holds, ``None`` if there is no such file; not more than it should."""
    try:
        return read_regular(path, _LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _record(path: Path) -> bytes | None:
    """Return what is recorded in a directory that may be an application's own."""
    try:
        return _content(path)
    except NotRegular:
        return None


def _version(data: bytes | None) -> Version:
    """Return the version that a file holds; raises ``ValueError`` for anything else."""
    if data is None:
        return None
    if len(data) > _LARGEST:
        raise ValueError(f"it is longer than {_LARGEST} bytes")
    version = json.loads(data)
    if version is not None and not isinstance(version, int | float | str):
        raise ValueError(f"a {type(version).__name__} is no version")
    if isinstance(version, float) and not math.isfinite(version):
        raise ValueError(f"{version} is no version")
    return version
