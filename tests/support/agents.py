"""Agents with settings of their own, each a process, and an overview of them."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tests.support.publishing import Release

import zc.zk
from zc.zkdeployment.demo.hosts import Agent, HostDirectory, kill, processes_below
from zc.zkdeployment.demo.story import Host
from zc.zkdeployment.lab.packages import PackageRepository, write_file, yum_launcher
from zc.zkdeployment.model import Version
from zc.zkdeployment.sync import Outcome, State
from zc.zkdeployment.views.overview import Overview
from zc.zkdeployment.watching import FleetWatch

LIMIT = 30  # seconds until a test that waits has failed


@dataclass(slots=True)
class Agents:
    """Makes hosts in a ``directory``, publishes to them, and looks at all of them."""

    directory: Path
    zk: zc.zk.ZK
    connection: str
    repository: PackageRepository
    watch: FleetWatch
    running: dict[str, Agent] = field(default_factory=dict)

    def start(
        self,
        name: str,
        connection: str | None = None,
        files: Mapping[str, str] = MappingProxyType({}),
        **settings: str,
    ) -> Agent:
        """Start the agent of a new host; underscores in names of settings are dashes.

        ``files`` are texts, by their path below the root of the host.
        """
        host = HostDirectory(Host(name, None), self.directory / name)
        host.prepare(connection or self.connection)
        for path, text in files.items():
            write_file(host.root / path, text)
        yum_launcher(host.bin, host.root, self.repository)
        given = {"host-id": name, "run-directory": "/etc/zim", "package-manager": "yum"}
        given |= {key.replace("_", "-"): value for key, value in settings.items()}
        lines = "".join(f"{key} = {value}\n" for key, value in given.items())
        configuration = host.path / "zkdeploy.cfg"
        configuration.write_text(f"[zkdeployment]\n{lines}")
        script = host.zkdeploy.read_text()
        host.zkdeploy.write_text(
            script.replace('"$@"\n', f'"$@" {shlex.quote(str(configuration))}\n')
        )
        self.running[name] = Agent(host)
        return self.running[name]

    def publish(self, version: Version, tree: str) -> None:
        """Publish a tree, which must succeed."""
        outcome = self.sync(version, tree)
        assert outcome.state is State.PUBLISHED, outcome

    def sync(self, version: Version, tree: str) -> Outcome:
        return Release(self.directory / f"release-{version}", version, {"site.zk": tree}).sync(
            self.zk
        )

    def until(self, wanted: Callable[[Overview], object]) -> Overview:
        """Wait until the fleet is as wanted; return it as it is then."""
        found: Overview | None = self.watch.current()
        while found is not None and not wanted(found):
            found = self.watch.wait(found, LIMIT)
        assert found is not None, (self.watch.current(), self.logs())
        return found

    def logs(self) -> dict[str, str]:
        return {name: agent.host.log.read_text()[-3000:] for name, agent in self.running.items()}

    def stop(self) -> None:
        """End all agents and their scripts at once: nothing of them is needed any more."""
        for agent in self.running.values():
            agent.kill()
        for pid in processes_below(self.directory):
            kill(pid)


@contextlib.contextmanager
def agents_below(
    directory: Path, zk: zc.zk.ZK, connection: str, repository: PackageRepository
) -> Iterator[Agents]:
    """Make a fleet of no hosts, to which an empty tree was published as version 0."""
    directory.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        Release(directory / "empty", 0, {"site.zk": "/empty\n"}).publish(zk)
        watch = stack.enter_context(contextlib.closing(FleetWatch(zk)))
        agents = Agents(directory, zk, connection, repository, watch)
        stack.callback(agents.stop)
        yield agents
