"""What a host has: ``/opt``, ``/etc`` and the run directory.

Source: agent.txt, "Low-level machinery" and "Deregistration"; companions.md,
"Other behaviour worth keeping".
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from zc.zkdeployment import names
from zc.zkdeployment.adapters import durable, version_file
from zc.zkdeployment.adapters.deployment_files import DeploymentFiles
from zc.zkdeployment.adapters.names_inside import inside
from zc.zkdeployment.adapters.output import printable
from zc.zkdeployment.model import Deployment, Installed, UnversionedDeployment, Version

logger = logging.getLogger(__name__)

_VERSION = "host_version"
_UNFINISHED = "unfinished"

# What makes a directory below /opt software of this kind.
_APPLICATION = ("bin", "zookeeper-deploy")
_CONTROLLER = ("bin", "starting-deployments")


class HostFiles:
    """The files of one host.

    ``root`` is the directory that holds ``/opt`` and ``/etc``. The run directory holds
    ``host_version``, ``status``, ``unfinished`` while a version is being deployed, and a
    ``checkout-NAME`` for each software that is being changed. Both are absolute paths.
    The run directory is made when something is first written there.

    Methods raise ``OSError`` where the file system fails, and ``ValueError``
    for a name that would lead out of ``/opt`` or ``/etc``.
    """

    def __init__(self, root: str, run_directory: str) -> None:
        self._opt = Path(root, "opt")
        self._etc = Path(root, "etc")
        self._run = Path(run_directory)
        self._said: set[str] = set()
        self._files = DeploymentFiles(self._etc, self._say)

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
        return str(inside(self._opt, name).joinpath(*below))

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
        path = inside(self._opt, name)
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.exists():
            self.change_begins(name)  # half of it would be no better than half a checkout
            shutil.rmtree(path)
        self.change_done(name)

    def change_begins(self, name: str) -> None:
        """Remember, over a crash too, that software, a package or checkout, is being changed."""
        self._opt.mkdir(parents=True, exist_ok=True)
        durable.write(self._state(_marker(name)), name)

    def change_done(self, name: str) -> None:
        """Forget what :meth:`change_begins` remembered."""
        inside(self._run, _marker(name)).unlink(missing_ok=True)

    def is_cut_off(self, name: str) -> bool:
        """Tell whether a change of software was begun and cut off."""
        return inside(self._run, _marker(name)).exists()

    def prepare_deployment(self, deployment: Deployment) -> None:
        """Make ``/etc/APP``."""
        inside(self._etc, deployment.app).mkdir(parents=True, exist_ok=True)

    def record_deployment(self, deployment: Deployment) -> None:
        """Write which script deployed it (``/etc/APP/PATH.N.script``)."""
        self._files.record(deployment, self.software_path(deployment.rpm_name, *_APPLICATION))

    def forget_deployment(self, deployment: UnversionedDeployment) -> None:
        """Remove the files that say that it is deployed, where the script left them."""
        self._files.forget(deployment)

    def forget_removed(self) -> None:
        """Forget what is deployed no more, but whose removal was cut off before it was forgotten.

        That are records of scripts beside which nothing says that they deployed anything.
        """
        self._files.forget_removed(self._is_script)

    def remove_configuration(self, app: str) -> None:
        """Remove the directory ``/etc/APP`` if it is there; ``OSError`` if it is not empty."""
        path = inside(self._etc, app)
        if os.path.lexists(path):
            path.rmdir()

    def read_version(self) -> Version:
        """Return the version last deployed; ``None`` if there is none or it cannot be read.

        What cannot be read is set aside, with a warning: without a version,
        everything is verified and deployed anew.
        """
        return version_file.read(self._run / _VERSION)

    def write_version(self, version: Version) -> None:
        """Record the version deployed, durably; nothing is unfinished any more."""
        version_file.write(self._state(_VERSION), version)
        self._state(_UNFINISHED).unlink(missing_ok=True)

    def begin_version(self, version: Version) -> None:
        """Record, durably, that a version is being deployed."""
        version_file.write(self._state(_UNFINISHED), version)

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
        """Yield the names of the software that :meth:`is_cut_off` is true of."""
        for marker in self._run.glob(_marker("*")):
            name = marker.name.removeprefix(_marker(""))
            if names.is_software(name):
                yield name

    def _holds(self, name: str, below: tuple[str, ...]) -> bool:
        return self._opt.joinpath(name, *below).exists()

    def _deployments(self, name: str) -> Iterator[UnversionedDeployment]:
        return self._files.of(name, self.software_path(name, *_APPLICATION))

    def _is_script(self, path: Path) -> bool:
        return path.is_relative_to(self._opt) and str(path).endswith("/".join(_APPLICATION))

    def _state(self, name: str) -> Path:
        self._run.mkdir(mode=0o755, parents=True, exist_ok=True)
        return inside(self._run, name)

    def _say(self, warning: str) -> None:
        if warning not in self._said:
            self._said.add(warning)
            logger.warning("%s", printable(warning))


def _marker(name: str) -> str:
    # So called on hosts since it was for checkouts only.
    return f"checkout-{name}"
