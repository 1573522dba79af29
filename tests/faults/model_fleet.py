"""A model of a fleet, in which one thing happens after the other, as dice say."""

from __future__ import annotations

import contextlib
import random
import traceback
from collections.abc import Callable, Iterator
from typing import Any, cast
from unittest import mock

from tests.faults.model_agent import Host
from tests.faults.model_disk import CONTROLLER
from tests.faults.model_oracle import Oracle, hosts_of, trouble, version_in
from tests.faults.model_process import monotonic
from tests.faults.model_store import Store, names
from tests.faults.model_zk import ModelZK

import zc.zk
from zc.zk import codec
from zc.zk.operations import Create, Operation, Set
from zc.zkdeployment.errors import Unreachable
from zc.zkdeployment.model import Identity, Version
from zc.zkdeployment.tree.tree_parts import Tree

ROLE = "edge"
_NODES = ("/a", "/b", "/c")
_MOST_TURNS = 20_000  # until a fleet comes to rest
_BURSTS = (0, 0, 0, 1, 2, 4, 9, 30)  # pauses that a process may pass over in one turn


class Fleet:
    """Hosts, what they share, and a person, the ``operator``.

    ``events`` tell what was done to the fleet, after how many turns. In a ``live`` one agents
    read the live tree, as where no revisions are published.
    """

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(seed)
        self.events: list[str] = []
        self.turns = 0
        self.last = 0  # version that was published
        self.lingering: list[int] = []  # sessions of agents that were killed
        self.role = ROLE if self.choose.random() < 0.2 else None
        self.live = self.choose.random() < 0.3
        self._shares = self.choose.random() < 0.15  # nodes among several hosts at once
        self._nodes = _NODES[: self.choose.randint(1, 3)]
        strict = self.choose.random() < 0.2  # hosts keep the order of the tree
        self._settings = {"order": "strict"} if strict else {}
        self.store = Store()
        self._trees: dict[str, Tree] = {}
        of_version: dict[Version, Tree] = {}
        self._of_version = of_version
        self.oracle = Oracle(self.store, of_version, live=self.live)
        self._owners: dict[int, str] = {}
        self.operator = cast(zc.zk.ZK, ModelZK(self.store, self.choose, lambda: None))
        above = ["/role-locks", f"/role-locks/{ROLE}"] if self.role else []
        self.write(Create("/hosts", self._hosts(0)))
        self.write(*(Create(path) for path in ["/tree", "/model", *above]))
        self.store.wrote = lambda session: self.oracle.wrote(session, self._owners)
        found = [f"h{number}" for number in range(1, self.choose.randint(2, 3) + 1)]
        self.hosts = [self._host(name) for name in found]

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Run agents; time is only what they wait for."""
        try:
            with mock.patch("time.monotonic", monotonic):
                for host in self.hosts:
                    host.start()
                yield
        finally:
            for host in self.hosts:
                if host.process:
                    host.process.kill()

    @property
    def version(self) -> Version:
        """The cluster version."""
        return version_in(hosts_of(self.store.now))

    def say(self, text: str) -> None:
        self.events.append(f"{self.turns}: {text}")

    def write(self, *operations: Operation) -> None:
        self.store.write(0, operations)

    def set_version(self, version: Version) -> None:
        """Set the cluster version, as a person or a publisher does."""
        self.say(f"version {version}")
        self.write(Set("/hosts", self._hosts(version)))

    def publish(self) -> None:
        """Publish another tree under the next version: in a live fleet, first the tree."""
        self.last += 1
        tree = self._random_tree()
        self._of_version[self.last] = self._trees[str(self.last)] = tree
        self.say(f"tree {self.last}: {self._shown(tree)}")
        self.write(Set("/tree", str(self.last).encode()))
        if self.live and self.version is not None:
            self.turn(self.choose.choice((0, 0, 3, 20)))
            if self.version is None:  # it happened meanwhile: a publisher leaves it
                return
        self.write(Create(f"/model/{self.last}", str(self.last).encode()))
        self.set_version(self.last)

    def some_client(self) -> ModelZK | None:
        """Return the client of some agent that runs."""
        there = [host.zk for host in self.hosts if host.process and host.zk]
        return self.choose.choice(there) if there else None

    def owner(self, zk: ModelZK) -> str:
        return self._owners[zk.client.session]

    def turn(self, count: int = 1) -> bool:
        """Let ``count`` things happen; tell whether there were so many."""
        for _ in range(count):
            self.turns += 1
            processes = [host for host in self.hosts if _runs(host)]
            if not processes or self.choose.random() < 0.2:
                others = list(self._others(bool(processes)))
                if others:
                    self.choose.choice(others)()
                    continue
            if not processes:
                return False
            self._step(self.choose.choice(processes))
        return True

    def rest(self) -> bool:
        """Let things happen until there is nothing left; tell whether that came about."""
        return any(not self.turn() for _ in range(_MOST_TURNS))

    def check(self) -> list[str]:
        """Return in what a fleet that is at rest is not at its version."""
        version, now = self.version, self.store.now
        found = []
        tree = self._trees[now["/tree"].data.decode()] if self.live else self._of_version[version]
        for host in self.hosts:
            if wrong := trouble(tree, host.identity, host.disk):
                found.append(f"{host.name} rests, but its {wrong}")
            disk, shown = host.disk, now.get(f"/hosts/{host.name}")
            node = codec.decode(shown.data) if shown else {}
            if node.get("version") != version or "error" in node or disk.version != version:
                found.append(f"{host.name} rests at {disk.version}, shows {node}")
            # A version that was left before anything was touched may still be shown.
            done = disk.status == "done"
            if disk.unfinished or disk.owed_stop or not done:
                found.append(f"{host.name} rests, but half done: {disk}")
        for top in ("/agent-locks", "/role-locks"):
            for name in names(now, top):
                left = codec.decode(now[f"{top}/{name}"].data), names(now, f"{top}/{name}")
                if left != ({}, []):
                    found.append(f"{top}/{name} is left: {left}")
        return found

    def _step(self, host: Host) -> None:
        process = host.process
        assert process is not None
        process.step(self.choose.choice(_BURSTS))
        if process.ended:
            if not isinstance(process.died, Unreachable):  # that a supervisor mends
                told = "".join(traceback.format_exception(process.died))
                self.oracle.violations.append(f"the agent of {host.name} ended: {told}")
            self.lingering.append(host.kill())
            host.start()

    def _others(self, busy: bool) -> Iterator[Callable[[], Any]]:
        """Yield what may happen besides a step of an agent; ``busy`` is whether there are any."""
        for host in self.hosts:
            if not host.process or not host.zk:
                continue
            client = host.zk.client
            if client.late:
                yield client.call_back
            if not client.connected and client.reachable:
                yield client.reconnect
            if host.zk.ephemerals.owed:
                yield host.zk.ephemerals.restore
            if client.connected and not client.lagging and client.behind:
                yield client.hear
            if client.connected and client.doomed and not busy:
                yield client.lose
            if host.process.wakeup.idle and not host.process.wakeup.patient:
                yield host.process.wakeup.let_time_pass
        if self.lingering and (not busy or self.choose.random() < 0.1):
            yield lambda: self.store.end_session(self.lingering.pop(0))

    def _hosts(self, version: Version) -> bytes:
        return codec.encode({**self._settings, "version": version})

    def _host(self, name: str) -> Host:
        identity = Identity(name, name, self.role)
        return Host(identity, self.store, self.choose, self.oracle, self._trees, self._owners)

    def _random_tree(self) -> Tree:
        choose = self.choose
        versions = {name: choose.choice("123") for name in ("web", "worker", CONTROLLER)}
        targets = [self.role] if self.role else [host.name for host in self.hosts]
        tree: dict[str, dict[str, Any]] = {}
        for node in self._nodes:
            if choose.random() < 0.15:
                continue
            name = choose.choice(("web", "web", "worker"))
            tree[node] = {"type": name, "version": versions[name]}
            if self._shares and choose.random() < 0.5:
                tree[node]["max_parallel"] = 2
            for target in targets:
                if choose.random() < 0.8:
                    tree[f"{node}/deploy/{target}"] = {"n": choose.choice((0, 1, 1, 2, 3))}
        if self.role:
            tree[f"/roles/{self.role}"] = {"type": CONTROLLER, "version": versions[CONTROLLER]}
        return tree

    def _shown(self, tree: Tree) -> str:
        return "; ".join(
            f"{path} " + " ".join(str(value) for value in held.values())
            for path, held in tree.items()
        )


def _runs(host: Host) -> bool:
    """Tell whether an agent has something to do."""
    process = host.process
    return process is not None and (not process.wakeup.idle or process.wakeup.time_is_up)
