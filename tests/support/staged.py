"""A fleet of real agents, each a process with files, programs and a name of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.publishing import Release

import zc.zk
from zc.zkdeployment.demo.hosts import Agent, HostDirectory
from zc.zkdeployment.demo.stage import stop_agents
from zc.zkdeployment.demo.story import Host
from zc.zkdeployment.lab.packages import Package, PackageRepository, yum_launcher
from zc.zkdeployment.lab.scripts import application
from zc.zkdeployment.model import Version


def gated(gate: Path, before: str = "", after: str = "") -> Mapping[str, str]:
    """Return the files of an application whose script waits until there is a file ``gate``."""
    wait = f"while [ ! -e {gate} ]; do sleep 0.05; done"
    return application(f"[ $uninstall ] || {{ {before or ':'}\n{wait}\n{after or ':'}\n}}")


@dataclass(frozen=True, slots=True)
class StagedFleet:
    """What the tests steer: a ``directory``, the tree, and the agents that run."""

    directory: Path
    zk: zc.zk.ZK
    agents: Sequence[Agent]

    def publish(self, version: Version, tree: str) -> None:
        """Publish a tree, which must succeed."""
        files = {"site.zk": tree}
        Release(self.directory / f"release-{version}", version, files).publish(self.zk)

    def open(self, gate: str) -> None:
        """Let scripts go on that wait for a gate: see :meth:`gate`."""
        self.gate(gate).touch()

    def gate(self, name: str) -> Path:
        return self.directory / f"gate-{name}"


@contextlib.contextmanager
def staged_fleet(
    directory: Path,
    zk: zc.zk.ZK,
    connection: str,
    names: Mapping[str, str],
    packages: Sequence[Package],
    roles: Mapping[str, str] | None = None,
) -> Iterator[StagedFleet]:
    """Run an agent for each host in ``names``: names by identifier; ``roles`` likewise.

    The tree is empty, at version 0, as long as nothing is published.
    """
    repository = PackageRepository(directory / "packages")
    repository.add(*packages)
    zk.import_tree("/hosts\n  version = 0\n")
    agents: list[Agent] = []
    try:
        for identifier, name in names.items():
            host = HostDirectory(
                Host(identifier, (roles or {}).get(identifier)), directory / identifier
            )
            host.prepare(connection)
            yum_launcher(host.bin, host.root, repository)
            _rename(host, name)
            agents.append(Agent(host))
        yield StagedFleet(directory, zk, agents)
    finally:
        stop_agents(directory, agents)


def _rename(host: HostDirectory, name: str) -> None:
    """Let the agent find itself on a machine of another name."""
    text = host.zkdeploy.read_text()
    inside = f'exec unshare --uts sh -c \'hostname "$0"; exec "$@"\' {name} '
    host.zkdeploy.write_text(text.replace("\nexec ", f"\n{inside}", 1))
