"""What an idle agent costs, and how soon it acts.

Prints a table: resident memory, requests while idle, and the time from setting
the version to the first line of a deployment script, for a small tree and a
large one.

    .venv/bin/python benchmarks/agent.py [--rounds 30] [--nodes 10000]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import zc.zk
from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.lab.zookeeper import Server

IDLE = 10.0  # seconds

SCRIPT = """#!/bin/sh
date +%s.%N >> "$TEST_ROOT/began"
: > "$TEST_ROOT/etc/app/app.0.deployed"
"""

# What the script needs of yum is that it says what is there.
YUM = "#!/bin/sh\necho 'app.noarch 1-1 @bench'\n"


@contextlib.contextmanager
def running_agent(root: Path, connection: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run an agent as a process of its own, on a host that has one application."""
    write_file(root / "etc/zmh/pxemac", "bench\n")
    write_file(root / "etc/zim/host_version", "1")
    write_file(root / "opt/app/bin/zookeeper-deploy", SCRIPT)
    write_file(root / "bin/yum", YUM)
    environment = os.environ | {
        "TEST_ROOT": str(root),
        "ZC_ZK_CONNECTION_STRING": connection,
        "PATH": f"{root}/bin:{os.environ['PATH']}",
        "HOME": "/root",
    }
    command = [sys.executable, "-m", "zc.zkdeployment.cli", "agent"]
    with (
        (root / "log").open("w") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()


def wait_for_host(zk: zc.zk.ZK, version: int) -> None:
    """Wait until the host shows that it reached a version."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        stat = zk.exists("/hosts/bench")
        if stat and zk.get_properties("/hosts/bench").get("version") == version:
            return
        time.sleep(0.005)
    raise TimeoutError(f"the agent did not reach version {version}")


def resident(process: subprocess.Popen[bytes]) -> float:
    """Return the resident memory of a process, in MiB."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ValueError("no VmRSS")


def tree(nodes: int) -> str:
    """Return a tree of some size, of which one node is deployed."""
    lines = ["/app : app", "  version = '1'", "  /deploy", "    /bench"]
    for customer in range(nodes // 100):
        lines.append(f"/customer{customer}")
        for service in range(33):
            lines += [f"  /service{service} : other", "    version = '1'", "    /deploy"]
            lines.append("      /elsewhere")
    return "\n".join(lines) + "\n"


def measure(server: Server, nodes: int, rounds: int) -> list[tuple[str, str]]:
    """Return rows for a tree of one size."""
    with (
        contextlib.closing(zc.zk.ZK(server.connection_string)) as zk,
        tempfile.TemporaryDirectory() as directory,
    ):
        zk.import_tree("/hosts\n  version = 1\n" + tree(nodes), trim=True)
        root = Path(directory)
        with running_agent(root, server.connection_string) as process:
            wait_for_host(zk, 1)
            time.sleep(1)
            before = server.received()
            time.sleep(IDLE)
            idle = server.received() - before
            memory = resident(process)
            hosts = zk.properties("/hosts", watch=False)
            reactions = []
            for version in range(2, rounds + 2):
                set_at = time.time()
                hosts.update(version=version)
                wait_for_host(zk, version)
                began = float((root / "began").read_text().splitlines()[-1])
                reactions.append((began - set_at) * 1000)
            after = resident(process)
    reactions.sort()
    return [
        ("resident memory, idle", f"{memory:.1f} MiB"),
        (f"the same after {rounds} deployments", f"{after:.1f} MiB"),
        (f"requests in {IDLE:.0f} s, idle, pings of two sessions included", str(idle)),
        (
            "version set → yum asked, first script running",
            f"p50 {statistics.median(reactions):.1f} ms, max {reactions[-1]:.1f} ms",
        ),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--nodes", type=int, default=10_000)
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} CPUs, Python {platform.python_version()}")
    for nodes in (100, arguments.nodes):
        with tempfile.TemporaryDirectory() as directory, Server.start(Path(directory)) as server:
            print(f"\ntree of about {nodes} nodes")
            for name, value in measure(server, nodes, arguments.rounds):
                print(f"  {name:60} {value}")


if __name__ == "__main__":
    main()
