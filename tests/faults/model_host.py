"""A model of what an agent runs, remembers and reads: scripts, an all stop, trees."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from kazoo.exceptions import NoNodeError
from tests.faults.model_disk import Disk

from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.stop_intent import StopIntent
from zc.zkdeployment.errors import CommandFailed
from zc.zkdeployment.model import Manifest, Version
from zc.zkdeployment.revisions.manifest import compile_tree
from zc.zkdeployment.tree.tree_parts import Tree

#: Told of a script: ``missing``, or ``begin`` and then ``failed`` or ``end``; its arguments and
#: environment.
Tell = Callable[[str, tuple[str, ...], Mapping[str, str]], None]


class Scripts:
    """Stands in for scripts: :class:`zc.zkdeployment.host.host_ports.Commands`.

    A script whose agent is killed ends there, having done its work or not.
    """

    begun = 0
    may_run_until: float | None = None

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
        is_query: bool = False,
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
    """Stands in for trees as published: :class:`zc.zkdeployment.host.fleet_ports.Trees`.

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
