"""Fleets of real agents in this process, whose scripts tell an oracle outside ZooKeeper."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from unittest import mock

from tests.support.sessions import end_session

import zc.zk
from zc.zkdeployment.agent import Agent
from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.model import Version
from zc.zkdeployment.settings.config import Settings

#: Seconds within which whatever is waited for must come.
BOUND = 60.0

_LOOK = 0.01  # seconds

# The oracle is a file that scripts append to: a line is written at once, so lines do not mix.
_SCRIPT = """\
#!/bin/sh
echo "begin $1 $TEST_ROOT" >>{oracle}
{body}
echo "end $1 $TEST_ROOT" >>{oracle}
"""


def until(condition: Callable[[], object], what: str) -> None:
    """Wait until a condition holds; raises ``AssertionError`` naming ``what`` if it never does."""
    deadline = time.monotonic() + BOUND
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, what
        pause.wait(_LOOK)


class Fleet:
    """Agents of several hosts that deploy the same ``nodes``; ``zk`` is a person's session."""

    def __init__(
        self, directory: Path, connection: str, hosts: int, nodes: Sequence[str], body: str
    ) -> None:
        self.zk = zc.zk.ZK(connection)
        self.oracle = directory / "oracle"
        self.oracle.touch()
        self.agents: list[Agent] = []
        self._directory = directory
        self._connection = connection
        self._names = [f"h{number}" for number in range(hosts)]
        for name in self._names:
            script = _SCRIPT.format(oracle=self.oracle, body=body)
            write_file(self.root(name) / "opt/app-1/bin/zookeeper-deploy", script)
        targets = "".join(f"    /{name}\n" for name in self._names)
        self._tree = "".join(f"{node} : app-1\n  /deploy\n{targets}" for node in nodes)
        self.zk.import_tree(f"/hosts\n  version = 0\n{self._tree}")

    def root(self, name: str) -> Path:
        return self._directory / name

    def start(self) -> None:
        for name in self._names:
            root = str(self.root(name))
            settings = Settings(name, None, f"{root}/etc/zim", (), root, self._connection)
            self.agents.append(Agent(settings=settings))

    def set_version(self, version: Version) -> None:
        self.zk.properties("/hosts", watch=False).update(version=version)

    def reached(self, version: Version) -> bool:
        """Tell whether every agent reached a version, and is registered with it."""
        nodes = self.zk.bulk.read(f"/hosts/{name}" for name in self._names)
        shown = [zc.zk.decode(node.data).get("version") for node in nodes]
        return all(agent.version == version for agent in self.agents) and shown == [version] * len(
            nodes
        )

    def wait_for_version(self, version: Version) -> None:
        until(lambda: self.reached(version), f"all hosts reach version {version}")

    def wait_for_scripts(self, count: int) -> None:
        until(lambda: self.begun() >= count, f"{count} scripts have begun")

    def expire(self, agent: Agent) -> None:
        """End the session of an agent on the server, as if it had not been heard of for long."""
        client = agent.zk.client
        if client.client_id is None or not client.connected:
            return
        end_session(self._connection, client.client_id)

    def overlaps(self) -> list[str]:
        """Return where two scripts ran for one node at a time, as the oracle tells."""
        running: dict[str, str] = {}
        found = []
        for line in self.oracle.read_text().splitlines():
            what, node, host = line.split(" ")
            if what == "begin":
                if node in running:
                    found.append(f"{node}: {host} began while {running[node]} worked")
                running[node] = host
            else:
                running.pop(node, None)
        return found

    def begun(self) -> int:
        """Return how many scripts have begun."""
        return self.oracle.read_text().count("begin ")

    def close(self) -> None:
        for agent in self.agents:
            agent.stop()
        for agent in self.agents:
            agent.close()
        self.zk.close()


@contextlib.contextmanager
def running_fleet(
    directory: Path,
    connection: str,
    *,
    hosts: int,
    nodes: Sequence[str] = ("/a",),
    body: str = "sleep 0.02",
) -> Iterator[Fleet]:
    """Provide a fleet at version 0. Its package manager claims that all is installed."""
    write_file(directory / "bin/yum", "#!/bin/sh\necho app-1.noarch 1-1 @lab\n")
    path = f"{directory / 'bin'}{os.pathsep}{os.environ['PATH']}"
    with mock.patch.dict(os.environ, PATH=path, HOME="/root"):
        fleet = Fleet(directory, connection, hosts, nodes, body)
        try:
            fleet.start()
            until(lambda: fleet.reached(0), "all agents started")
            yield fleet
        finally:
            fleet.close()
