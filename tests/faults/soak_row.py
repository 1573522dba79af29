"""The row of one agent that deploys for long, and must not grow."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tests.faults.fleets import BOUND, until
from tests.faults.rows import Row, Setting

import zc.zk
from zc.zk.scan import scan
from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.lab.scripts import deploy_script
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.revisions.ledger import MAX_REMEMBERED
from zc.zkdeployment.sync import State, sync
from zc.zkdeployment.tree.origin import Origin
from zc.zkdeployment.tree.snapshot import Snapshot, SourceFile

_HOST = "h1"
_NODES = 4  # that each version deploys; of them one is new, and one of the last version went
_GROWTH = 2048  # KiB of resident memory between two measurements that are not yet a leak


@dataclass(frozen=True, slots=True)
class _Size:
    """What an agent takes up: KiB of memory, threads, descriptors; and nodes in ZooKeeper."""

    memory: int
    threads: int
    descriptors: int
    nodes: int

    def __str__(self) -> str:
        return (
            f"{self.memory / 1024:.1f} MiB, {self.threads} threads, {self.descriptors}"
            f" descriptors, {self.nodes} nodes"
        )


class _Release:
    """A source of one version: which nodes it deploys depends on its number."""

    def __init__(self, version: int) -> None:
        self._version = version

    def newest(self) -> int:
        return self._version

    def read(self) -> Snapshot:
        numbers = [(self._version + each) % (_NODES + 1) for each in range(_NODES)]
        text = "".join(
            f"/node{number} : app\n  version = '1'\n  build = {self._version}\n  /deploy\n"
            f"    /{_HOST}\n"
            for number in numbers
        )
        return Snapshot(self._version, (SourceFile("site.zk", text.encode()),), Origin("soak"))


def soak(setting: Setting) -> Row:
    """Let an agent deploy release after release: threads, descriptors, memory and nodes stay flat.

    Each is published, deploys one node anew, removes one, and deploys three again.
    """
    versions = 10 if setting.short else 10_000 // _NODES
    warm = versions // 2 if setting.short else MAX_REMEMBERED + 50  # until nothing more is added
    with (
        Server.start(setting.directory / "zookeeper") as server,
        contextlib.closing(zc.zk.ZK(server.connection_string)) as zk,
        _agent(setting.directory, zk, server.connection_string) as process,
    ):
        for version in range(1, versions + 1):
            outcome = sync(zk, _Release(version), Terms("soak", datetime.now(UTC)), Limits())
            if outcome.state is not State.PUBLISHED:
                return _row(setting, version, f"version {version}: {outcome}")
            until(partial(_reached, zk, version), f"version {version} is deployed")
            if version == warm:
                before = _size(process.pid, zk)
            if version % 250 == 0:
                setting.say(f"{version} of {versions} versions: {_size(process.pid, zk)}")
        after = _size(process.pid, zk)
    trouble = [] if setting.short else _trouble(before, after)
    note = f"after version {warm} {before}; after the last one {after}"
    return _row(setting, versions, *trouble, note=note)


def _row(setting: Setting, versions: int, *trouble: str, note: str = "") -> Row:
    oracle = setting.directory / "oracle"
    deployed = oracle.read_text().count("\n") if oracle.exists() else 0
    note = f"{versions:,} versions; {note}"
    return Row("an agent deploys for long", deployed, "deployments", trouble, note)


def _trouble(before: _Size, after: _Size) -> list[str]:
    same = ("threads", "descriptors", "nodes")
    grown = [name for name in same if getattr(after, name) > getattr(before, name)]
    grown += ["memory"] if after.memory > before.memory + _GROWTH else []
    return [f"{name} grew: {before}; {after}" for name in grown]


def _reached(zk: zc.zk.ZK, version: int) -> bool:
    [node] = zk.bulk.read([f"/hosts/{_HOST}"])
    return node.exists and zc.zk.decode(node.data).get("version") == version


def _size(pid: int, zk: zc.zk.ZK) -> _Size:
    process = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    return _Size(
        int(status["VmRSS"].split()[0]),
        int(status["Threads"]),
        len(os.listdir(process / "fd")),  # noqa: PTH208 # names are all that is wanted
        len(scan(zk.bulk)),
    )


@contextlib.contextmanager
def _agent(directory: Path, zk: zc.zk.ZK, connection: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run an agent on a host whose package manager claims that all is installed."""
    zk.import_tree("/hosts\n  version = 0\n")
    root, programs = directory / "root", directory / "bin"
    log = f'[ "$uninstall" ] || echo "$path $n" >>{directory}/oracle'
    write_file(root / "etc/zmh/pxemac", f"{_HOST}\n")
    write_file(root / "opt/app/bin/zookeeper-deploy", deploy_script(log))
    write_file(programs / "yum", "#!/bin/sh\necho app.noarch 1-1 @lab\n")
    environment = {
        **os.environ,
        "TEST_ROOT": str(root),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "ZC_ZK_CONNECTION_STRING": connection,
    }
    with (
        (directory / "agent.log").open("w") as output,
        subprocess.Popen(
            [sys.executable, "-m", "zc.zkdeployment.cli", "agent"],
            env=environment,
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(BOUND)
