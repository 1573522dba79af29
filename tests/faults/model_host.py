"""A model of what an agent acts on: files, packages and scripts of one host, in memory.

Everything that would survive a crash is in :class:`Disk`. Whatever changes it pauses first, so
that an agent can be killed between any two changes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kazoo.exceptions import NoNodeError

from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.stop_intent import StopIntent
from zc.zkdeployment.desired import Tree
from zc.zkdeployment.errors import CommandFailed
from zc.zkdeployment.manifest import compile_tree
from zc.zkdeployment.model import (
    Deployment,
    Installed,
    Manifest,
    UnversionedDeployment,
    Version,
)
from zc.zkdeployment.packages import InstalledPackage

#: The software that is a controller of a role.
CONTROLLER = "turnstile"

#: Application, path and instance.
Instance = tuple[str, str, int]

#: Told of a script: ``missing``, or ``begin`` and then ``failed`` or ``end``; its arguments and
#: environment.
Tell = Callable[[str, tuple[str, ...], Mapping[str, str]], None]


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
    """Stands in for the files of a host: :class:`zc.zkdeployment.ports.HostFiles`."""

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

    def checkout_begins(self, name: str) -> None:
        raise NotImplementedError

    checkout_done = checkout_begins

    def checkout_broken(self, name: str) -> bool:
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
    """Stands in for a package manager: :class:`zc.zkdeployment.ports.Packages`."""

    def __init__(self, disk: Disk, pause: Callable[[], None]) -> None:
        self._disk = disk
        self._pause = pause

    def begin(self) -> None:
        pass

    def installed(self, name: str) -> InstalledPackage | None:
        version = self._disk.software.get(name)
        return None if version is None else InstalledPackage("0", version, "1")

    def install(self, name: str, version: str | None) -> None:
        self._pause()
        self._disk.software[name] = version or "1"

    def remove(self, name: str) -> None:
        self._pause()
        self._disk.software.pop(name, None)


class Scripts:
    """Stands in for scripts: :class:`zc.zkdeployment.ports.Commands`.

    A script whose agent is killed ends there, having done its work or not.
    """

    def __init__(
        self, disk: Disk, choose: random.Random, pause: Callable[[], None], tell: Tell
    ) -> None:
        self._disk = disk
        self._choose = choose
        self._pause = pause
        self._tell = tell

    def end(self) -> None:
        raise NotImplementedError

    def run(
        self,
        argv: Iterable[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> str:
        argv, env = tuple(argv), env or {}
        self._pause()
        _, _, name, _, script = argv[0].split("/")
        version = self._disk.software.get(name)
        if version is None:
            self._tell("missing", argv, env)
            raise CommandFailed(argv, "cannot be started")
        self._tell("begin", argv, env)
        outcome = "end"
        try:
            for _ in range(self._choose.choice((0, 1, 1, 4))):
                self._pause()
            if self._disk.doomed and script == "zookeeper-deploy":
                self._disk.doomed -= 1
                outcome = "failed"
                raise CommandFailed(argv)
            if script == "zookeeper-deploy":
                self._deploy(name, version, argv[1:])
            self._pause()
        finally:
            self._tell(outcome, argv, env)
        return ""

    def _deploy(self, app: str, version: str, arguments: tuple[str, ...]) -> None:
        path, n = arguments[-2:]
        self._disk.orphans.discard((app, path, int(n)))
        if "-u" in arguments:
            self._disk.deployed.pop((app, path, int(n)), None)
        else:
            self._disk.deployed[app, path, int(n)] = version
            if app not in self._disk.software:
                self._disk.orphans.add((app, path, int(n)))


class Intent(StopIntent):
    """Keeps an all stop that is owed on a model of a disk.

    ``kept`` and ``forgotten`` are called when it is.
    """

    def __init__(
        self,
        disk: Disk,
        pause: Callable[[], None],
        kept: Callable[[], None],
        forgotten: Callable[[], None],
    ) -> None:
        self._disk = disk
        self._pause = pause
        self._kept = kept
        self._forgotten = forgotten
        self.error = disk.owed_stop

    def keep(self, error: str) -> None:
        self._pause()
        self._kept()
        self.error = self._disk.owed_stop = error

    def forget(self) -> None:
        self._pause()
        if self.error is not None:
            self._forgotten()
        self.error = self._disk.owed_stop = None


class Shelf:
    """Stands in for trees as published: :class:`zc.zkdeployment.ports.Trees`.

    Its nodes hold which of ``trees`` it is: ``/model/VERSION`` of a version, where revisions
    are published, and ``/tree`` the live tree.
    """

    def __init__(self, requests: Requests, trees: Mapping[str, Tree]) -> None:
        self._requests = requests
        self._trees = trees

    def read_manifests(
        self, version: Version, targets: Collection[str]
    ) -> Mapping[str, Manifest] | None:
        try:
            data, _ = self._requests.get(f"/model/{version}")
        except NoNodeError:
            return None
        compiled = compile_tree(self._trees[data.decode()])
        return {target: compiled[target] for target in compiled if target in targets}

    def read_tree(self) -> Mapping[str, Mapping[str, Any]]:
        data, _ = self._requests.get("/tree")
        return self._trees[data.decode()]
