"""What memory an agent holds."""

from __future__ import annotations

from pathlib import Path

from benchmarks.figures import Amount, Figure, Findings, Setting
from benchmarks.fleet import (
    Versions,
    publish,
    root_of_its_own,
    wait_for_host,
    warm_server,
)
from benchmarks.host import HOST, AgentHost
from benchmarks.trees import deployed_to


def memory(setting: Setting) -> Findings:
    """Look at the resident memory of an idle agent, and at its most while it deploys."""
    nodes = 50 if setting.quick else 1000
    host = AgentHost(setting.directory / "root")
    host.at(2)
    with warm_server(setting.directory, 1) as server, root_of_its_own(server, "memory") as zk:
        for version in (1, 2):
            publish(zk, version, deployed_to(HOST, nodes))
        versions = Versions(zk)
        with host.running_agent(f"{server.connection_string}/memory") as pid:
            wait_for_host(zk, HOST, 2)
            idle = _mebibytes(pid, "VmRSS")
            versions.set(1)
            wait_for_host(zk, HOST, 1)
            most = _mebibytes(pid, "VmHWM")
            versions.set(2)
            wait_for_host(zk, HOST, 2)
            after = _mebibytes(pid, "VmRSS")
    return Findings(
        [
            Figure("resident memory of an idle agent", [Amount(idle, "MiB", most=32)]),
            Figure(
                f"the same while it deploys {nodes:,} nodes, at most",
                [Amount(most, "MiB", most=40)],
                f"{after:.1f} MiB after twice that",
            ),
        ]
    )


def _mebibytes(pid: int, what: str) -> float:
    """Return an amount of memory of a process: ``VmRSS`` now, ``VmHWM`` at most ever."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"/proc/{pid}/status says nothing of {what}")
