"""How long a whole fleet takes to know what to do."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.crowd_member import serve
from benchmarks.figures import Amount, Figure, Findings, Setting
from benchmarks.fleet import Versions, publish, warm_server
from benchmarks.trees import one_each, size

import zc.zk
from zc.zkdeployment.lab.zookeeper import Server

_PROCESSES = 4
_PATIENCE = 300.0  # seconds until all sessions are there, or have their plans


def crowd(setting: Setting) -> Findings:
    """Set the version; wait until the last of many agents has its plan."""
    agents = 80 if setting.quick else 1000
    rounds = 4 if setting.quick else 10
    text = one_each(agents)
    changed = text.replace("version = '1'", "version = '2'")
    texts = {1: text, 2: changed, 3: changed.replace("version = '2'", "version = '3'", 1)}
    context = multiprocessing.get_context("spawn")
    with (
        warm_server(setting.directory, 2 if setting.quick else 10) as server,
        ExitStack() as stack,
    ):
        zk = zc.zk.ZK(server.connection_string)
        stack.callback(zk.close)
        for version, published in texts.items():
            publish(zk, version, published)
        Versions(zk).set(2)
        members = []
        for number in range(_PROCESSES):
            names = [f"host{host}" for host in range(number, agents, _PROCESSES)]
            ours, theirs = context.Pipe()
            arguments = (theirs, server.connection_string, names, setting.directory)
            process = context.Process(target=serve, args=arguments, daemon=True)
            process.start()
            theirs.close()  # so that the end of either side is seen by the other
            stack.callback(ours.close)
            members.append(ours)
        _answers(members)
        setting.say(f"{agents} sessions")
        everybody = _rounds(server, Versions(zk), members, (1, 2), rounds)
        one = _rounds(server, Versions(zk), members, (3, 2), rounds)
    goals = 4.0, 0.6
    what = f"version set → the last of {agents:,} agents has its plan"
    return Findings(
        [
            _figure(f"{what}, all deployments changed", everybody, agents, size(text), goals),
            _figure(f"{what}, those of one host changed", one, agents, size(text), goals),
        ]
    )


def _figure(
    work: str,
    found: list[tuple[float, float, float]],
    agents: int,
    nodes: int,
    goals: tuple[float, float],
) -> Figure:
    seconds, served, worked = (statistics.median(values) for values in zip(*found, strict=True))
    amounts = (
        Amount(seconds, "s", most=goals[0]),
        Amount(served * 1000 / agents, "ms of server CPU an agent", most=goals[1]),
    )
    note = (
        f"{worked * 1000 / agents:.1f} ms of its own CPU an agent; {nodes:,} nodes,"
        f" {_PROCESSES} processes, {os.cpu_count()} cores for all"
    )
    return Figure(work, amounts, note)


def _rounds(
    server: Server,
    versions: Versions,
    members: list[Connection],
    between: tuple[int, int],
    rounds: int,
) -> list[tuple[float, float, float]]:
    """Return, of each round, the seconds until the last agent had its plan, and the seconds
    that the server and all agents have worked for it.
    """
    found = []
    for number in range(rounds):
        version = between[number % 2]
        for member in members:
            member.send(version)
        _, worked_before = _answers(members)
        served_before = _cpu(server)
        start = time.monotonic()
        versions.set(version)
        last, worked = _answers(members)
        found.append((last - start, _cpu(server) - served_before, worked - worked_before))
    return found


def _answers(members: list[Connection]) -> tuple[float, float]:
    """Return the last moment that any member says next, and the seconds that all have worked."""
    answers = []
    for member in members:
        if not member.poll(_PATIENCE):
            raise TimeoutError(f"a process of agents is silent for {_PATIENCE:g} s")
        answers.append(member.recv())
    moments, worked = zip(*answers, strict=True)
    return max(moments), sum(worked)


def _cpu(server: Server) -> float:
    """Return the seconds that the server has worked so far."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
