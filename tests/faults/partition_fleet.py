"""Agents as processes, each with a network of its own, and what their scripts tell of them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.fleets import until
from tests.faults.networks import Network, networks

import zc.zk
from zc.zkdeployment.lab.child import Child
from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.model import Version

NODES = ("/a", "/b")
INSTANCES = 2

#: Seconds until servers forget a host that is cut off.
SESSION = 2.0

#: What the server has to be started with: all networks reach it, and it soon forgets a host.
SERVER_SETTINGS = ("clientPortAddress=0.0.0.0", f"maxSessionTimeout={SESSION * 1000:.0f}")

# A line is written at once, so lines do not mix. The time is that since the start of the kernel.
_SCRIPT = """\
#!/bin/sh
read up rest </proc/uptime
echo "begin {host} $ZKDEPLOY_VERSION $1 $2 $up" >>{oracle}
sleep 0.1
read up rest </proc/uptime
echo "end {host} $ZKDEPLOY_VERSION $1 $2 $up" >>{oracle}
"""
_HOOK = '#!/bin/sh\nread up rest </proc/uptime\necho "begin {host} - hook 0 $up" >>{oracle}\n'


@dataclass(frozen=True, slots=True)
class Event:
    """A script of a host began or ended at a node, ``hook`` for the command after all."""

    what: str
    host: str
    version: str
    node: str
    at: float  # seconds, as uptime() counts them


class Host:
    """An agent on a network of its own."""

    def __init__(self, directory: Path, network: Network, name: str, server: Server) -> None:
        self.name = name
        self.network = network
        self._directory = directory / name
        self._log = self._directory / "agent.log"
        self._environment = {
            "TEST_ROOT": str(self._directory),
            "PATH": f"{directory / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": "/root",
            "ZC_ZK_CONNECTION_STRING": f"{network.address}:{server.port}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._child: Child | None = None
        names = {"host": name, "oracle": directory / "oracle"}
        write_file(self._directory / "opt/app-1/bin/zookeeper-deploy", _SCRIPT.format(**names))
        hook = self._directory / "hook"
        write_file(hook, _HOOK.format(**names))
        self._settings = self._directory / "agent.conf"
        write_file(
            self._settings,
            f"[zkdeployment]\nhost-id = {name}\nrun-directory = /run/zk\nafter = {hook}\n",
        )

    def start(self) -> None:
        program = (sys.executable, "-m", "zc.zkdeployment.cli", "agent", str(self._settings))
        environment = [f"{name}={value}" for name, value in self._environment.items()]
        argv = ["env", *environment, *self.network.command(*program)]
        self._child = Child(argv, self._directory, self._log)

    def told_to_end(self) -> None:
        assert self._child is not None
        self._child.signal(signal.SIGTERM)

    def runs(self) -> bool:
        return self._child is not None and self._child.pid is not None

    def end(self, patience: float) -> None:
        """Wait until the agent has ended, and kill it if that takes too long."""
        if self._child is not None:
            self._child.reap(patience)

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def status(self) -> str:
        path = self._directory / "run/zk/status"
        return path.read_text() if path.exists() else ""


class Fleet:
    """Hosts that all deploy the same nodes; ``zk`` is a person's session."""

    def __init__(self, directory: Path, server: Server, hosts: list[Host]) -> None:
        self.zk = zc.zk.ZK(server.connection_string)
        self.hosts = hosts
        self._oracle = directory / "oracle"
        targets = "".join(f"    /{host.name}\n      n = {INSTANCES}\n" for host in hosts)
        nodes = "".join(f"{node} : app-1\n  /deploy\n{targets}" for node in NODES)
        self.zk.import_tree(f"/hosts\n  version = 0\n{nodes}")

    def set_version(self, version: Version) -> None:
        self.zk.properties("/hosts", watch=False).update(version=version)

    def registered(self, host: Host) -> bool:
        return self.zk.exists(f"/hosts/{host.name}") is not None

    def trouble(self, version: Version) -> str:
        """Return what keeps the fleet from having reached a version, empty if it has."""
        shown = self.zk.get_properties("/hosts")
        if shown != {"version": version}:
            return f"/hosts holds {shown}"
        for host in self.hosts:
            if not host.runs():
                return f"the agent of {host.name} ended: {host.log()[-500:]}"
            path = f"/hosts/{host.name}"
            [node] = self.zk.bulk.read([path])
            found = None if node.stat is None else zc.zk.decode(node.data)
            if found is None or found.get("version") != version or "error" in found:
                return f"{path} holds {found}"
        return ""

    def wait_for_version(self, version: Version) -> str:
        """Wait until the fleet has reached a version; return what is wrong if it does not."""
        with contextlib.suppress(AssertionError):
            until(lambda: not self.trouble(version), "said below")
        return self.trouble(version)

    def events(self) -> list[Event]:
        events = []
        for line in self._oracle.read_text().splitlines():
            what, host, version, node, _, at = line.split(" ")
            events.append(Event(what, host, version, node, float(at)))
        return events

    def overlaps(self) -> list[str]:
        """Return where scripts of two hosts ran for one node at a time."""
        running: dict[str, str] = {}
        found = []
        for event in self.events():
            if event.node not in NODES:
                continue
            if event.what == "begin":
                if event.node in running:
                    found.append(
                        f"{event.node}: {event.host} began version {event.version}"
                        f" while {running[event.node]} worked"
                    )
                running[event.node] = event.host
            else:
                running.pop(event.node, None)
        return found


def uptime() -> float:
    """Return the seconds since the start of the kernel, as scripts see them."""
    return float(Path("/proc/uptime").read_text().split(" ")[0])


@contextlib.contextmanager
def partitionable_fleet(directory: Path, count: int) -> Iterator[Fleet]:
    """Provide a fleet at version 0. Its package manager claims that all is installed."""
    write_file(directory / "bin/yum", "#!/bin/sh\necho app-1.noarch 1-1 @lab\n")
    (directory / "oracle").touch()
    with (
        networks(count) as cables,
        Server.start(directory / "zookeeper", settings=SERVER_SETTINGS) as server,
    ):
        hosts = [
            Host(directory, network, f"h{number}", server) for number, network in enumerate(cables)
        ]
        fleet = Fleet(directory, server, hosts)
        try:
            for host in hosts:
                host.start()
            trouble = fleet.wait_for_version(0)
            assert not trouble, trouble
            yield fleet
        finally:
            for host in hosts:
                if host.runs():
                    host.told_to_end()
            for host in hosts:
                host.end(10.0)
            fleet.zk.close()
