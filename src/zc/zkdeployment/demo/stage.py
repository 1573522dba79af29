"""All that a demo needs around its agents: repositories, ZooKeeper, and who publishes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import zc.zk
from zc.zk import diff, tree
from zc.zkdeployment.demo import story
from zc.zkdeployment.demo.errors import DemoFailed
from zc.zkdeployment.demo.hosts import PATIENCE, Agent, HostDirectory, kill, processes_below
from zc.zkdeployment.demo.observer import Observer
from zc.zkdeployment.demo.programs import STAGE_BUILD, zookeeper_deploy
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.lab.packages import Package, PackageRepository, yum_launcher
from zc.zkdeployment.lab.repositories import GitRepository, SubversionRepository
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.publication.locations import parse_location
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.rollback import rollback
from zc.zkdeployment.sources import opened
from zc.zkdeployment.sync import State, sync


@dataclass(frozen=True, slots=True)
class Stage:
    """A fleet that runs. Make one with :meth:`open`.

    ``connection_string`` is where its ZooKeeper server listens; the file
    ``pace_file`` holds the seconds that scripts take; ``hosts`` and ``agents``
    are in the order of the story. ``fleet`` is the repository of the tree, ``report`` and
    ``probe`` are those that checkouts come from.
    """

    directory: Path
    connection_string: str
    pace_file: Path
    hosts: Sequence[HostDirectory]
    agents: Sequence[Agent]
    observer: Observer
    zk: zc.zk.ZK
    fleet: GitRepository
    report: SubversionRepository
    probe: GitRepository

    @classmethod
    @contextlib.contextmanager
    def open(cls, directory: Path, pace: float, say: Callable[[str], None]) -> Iterator[Stage]:
        """Set everything up in an empty directory and start the agents; in the end stop all.

        The tree is empty, at version :data:`~zc.zkdeployment.demo.story.NOTHING`.
        ``say`` is told what is being done. Raises :exc:`DemoFailed`.
        """
        with contextlib.ExitStack() as undo:
            try:
                stage = cls._set_up(directory, pace, say, undo)
            except RuntimeError as error:  # of the lab: a program failed, a server did not start
                raise DemoFailed(f"the demo could not be prepared: {error}") from error
            yield stage

    @classmethod
    def _set_up(
        cls, directory: Path, pace: float, say: Callable[[str], None], undo: contextlib.ExitStack
    ) -> Stage:
        say(f"Building {len(story.PACKAGES)} packages and three repositories in {directory}.")
        pace_file = directory / "pace"
        pace_file.write_text(f"{pace:g}\n")
        packages = PackageRepository(directory / "packages")
        packages.add(*(_package(package, pace_file) for package in story.PACKAGES))
        report, probe = _checkouts(directory, pace_file)
        say("Starting ZooKeeper.")
        server = undo.enter_context(Server.start(directory / "zookeeper"))
        zk = zc.zk.ZK(server.connection_string)
        undo.callback(zk.close)
        zk.import_tree(f"/hosts\n  version = {story.NOTHING}\n")
        hosts = [HostDirectory(host, directory / host.name) for host in story.HOSTS]
        for host in hosts:
            host.prepare(server.connection_string)
            yum_launcher(host.bin, host.root, packages)
        say(f"Starting {len(hosts)} agents.")
        agents: list[Agent] = []
        undo.callback(stop_agents, directory, agents)
        for host in hosts:
            agents.append(Agent(host))
        return cls(
            directory=directory,
            connection_string=server.connection_string,
            pace_file=pace_file,
            hosts=hosts,
            agents=agents,
            observer=Observer(zk, hosts),
            zk=zk,
            fleet=GitRepository(directory / "git", "fleet"),
            report=report,
            probe=probe,
        )

    def changes(self, act: story.Act) -> str:
        """Return what an act changes of the tree: all of it for the first, else what differs."""
        number = story.ACTS.index(act)
        if number == 0:
            return self._tree(act)
        before, after = (tree.parse_tree(self._tree(story.ACTS[n])) for n in (number - 1, number))
        existing = {path: diff.Entry(node.properties) for path, node in tree.walk(before)}
        changes = diff.compare(after, "", existing, trim=True)
        return "\n".join(diff.lines(changes, dry_run=True))

    def command(self, act: story.Act) -> str:
        """Return what a person would type to do what :meth:`publish` does."""
        if act.back:
            return "zkdeploy rollback"
        return f"zkdeploy sync {self.source} --version {act.version}"

    @property
    def source(self) -> str:
        """What the tree is published from."""
        return f"git://{self.fleet.url}"

    def publish(self, act: story.Act) -> None:
        """Publish the tree that an act wants, or go back to it; raises :exc:`DemoFailed`."""
        terms = Terms("demo", datetime.now(UTC))
        try:
            if act.back:
                rollback(self.zk, None, terms, Limits())
                return
            self.fleet.commit({story.TREE_FILE: self._tree(act)})
            with opened(parse_location(self.source), version=act.version) as source:
                outcome = sync(self.zk, source, terms, Limits())
        except Refused as refused:
            raise DemoFailed(f"version {act.version} was not published: {refused}") from refused
        if outcome.state is not State.PUBLISHED:
            raise DemoFailed(f"version {act.version} was not published: {outcome.reason}")

    def _tree(self, act: story.Act) -> str:
        return story.tree(act, self.report.url, self.probe.url)


def _package(package: story.Package, pace: Path) -> Package:
    script = zookeeper_deploy(package.name, package.version, pace, package.failure)
    return Package(package.name, package.version, files={"bin/zookeeper-deploy": script})


def _checkouts(directory: Path, pace: Path) -> tuple[SubversionRepository, GitRepository]:
    report = SubversionRepository(directory / "svn", "report")
    report.commit(_checkout("report", story.REPORT, pace))
    probe = GitRepository(directory / "git", "probe")
    for version in story.PROBES:
        probe.commit(_checkout("probe", version, pace))
        probe.tag(version)
    return report, probe


def _checkout(app: str, version: str, pace: Path) -> dict[str, str]:
    return {
        "stage-build": STAGE_BUILD,
        "zookeeper-deploy.sh": zookeeper_deploy(app, version, pace),
    }


def stop_agents(directory: Path, agents: Sequence[Agent]) -> None:
    """End the agents and whatever else runs on behalf of the hosts."""
    try:
        for agent in agents:
            agent.stop()
        deadline = time.monotonic() + PATIENCE
        for agent in agents:
            agent.wait(deadline)
    finally:
        for pid in processes_below(directory):
            kill(pid)
