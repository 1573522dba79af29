"""How long rollouts take with the real locks over a real server, over what nothing can beat."""

from __future__ import annotations

import random
import statistics
import threading
import time
from contextlib import ExitStack

from benchmarks.figures import Amount, Figure, Findings, Setting
from benchmarks.fleet import PATIENCE, warm_server
from benchmarks.open_shop import Fleet, dense, sparse

import zc.zk
from zc.zkdeployment.adapters.locks import NodeLocks
from zc.zkdeployment.adapters.registry import Registry
from zc.zkdeployment.adapters.stop_intent import StopIntent
from zc.zkdeployment.host.turns import Turn, from_rank, rank_of
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.model import Identity

_SCRIPT = 0.5  # seconds that a script takes; a lock takes some milliseconds
_DENSE_GOAL = 1.10
_SPARSE_GOAL = 1.25


class _Host:
    """A host with a session of its own, whose scripts only take their time."""

    def __init__(self, connection: str, name: str) -> None:
        self.zk = zc.zk.ZK(connection)
        wakeup = Wakeup()
        identity = Identity(name, name)
        registry = Registry(self.zk, identity, wakeup, StopIntent("/nonexistent"))
        registry.read_version()
        self._name = name
        self._locks = NodeLocks(self.zk, identity, wakeup, registry)

    def deploy(self, seconds: dict[str, float], names: list[str], start: threading.Event) -> None:
        """Deploy nodes, each of which takes so many seconds, in turn with all hosts."""
        rank = rank_of(self._name, names)
        turns = [Turn(path) for path in from_rank(sorted(seconds), rank)]
        start.wait(PATIENCE)
        with self._locks.turns(turns, lambda: None, 1, rank.next_host) as taken:
            for turn, _ in taken:
                threading.Event().wait(seconds[turn.path])


def real_rollout(setting: Setting) -> Findings:
    """Roll out over small fleets with the real locks."""
    size = 5 if setting.quick else 10
    rounds = 1 if setting.quick else 5
    cases = (
        (f"{size} hosts, {size} nodes on each", _DENSE_GOAL, False),
        (f"{2 * size} hosts and nodes, 4 hosts a node", _SPARSE_GOAL, True),
    )
    figures = []
    with warm_server(setting.directory, 1) as server, ExitStack() as stack:
        person = zc.zk.ZK(server.connection_string)
        stack.callback(person.close)
        person.import_tree("/hosts\n  version = 1\n/agent-locks\n")
        hosts = [_Host(server.connection_string, f"h{number:02}") for number in range(2 * size)]
        for host in hosts:
            stack.callback(host.zk.close)
        for name, goal, is_sparse in cases:
            ratios = []
            for seed in range(rounds):
                chance = random.Random(seed)
                fleet = (
                    sparse(2 * size, 2 * size, 4, chance)
                    if is_sparse
                    else dense(size, size, chance)
                )
                ratios.append(_ratio(hosts[: len(fleet.duration)], fleet))
            amount = Amount(statistics.median(ratios), "times the lower bound", most=goal)
            note = f"scripts of {_SCRIPT:g} s"
            figures.append(Figure(f"rollout, real locks: {name}", [amount], note))
    return Findings(figures)


def _ratio(hosts: list[_Host], fleet: Fleet) -> float:
    """Return how long a fleet takes, over what no schedule can beat."""
    names = [f"h{number:02}" for number in range(len(hosts))]
    start = threading.Event()
    threads = [
        threading.Thread(
            target=host.deploy,
            args=({f"/n{node:02}": each * _SCRIPT for node, each in wanted.items()}, names, start),
            daemon=True,
        )
        for host, wanted in zip(hosts, fleet.duration, strict=True)
    ]
    for thread in threads:
        thread.start()
    began = time.perf_counter()
    start.set()
    for thread in threads:
        thread.join(PATIENCE)
        if thread.is_alive():
            raise TimeoutError(f"a host was not done in {PATIENCE:g} s")
    return (time.perf_counter() - began) / (fleet.bound * _SCRIPT)
