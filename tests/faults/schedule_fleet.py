"""A fleet of agents that are processes, with a publisher and a person who watches over it."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from kazoo.exceptions import BadVersionError, ConnectionLoss, SessionExpiredError
from kazoo.protocol.states import ZnodeStat
from tests.faults.schedule_host import Host

import zc.zk
from zc.zkdeployment.adapters.fleet_state import read_fleet
from zc.zkdeployment.host.desired import gather
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.model import Identity, Version
from zc.zkdeployment.names import file_name
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.sync import sync
from zc.zkdeployment.tree.origin import Origin
from zc.zkdeployment.tree.snapshot import Snapshot, SourceFile
from zc.zkdeployment.tree.tree_parts import Tree

#: Software that hosts run.
SOFTWARE = ("web", "worker")

_NODES = ("/cust/a", "/cust/b", "/cust/some/cache")
_GRAIN = 0.03  # seconds by which an uptime that a script read may be too low
_MANY = 1000  # instances that may be removed without anybody minding


class Script(NamedTuple):
    """What the oracle knows of the begin or end of a script; ``at`` is in seconds."""

    what: str
    node: str
    n: str
    removal: bool
    host: str
    at: float


class Release:
    """A source of one tree under one version."""

    def __init__(self, version: int, tree: Tree) -> None:
        self._version = version
        self._text = text_of(tree)

    def newest(self) -> int:
        return self._version

    def read(self) -> Snapshot:
        files = (SourceFile("site.zk", self._text.encode()),)
        return Snapshot(self._version, files, Origin("schedules"))


class Fleet:
    """Hosts below ``directory`` and their ``server``, with a root of their own on it.

    A context manager. ``stops`` are the spans of time in which the fleet was known to be
    stopped or held; one without an end lasted until ``set_at`` or lasts.
    ``set_at`` is when a publisher last set the version, or just before.
    """

    def __init__(self, directory: Path, server: Server, choose: random.Random) -> None:
        self.server = server
        self.choose = choose
        self.events: list[str] = []
        self.version = 0
        self._last = 0
        self.tree: Tree = {}
        self.stops: list[list[float]] = []
        self._start = time.monotonic()
        self.set_at = 0.0
        self._stack = ExitStack()
        self._oracle = directory / "oracle"
        directory.mkdir(parents=True)
        self._oracle.touch()
        connection = f"{server.connection_string}/{directory.name}"
        with contextlib.closing(zc.zk.ZK(server.connection_string)) as top:
            top.create(f"/{directory.name}")
        self.zk = self._stack.enter_context(contextlib.closing(zc.zk.ZK(connection)))
        self.zk.import_tree("/hosts\n  version = 0\n")
        self.zk.client.DataWatch("/hosts", self._changed)
        small = choose.random() < 0.3
        self.hosts = [
            Host(f"h{n}", directory, connection, self._oracle, small=small and n == 1)
            for n in range(1, choose.randint(2, 3) + 1)
        ]
        for host in self.hosts:
            self._stack.enter_context(host)
            host.start()

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @property
    def properties(self) -> Mapping[str, object]:
        """What ``/hosts`` says."""
        return self.zk.get_properties("/hosts")

    @property
    def stopped(self) -> bool:
        return self.properties.get("version") in (None, False)

    def say(self, text: str) -> None:
        self.events.append(f"{time.monotonic() - self._start:.1f} s: {text}")

    def publish(self, tree: Tree | None = None, *, resume: bool = False) -> bool:
        """Publish a tree, a random one by default; to a fleet that is stopped, to ``resume`` it.

        Tells whether it was published: a stop that comes at the same time goes before.
        """
        fleet = read_fleet(self.zk)
        if fleet.version is None and not resume:
            return False
        tree = self._random_tree() if tree is None else tree
        limits = Limits(force=True, removals=_MANY, index=None if resume else fleet.index)
        self._last += 1  # used once, whatever comes of it
        self.set_at = uptime()
        try:
            source, terms = Release(self._last, tree), Terms("them", datetime.now(UTC))
            reason = sync(self.zk, source, terms, limits).reason
        except (ConnectionLoss, SessionExpiredError) as error:  # it may be done or not
            reason = repr(error)
        if self.properties.get("version") == self._last:
            reason = None
        if reason is not None:
            self.say(f"not published: {reason}")
            return False
        self.version, self.tree = self._last, tree
        self.say(f"version {self.version}: {shown(tree)}")
        return True

    def hold(self) -> None:
        """Have the fleet hold still, unless it is stopped."""
        data, stat = self.zk.get("/hosts")
        properties = zc.zk.decode(data)
        if properties.get("version") is not None:
            with contextlib.suppress(BadVersionError):  # it was stopped meanwhile, say
                self.zk.set("/hosts", zc.zk.encode({**properties, "version": False}), stat.version)
                self.say("version False")

    def scripts(self) -> list[Script]:
        found = []
        for line in self._oracle.read_text().splitlines():
            what, node, n, removal, host, at = line.split(" ")
            found.append(Script(what, node, n, removal == "1", host, float(at)))
        return found

    def reached(self) -> bool:
        """Tell whether all hosts reached the version, or the fleet was stopped on the way."""
        if self.stopped:
            return True
        nodes = self.zk.bulk.read(f"/hosts/{host.name}" for host in self.hosts)
        return all(zc.zk.decode(node.data).get("version") == self.version for node in nodes)

    def registered(self, *hosts: Host) -> bool:
        """Tell whether hosts, by default all, are registered."""
        nodes = self.zk.bulk.read(f"/hosts/{host.name}" for host in hosts or self.hosts)
        return all(node.exists for node in nodes)

    def errors(self) -> str:
        """Return what hosts say went wrong."""
        nodes = self.zk.bulk.read(f"/hosts/{host.name}" for host in self.hosts)
        found = ((node.path, zc.zk.decode(node.data).get("error")) for node in nodes)
        return "; ".join(f"{path}: {error}" for path, error in found if error)

    def wanted(self, host: Host) -> tuple[dict[str, str], dict[str, str]]:
        """Return the packages and the files below ``/etc`` that a host has to have."""
        desired = gather(self.tree, Identity(host.name, host.name))
        files: dict[str, str] = {}
        for each in desired.deployments:
            stem = f"etc/{each.app}/{file_name(each.path, each.n)}"
            script = host.root / "opt" / each.rpm_name / "bin/zookeeper-deploy"
            files |= {
                f"{stem}.conf": each.version or "",
                f"{stem}.deployed": "",
                f"{stem}.script": str(script),
            }
        return {each.name: each.version or "" for each in desired.software}, files

    def _changed(self, data: bytes | None, stat: ZnodeStat | None) -> None:
        version: Version = zc.zk.decode(data or b"").get("version")
        stopped = stat is not None and (version is None or version is False)
        for stop in self.stops:
            # Where it came after set_at, but before what was then published, it lasted no time.
            if len(stop) == 1 and (stop[0] < self.set_at or not stopped):
                stop.append(self.set_at - _GRAIN)
        if stopped:
            self.stops.append([uptime()])

    def _random_tree(self) -> Tree:
        choose = self.choose
        versions = {name: choose.choice(("1.0", "1.1", "2.0")) for name in SOFTWARE}
        tree: dict[str, dict[str, object]] = {}
        for node in _NODES:
            name = choose.choice(SOFTWARE)
            tree[node] = {"type": name, "version": versions[name]}
            for host in self.hosts:
                if choose.random() < 0.7:
                    tree[f"{node}/deploy/{host.name}"] = {"n": choose.choice((0, 1, 1, 2))}
        return tree


def uptime() -> float:
    """Return a time in seconds that scripts can tell, too."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def text_of(tree: Tree) -> str:
    """Return a tree as a publisher reads it."""
    lines: list[str] = []
    told: set[str] = set()
    for path, held in tree.items():
        names = path.strip("/").split("/")
        for depth in range(1, len(names) + 1):
            above = "/".join(names[:depth])
            if above in told:
                continue
            told.add(above)
            indent = "  " * (depth - 1)
            properties = dict(held) if depth == len(names) else {}
            software = properties.pop("type", None)
            lines.append(f"{indent}/{names[depth - 1]}" + (f" : {software}" if software else ""))
            lines += [f"{indent}  {name} = {value!r}" for name, value in properties.items()]
    return "\n".join(lines) + "\n"


def shown(tree: Tree) -> str:
    """Return a tree in one line."""
    return "; ".join(
        f"{path} " + " ".join(str(value) for value in held.values()) for path, held in tree.items()
    )
