"""A private ZooKeeper server on loopback.

::

    with Server.start(directory) as server:
        zk = zc.zk.ZK(server.connection_string)

A server is a real one, run from the Java classes installed on this machine.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self, TypeVar

from zc.zkdeployment.lab.child import Child
from zc.zkdeployment.lab.free_ports import HOST, free_ports
from zc.zkdeployment.lab.java import Runtime, find_runtime

_POLL = 0.02  # seconds between two looks at a server that is starting
_ENDING = 10.0  # seconds that a server may take to end before it is killed
_STARTING = 1.0  # seconds; a server that is starting may accept a question and never answer
_TRIES = 5  # with other ports each, where another process took one of them

_CONFIGURATION = """\
dataDir={data}
clientPort={port}
clientPortAddress=127.0.0.1
tickTime=500
initLimit=20
syncLimit=10
minSessionTimeout=1000
maxSessionTimeout=60000
maxClientCnxns=0
admin.enableServer=false
4lw.commands.whitelist=*
"""


_Server = TypeVar("_Server", bound="Server")


class NotStarted(RuntimeError):
    """A server did not get ready; shows the end of its log."""


class PortTaken(NotStarted):
    """Another process listens where a server should."""


class Server:
    """One ZooKeeper server. ``connection_string`` is where it listens, ``directory`` holds its
    data and its log. Make one with :meth:`start`; a context manager that stops it.
    """

    def __init__(
        self,
        directory: Path,
        port: int,
        runtime: Runtime,
        settings: Sequence[str] = (),
        number: int = 1,
    ) -> None:
        self.directory = directory
        self.port = port
        self.connection_string = f"{HOST}:{port}"
        self._runtime = runtime
        self._child: Child | None = None
        self._asked = 0
        self._data = directory / "data"
        self._data.mkdir(parents=True, exist_ok=True)
        (self._data / "myid").write_text(f"{number}\n")
        self._configuration = directory / "zoo.cfg"
        lines = "".join(f"{line}\n" for line in settings)
        self._configuration.write_text(_CONFIGURATION.format(data=self._data, port=port) + lines)
        self._log = directory / "zookeeper.log"
        self._log_start = 0

    @classmethod
    def start(
        cls,
        directory: Path,
        *,
        timeout: float = 30.0,
        runtime: Runtime | None = None,
        settings: Sequence[str] = (),
    ) -> Server:
        """Start a server on a free port and wait, up to ``timeout`` seconds, until it serves.

        ``directory`` is made if need be; data that a former server left there is
        served again. ``settings`` are further lines of its configuration. Raises
        :exc:`NoZooKeeper` or :exc:`NotStarted`.
        """
        runtime = runtime or find_runtime()
        return start_somewhere(
            lambda: (cls(directory.resolve(), free_ports(1)[0], runtime, settings),), timeout
        )[0]

    @property
    def pid(self) -> int | None:
        """The process id while the server runs, else ``None``."""
        return self._child.pid if self._child else None

    def launch(self) -> None:
        """Start the process, without waiting for it to serve: see :meth:`wait`."""
        self._asked = 0
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        self._child = Child(self._command(), self.directory, self._log)

    def wait(self, timeout: float = 30.0) -> None:
        """Wait until the server serves, an ensemble's member with a quorum.

        A server that cannot bind its port may fail quietly while another one
        answers there, so the answer must name this server's data directory.
        Raises :exc:`NotStarted`.
        """
        end = time.monotonic() + timeout
        while self.pid is not None and time.monotonic() < end:
            configuration = self.ask("conf", _STARTING)
            if f"dataDir={self._data}{os.sep}" not in configuration:
                if "dataDir=" in configuration:
                    raise PortTaken(f"Another ZooKeeper server has {self.connection_string}")
            elif "Mode: " in self.ask("srvr", _STARTING):
                return
            time.sleep(_POLL)
        log = self._log.read_bytes()[self._log_start :].decode(errors="replace")
        kind = PortTaken if "Address already in use" in log else NotStarted
        ended = "ended" if self.pid is None else f"does not serve after {timeout:g} s"
        raise kind(f"The ZooKeeper server at {self.connection_string} {ended}: {log[-2000:]}")

    def terminate(self) -> None:
        """Ask the server to end, without waiting for it; nothing if it does not run."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # or a paused server would not hear of it

    def stop(self) -> None:
        """End the server, as its operator would; nothing if it does not run."""
        self.terminate()
        if self._child:
            self._child.reap(_ENDING)

    def kill(self) -> None:
        """End the server at once, as a crash would; nothing if it does not run."""
        if self._child:
            self._child.reap(0.0)

    def restart(self, timeout: float = 30.0) -> None:
        """Start the server again, on the same port and data; stop it before if it runs."""
        self.stop()
        self.launch()
        self.wait(timeout)

    def pause(self) -> None:
        """Make the server unresponsive, connections kept: to its clients a partition."""
        if self._child:
            self._child.pause()

    def resume(self) -> None:
        """Undo :meth:`pause`."""
        self._signal(signal.SIGCONT)

    def ask(self, word: str, timeout: float = 5.0) -> str:
        """Return the answer to a four-letter word (``srvr``, ``conf``), or ``''``."""
        self._asked += 1
        try:
            with socket.create_connection((HOST, self.port), timeout) as connection:
                connection.sendall(word.encode())
                with connection.makefile("rb") as answer:
                    return answer.read().decode(errors="replace")
        except OSError:
            self._asked -= 1
            return ""

    def received(self) -> int:
        """Return a count of the requests that clients sent, pings included.

        Only the difference between two calls means something; the questions
        asked here do not count. Raises :exc:`NotStarted` where nobody answers.
        """
        before = self._asked
        received = re.search("^Received: ([0-9]+)$", self.ask("srvr"), re.MULTILINE)
        if not received:
            raise NotStarted(f"The ZooKeeper server at {self.connection_string} does not serve")
        return int(received[1]) - before

    def is_leader(self) -> bool:
        """Tell whether this member leads its ensemble."""
        return "Mode: leader" in self.ask("srvr")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _signal(self, number: signal.Signals) -> None:
        if self._child:
            self._child.signal(number)

    def _command(self) -> list[str]:
        return [
            self._runtime.java,
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-Dzookeeper.forceSync=no",
            "-Dzookeeper.preAllocSize=1024",  # KiB; the default of 64 MiB fills disks
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-cp",
            self._runtime.classpath,
            "org.apache.zookeeper.server.quorum.QuorumPeerMain",
            str(self._configuration),
        ]


def start_somewhere(
    make: Callable[[], tuple[_Server, ...]], timeout: float
) -> tuple[_Server, ...]:
    """Start the servers that ``make`` returns; make others where a port was taken meanwhile."""
    for _ in range(_TRIES):
        servers = make()
        try:
            for server in servers:
                server.launch()
            for server in servers:
                server.wait(timeout)
        except PortTaken as error:
            _kill(servers)
            taken = error
        except BaseException:
            _kill(servers)
            raise
        else:
            return servers
    raise taken


def _kill(servers: Sequence[Server]) -> None:
    for server in servers:
        server.kill()
