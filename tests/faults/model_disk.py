"""A model of what an agent acts on: files, packages and scripts of one host, in memory.

Everything that would survive a crash is in :class:`Disk`. Whatever changes it pauses first, so
that an agent can be killed between any two changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from zc.zkdeployment.model import (
    Deployment,
    Installed,
    UnversionedDeployment,
    Version,
)
from zc.zkdeployment.tree.packages import InstalledPackage

#: The software that is a controller of a role.
CONTROLLER = "turnstile"

#: Application, path and instance.
Instance = tuple[str, str, int]


@dataclass(slots=True)
class Disk:
    """What is on a host; ``deployed`` says by which version of its software.

    ``doomed`` is how many of the next scripts fail; ``tampered`` whether a person took
    software away since the last deployment began. ``orphans`` are deployed instances whose
    software was taken away so: nobody can see them until it is there again.
    """

    software: dict[str, str] = field(default_factory=dict)
    deployed: dict[Instance, str] = field(default_factory=dict)
    version: Version = None
    unfinished: bool = False
    status: str | None = None
    owed_stop: str | None = None
    doomed: int = 0
    tampered: bool = False
    orphans: set[Instance] = field(default_factory=set)


class Files:
    """Stands in for the files of a host: :class:`zc.zkdeployment.host.host_ports.HostFiles`."""

    def __init__(
        self, disk: Disk, pause: Callable[[], None], finished: Callable[[Version], None]
    ) -> None:
        self._disk = disk
        self._pause = pause
        self._finished = finished  # is called when a version counts as reached

    def installed(self) -> Installed:
        there = self._disk.software
        found = sorted(
            UnversionedDeployment(app, app, path, n)
            for app, path, n in self._disk.deployed
            if app in there
        )
        names = frozenset(there)
        return Installed(tuple(found), names - {CONTROLLER}, names & {CONTROLLER})

    def software_path(self, name: str, *below: str) -> str:
        return "/".join(("/opt", name, *below))

    def has_software(self, name: str) -> bool:
        return name in self._disk.software

    def checkout_kind(self, name: str) -> str | None:
        return None

    def remove_software(self, name: str) -> None:
        self._pause()
        self._disk.software.pop(name, None)

    def change_begins(self, name: str) -> None:
        raise NotImplementedError

    change_done = change_begins

    def is_cut_off(self, name: str) -> bool:
        return False

    def prepare_deployment(self, deployment: Deployment) -> None:
        self._pause()

    def record_deployment(self, deployment: Deployment) -> None:
        self._pause()

    def forget_deployment(self, deployment: UnversionedDeployment) -> None:
        self._pause()
        self._disk.deployed.pop((deployment.app, deployment.path, deployment.n), None)

    def forget_removed(self) -> None:
        self._pause()

    def remove_configuration(self, app: str) -> None:
        self._pause()

    def read_version(self) -> Version:
        return self._disk.version

    def write_version(self, version: Version) -> None:
        self._pause()
        self._finished(version)
        self._disk.version = version
        self._pause()
        self._disk.unfinished = False

    def begin_version(self, version: Version) -> None:
        self._pause()
        self._disk.unfinished = True
        self._disk.tampered = False

    def is_unfinished(self) -> bool:
        return self._disk.unfinished

    def save_status(self, version: Version, status: str) -> None:
        self._disk.status = status


class Packages:
    """Stands in for a package manager: :class:`zc.zkdeployment.host.host_ports.Packages`."""

    def __init__(self, disk: Disk, pause: Callable[[], None]) -> None:
        self._disk = disk
        self._pause = pause

    def begin(self) -> None:
        pass

    def installed(self, name: str) -> InstalledPackage | None:
        version = self._disk.software.get(name)
        return None if version is None else InstalledPackage("0", version, "1")

    def look(self, names: Sequence[str]) -> Mapping[str, InstalledPackage]:
        found = {name: self.installed(name) for name in names}
        return {name: package for name, package in found.items() if package is not None}

    def install(self, name: str, version: str | None) -> None:
        self._pause()
        self._disk.software[name] = version or "1"

    def remove(self, name: str) -> None:
        self._pause()
        self._disk.software.pop(name, None)
