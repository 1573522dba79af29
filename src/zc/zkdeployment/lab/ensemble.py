"""A private ZooKeeper ensemble on loopback."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from zc.zkdeployment.lab.free_ports import HOST, free_ports
from zc.zkdeployment.lab.java import Runtime, find_runtime
from zc.zkdeployment.lab.zookeeper import NotStarted, Server, start_somewhere


class Ensemble:
    """Several servers that elect a leader; serves while more than half of them run.

    ``servers`` are its members, ``connection_string`` names them all. Make one
    with :meth:`start`; a context manager that stops it.
    """

    def __init__(self, servers: Sequence[Server]) -> None:
        self.servers = tuple(servers)
        self.connection_string = ",".join(server.connection_string for server in servers)

    @classmethod
    def start(
        cls,
        directory: Path,
        *,
        size: int = 3,
        timeout: float = 60.0,
        runtime: Runtime | None = None,
        settings: Sequence[str] = (),
    ) -> Ensemble:
        """Start ``size`` servers below ``directory``; else like :meth:`Server.start`."""
        runtime = runtime or find_runtime()

        def members() -> tuple[Server, ...]:
            ports = iter(free_ports(3 * size))
            lines = [
                *settings,
                *(
                    f"server.{number}={HOST}:{next(ports)}:{next(ports)}"
                    for number in range(1, size + 1)
                ),
            ]
            return tuple(
                Server(directory.resolve() / str(number), next(ports), runtime, lines, number)
                for number in range(1, size + 1)
            )

        return cls(start_somewhere(members, timeout))

    def leader(self) -> Server:
        """Return the member that leads now; raises :exc:`NotStarted` where none does."""
        for server in self.servers:
            if server.is_leader():
                return server
        raise NotStarted(f"No leader among the ZooKeeper servers {self.connection_string}")

    def stop(self) -> None:
        """End all members."""
        for server in self.servers:
            server.terminate()
        for server in self.servers:
            server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
