"""How soon one agent acts."""

from __future__ import annotations

import contextlib
import os
import select
import statistics
import time
from pathlib import Path

from benchmarks.figures import Amount, Figure, Findings, Setting
from benchmarks.fleet import (
    PATIENCE,
    Versions,
    publish,
    root_of_its_own,
    wait_for_host,
    warm_server,
)
from benchmarks.host import HOST, AgentHost
from benchmarks.timing import percentile
from benchmarks.trees import customers, deployed_to, size

from zc.zkdeployment.lab.zookeeper import Server

# What the second version has more. Most versions change nothing for most hosts.
_ELSEWHERE = "/elsewhere : app\n  version = '1'\n  /deploy\n    /another\n"

_PAUSE = 0.03  # seconds that the agent is idle before each version


class Bell:
    """Programs ring it by a character: a pipe with a name, so no clocks are compared."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def ring(self, character: str) -> str:
        """Return what a shell script says to ring it."""
        return f"echo {character} >{self.path}"

    def silence(self) -> None:
        """Forget what rang so far."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._descriptor, 4096)

    def heard(self) -> tuple[str, float]:
        """Wait until it rings; return the first character, and the moment."""
        ready, _, _ = select.select([self._descriptor], [], [], PATIENCE)
        moment = time.perf_counter()
        if not ready:
            raise TimeoutError(f"no program began in {PATIENCE:g} s")
        return os.read(self._descriptor, 2).decode()[:1], moment


def reaction(setting: Setting) -> Findings:
    """Set the version; wait until an idle agent's first command runs, then its first script."""
    sizes = (100, 2000) if setting.quick else (1000, 10_000, 50_000)
    rounds = 30 if setting.quick else 200
    figures = []
    with warm_server(setting.directory, 2 if setting.quick else 10) as server:
        for nodes in sizes:
            setting.say(f"{nodes} nodes")
            text = customers(nodes) + deployed_to(HOST, 1)
            directory = setting.directory / f"host-{nodes}"
            directory.mkdir()
            commands, scripts = _reactions(server, directory, text, rounds)
            amounts = (
                Amount(statistics.median(commands), "ms", most=8, what="p50"),
                Amount(percentile(commands, 0.99), "ms", most=25, what="p99"),
            )
            note = f"deployment script p50 {statistics.median(scripts):.1f} ms; {rounds} times"
            work = f"version set → first command runs, tree of {size(text):,} nodes"
            figures.append(Figure(work, amounts, note))
    return Findings(figures)


def _reactions(
    server: Server, directory: Path, text: str, rounds: int
) -> tuple[list[float], list[float]]:
    """Return the milliseconds until the first command ran, and until the first script did."""
    bell = Bell(directory / "bell")
    host = AgentHost(directory / "root", f"#!/bin/sh\n{bell.ring('s')}\n", f"{bell.ring('c')}")
    host.at(2)
    host.has(["/bench/node0000"])
    commands, scripts = [], []
    with root_of_its_own(server, directory.name) as zk:
        publish(zk, 1, text)
        publish(zk, 2, text + _ELSEWHERE)
        versions = Versions(zk)
        with host.running_agent(f"{server.connection_string}/{directory.name}"):
            wait_for_host(zk, HOST, 2)
            for number in range(rounds + 3):
                time.sleep(_PAUSE)
                bell.silence()
                start = time.perf_counter()
                versions.set(1 + number % 2)
                first, moment = bell.heard()
                then, later = bell.heard()
                while then == first:  # it is asked about more than once
                    then, later = bell.heard()
                wait_for_host(zk, HOST, 1 + number % 2)
                if number >= 3:  # the first ones import modules
                    commands.append((moment - start) * 1000)
                    scripts.append((later - start) * 1000)
    return commands, scripts
