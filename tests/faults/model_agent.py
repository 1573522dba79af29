"""A model of a host and its agent.

Real are ``reconcile``, ``execute``, ``plan``, ``gate``, ``desired``, ``software``, and of the
adapters node locks, role locks and the registry with all that they are made of. All else is
in memory.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from functools import partial
from typing import cast

from tests.faults.model_disk import Disk, Files, Packages
from tests.faults.model_host import Intent, Scripts, Shelf
from tests.faults.model_oracle import Oracle
from tests.faults.model_process import Process
from tests.faults.model_store import Store
from tests.faults.model_zk import ModelZK

import zc.zk
from zc.zkdeployment.adapters.locks import NodeLocks
from zc.zkdeployment.adapters.registry import Registry
from zc.zkdeployment.adapters.reporter import Reporter
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.role_lock import RoleLocks
from zc.zkdeployment.host.execute import World
from zc.zkdeployment.host.reconcile import Reconciler
from zc.zkdeployment.host.software import SoftwareInstaller
from zc.zkdeployment.host.verifying import Verifier
from zc.zkdeployment.model import Identity, Version
from zc.zkdeployment.tree.tree_parts import Tree


class Host:
    """A host of the model. Its agent is a process that can be killed and started again.

    ``owners`` gets whose sessions are whose. Without ``process`` no agent runs.
    """

    def __init__(
        self,
        identity: Identity,
        store: Store,
        choose: random.Random,
        oracle: Oracle,
        trees: Mapping[str, Tree],
        owners: dict[int, str],
    ) -> None:
        self.identity = identity
        self.disk = Disk()
        self.process: Process | None = None
        self.reconciler: Reconciler | None = None
        self.zk: ModelZK | None = None
        self._store = store
        self._choose = choose
        self._oracle = oracle
        self._trees = trees
        self._owners = owners

    @property
    def name(self) -> str:
        return self.identity.host_identifier

    def start(self) -> None:
        """Start an agent, as a supervisor does."""
        self.process = process = Process(self._live)
        self.zk = ModelZK(self._store, self._choose, process.pause)
        self._owners[self.zk.client.session] = self.name
        self.zk.client.add_listener(self._session_changed)

    def kill(self) -> int:
        """Kill the agent; return its session, which the servers know for a while yet."""
        assert self.process is not None
        assert self.zk is not None
        self.process.kill()
        self.process = self.reconciler = None
        self._oracle.killed(self.name)
        return self.zk.client.session

    def _session_changed(self, _: str) -> None:
        assert self.zk is not None
        self._owners[self.zk.client.session] = self.name

    def _live(self) -> None:
        """Do what :class:`zc.zkdeployment.agent.Agent` does."""
        assert self.process is not None
        assert self.zk is not None
        pause, wakeup = self.process.pause, self.process.wakeup
        zk = cast(zc.zk.ZK, self.zk)
        oracle = self._oracle
        intent = Intent(
            self.disk,
            pause,
            partial(oracle.owes_stop, self.name),
            partial(oracle.forgets_stop, self.name),
        )
        registry = Registry(zk, self.identity, wakeup, intent)
        files = Files(self.disk, pause, self._finished)
        client = self.zk.client
        commands = Scripts(
            self.disk,
            self._choose,
            pause,
            lambda *what: self._oracle.script(self.identity, client.seen, *what),
        )
        world = World(
            files=files,
            commands=commands,
            software=SoftwareInstaller(Packages(self.disk, pause), {}, files, commands),
            locks=NodeLocks(zk, self.identity, wakeup, registry),
            role_locks=RoleLocks(zk, self.identity, wakeup),
        )
        version = registry.register(files.read_version(), math.inf)
        trees = Shelf(Requests(zk), self._trees)
        reporter = Reporter()
        self.reconciler = Reconciler(
            self.identity,
            world,
            registry,
            trees,
            wakeup,
            version,
            progress=reporter,
            verifier=Verifier(self.identity, files, world.software, trees, reporter, 0),
        )
        registry.watch()
        self.reconciler.run()

    def _finished(self, version: Version) -> None:
        if not self.disk.tampered:
            self._oracle.finished(self.identity, version, self.disk)
