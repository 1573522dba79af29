"""Agents that are killed at every point of a deployment, and must converge without help.

The host of a scenario deploys one tree, then another one. While it deploys the second it is
killed at one point; then an agent is started again, as a supervisor does. It must bring the
host to exactly the state that an undisturbed deployment leads to.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import zc.zk
from zc.zkdeployment.lab.packages import Package, PackageRepository, write_file, yum_launcher
from zc.zkdeployment.lab.repositories import GitRepository, SubversionRepository
from zc.zkdeployment.lab.scripts import staged_application
from zc.zkdeployment.lab.zookeeper import Server

IDENTIFIER = "424242424242"

#: Seconds that one agent may take to deploy and end.
BOUND = 120.0

#: What the server that scenarios run on must be started with: killed agents are soon forgotten.
SERVER_SETTINGS = ("maxSessionTimeout=1500",)

PACKAGES = (
    Package("web", "1.0"),
    Package("web", "2.0"),
    Package("web-4.0", "1"),
    Package("worker", "1.0"),
    Package(
        "controller",
        "1.0",
        files={
            "bin/starting-deployments": "#!/bin/sh\n",
            "bin/ending-deployments": "#!/bin/sh\n",
        },
    ),
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Two trees, one after the other, for a host that may have a ``role``."""

    name: str
    before: str
    after: str
    role: str | None = None


SCENARIOS = (
    Scenario(
        "the first deployment",
        "",
        "/a : web\n  version = '1.0'\n  /deploy\n    /{host}\n      n = 2\n",
    ),
    Scenario(
        "an upgrade",
        "/a : web\n  version = '1.0'\n  /deploy\n    /{host}\n/b : web\n  version = '1.0'\n"
        "  /deploy\n    /{host}\n",
        "/a : web\n  version = '2.0'\n  /deploy\n    /{host}\n/b : web\n  version = '2.0'\n"
        "  /deploy\n    /{host}\n",
    ),
    Scenario(
        "removals",
        "/a : web\n  version = '1.0'\n  /deploy\n    /{host}\n      n = 2\n"
        "/b : worker\n  version = '1.0'\n  /deploy\n    /{host}\n",
        "/a : web-4.0\n  /deploy\n    /{host}\n/b\n",
    ),
    Scenario(
        "checkouts",
        "/a : probe\n  version = '{git}#1'\n  /deploy\n    /{host}\n",
        "/a : probe\n  version = '{git}#2'\n  /deploy\n    /{host}\n"
        "/b : report\n  version = '{svn}'\n  /deploy\n    /{host}\n",
    ),
    Scenario(
        "a role with a controller",
        "/a : worker\n  version = '1.0'\n  /deploy\n    /{role}\n",
        "/a : web\n  version = '1.0'\n  /deploy\n    /{role}\n"
        "/roles\n  /{role} : controller\n    version = '1.0'\n/role-locks\n  /{role}\n",
        role="cache",
    ),
)


@dataclass(frozen=True, slots=True)
class Crash:
    """What came of killing an agent at a point, which is ``None`` if there was no such point.

    ``trouble`` says in what the host then differed from one that was never killed; it is
    empty if it converged.
    """

    scenario: str
    number: int
    point: str | None
    trouble: str


class Laboratory:
    """Packages, repositories and a server for scenarios, below ``directory``."""

    def __init__(self, directory: Path, server: Server) -> None:
        self.directory = directory
        self.server = server
        self._packages = PackageRepository(directory / "packages")
        self._packages.add(*PACKAGES)
        git = GitRepository(directory / "git", "probe")
        for version in ("1", "2"):
            git.commit({**staged_application(), "version": version})
            git.tag(version)
        svn = SubversionRepository(directory / "svn", "report")
        svn.commit(staged_application())
        self._names = {"host": IDENTIFIER, "git": f"git://{git.url}", "svn": svn.url}

    def points(self, scenario: Scenario) -> tuple[list[str], Mapping[str, str]]:
        """Return all points of an undisturbed deployment, and the state that it leads to."""
        with self._host(scenario, "undisturbed") as host:
            host.deploy_before()
            host.publish(2, scenario.after)
            status, points = host.run_crashing(0)
            trouble = host.trouble(host.state()) if status == 0 else f"exit status {status}"
            assert not trouble, f"{scenario.name}: {trouble}"
            return points, host.state()

    def crash(self, scenario: Scenario, number: int, wanted: Mapping[str, str]) -> Crash:
        """Kill an agent at a point, start it again, and compare with the state that is wanted."""
        with self._host(scenario, f"{number}") as host:
            host.deploy_before()
            host.publish(2, scenario.after)
            status, points = host.run_crashing(number)
            point = points[-1] if status < 0 else None
            status = host.run()
            trouble = host.trouble(wanted) if status == 0 else f"exit status {status}"
            return Crash(scenario.name, number, point, trouble)

    @contextlib.contextmanager
    def _host(self, scenario: Scenario, name: str) -> Iterator[_Host]:
        role = scenario.role
        names = {**self._names, "role": role or ""}
        directory = self.directory / f"{scenario.name.replace(' ', '-')}-{name}"
        chroot = f"/{directory.name}"
        with contextlib.closing(zc.zk.ZK(self.server.connection_string)) as top:
            top.create(chroot)
        host = _Host(directory, f"{self.server.connection_string}{chroot}", names, scenario)
        yum_launcher(host.bin, host.root, self._packages)
        try:
            yield host
        finally:
            host.zk.close()
        shutil.rmtree(directory)


class _Host:
    def __init__(
        self, directory: Path, connection: str, names: Mapping[str, str], scenario: Scenario
    ) -> None:
        self.root = directory / "root"
        self.bin = directory / "bin"
        self._report = directory / "points"
        self._log = directory / "agent.log"
        self._names = names
        self._scenario = scenario
        self.zk = zc.zk.ZK(connection)
        self.zk.import_tree("/hosts\n  version = 0\n")
        write_file(self.root / "etc/zmh/pxemac", f"{IDENTIFIER}\n")
        if scenario.role:
            write_file(self.root / "etc/zim/role", f"{scenario.role}\n")
        write_file(self.root / "etc/zim/host_version", "0")
        self._environment = {
            **os.environ,
            "TEST_ROOT": str(self.root),
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "ZC_ZK_CONNECTION_STRING": connection,
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def publish(self, version: int, tree: str) -> None:
        """Import a tree, in full, and set the version."""
        self.zk.import_tree(tree.format(**self._names), trim=True)
        self.zk.properties("/hosts", watch=False).update(version=version)

    def deploy_before(self) -> None:
        if self._scenario.before:
            self.publish(1, self._scenario.before)
            assert self.run() == 0, self._log.read_text()

    def run(self) -> int:
        """Run an agent until it has deployed; return its exit status."""
        return self._start("-m", "zc.zkdeployment.cli", "agent", "--run-once")

    def run_crashing(self, number: int) -> tuple[int, list[str]]:
        """Run an agent that is killed at a point; return its exit status and all points."""
        self._report.unlink(missing_ok=True)
        program = Path(__file__).with_name("crashing_agent.py")
        status = self._start(str(program), str(number), str(self._report))
        return status, self._report.read_text().splitlines()

    def state(self) -> dict[str, str]:
        """Return the files of the host below ``/opt`` and ``/etc``, with what they hold.

        Left out are the status file, which tells the time, and what a killed process did not
        come to rename: the next one that writes the same file overwrites it.
        """
        state = {}
        for top in ("opt", "etc"):
            for path in sorted((self.root / top).rglob("*")):
                name = str(path.relative_to(self.root))
                ours = {".git", ".svn"}.isdisjoint(path.parts) and path.suffix != ".new"
                if ours and path.is_file():
                    text = path.read_text(errors="replace")
                    state[name] = text.replace(str(self.root), "")
        state.pop("etc/zim/status", None)
        return state

    def trouble(self, wanted: Mapping[str, str]) -> str:
        """Return in what the host or the fleet is not as it should be."""
        found = self.state()
        wrong = [
            name
            for name in sorted(found.keys() | wanted.keys())
            if found.get(name) != wanted.get(name)
        ]
        told = [f"{name}: {found.get(name)!r} not {wanted.get(name)!r}" for name in wrong]
        version = self.zk.get_properties("/hosts")
        told += [f"/hosts: {version}"] if version != {"version": 2} else []
        for top in ("/agent-locks", "/role-locks"):
            for name in self.zk.get_children(top) if self.zk.exists(top) else ():
                left = (
                    self.zk.get_properties(f"{top}/{name}"),
                    self.zk.get_children(f"{top}/{name}"),
                )
                told += [f"{top}/{name}: {left}"] if left != ({}, []) else []
        return "; ".join(told)

    def _start(self, *arguments: str) -> int:
        with self._log.open("a") as log:
            done = subprocess.run(
                [sys.executable, *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=BOUND,
                check=False,
            )
        return done.returncode


def named(names: Sequence[str]) -> tuple[Scenario, ...]:
    """Return the scenarios of these names, all for none."""
    return tuple(each for each in SCENARIOS if not names or each.name in names)
