"""How fast a node lock goes from host to host."""

from __future__ import annotations

import bisect
import itertools
import statistics
import threading
import time
from contextlib import ExitStack

from benchmarks.figures import Amount, Figure, Findings, Setting
from benchmarks.fleet import PATIENCE, publish, warm_server
from benchmarks.trees import deployed_to

import zc.zk
from zc.zkdeployment.adapters.locks import ROOT, NodeLocks
from zc.zkdeployment.adapters.registry import Registry
from zc.zkdeployment.adapters.stop_intent import StopIntent
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.model import Identity
from zc.zkdeployment.names import encode_path

_PATH = "/bench/node0000"
_SESSIONS = 10  # for all hosts: what counts is who waits, not over which connection


class Alarm(Wakeup):
    """A wakeup that notes in ``woken`` when it woke a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.woken: list[float] = []
        self._waiting = False

    def set(self) -> None:
        if self._waiting:
            self._waiting = False
            self.woken.append(time.perf_counter())
        super().set()

    def wait(self, seen: int, timeout: float | None = None) -> None:
        self._waiting = self.count == seen
        super().wait(seen, timeout)
        self._waiting = False


class Line:
    """Hosts in line at one node; ``turns`` has when each had the lock."""

    def __init__(self) -> None:
        self.turns: list[float] = []
        self.threads: list[threading.Thread] = []
        self._alarms: list[Alarm] = []

    def woken(self) -> list[int]:
        """Return how often hosts were woken from each turn to the next."""
        woken = sorted(moment for alarm in self._alarms for moment in alarm.woken)
        places = [bisect.bisect(woken, turn) for turn in self.turns]
        return [after - before for before, after in itertools.pairwise(places)]

    def join(self, zk: zc.zk.ZK, name: str) -> None:
        """Have another host wait for the lock, give it back at once, and go."""
        alarm = Alarm()
        identity = Identity(name, f"{name}.example.com")
        registry = Registry(zk, identity, alarm, StopIntent("/nonexistent"))
        registry.read_version()
        locks = NodeLocks(zk, identity, alarm, registry)

        def take() -> None:
            with locks.node(_PATH, lambda: None):
                self.turns.append(time.perf_counter())

        thread = threading.Thread(target=take, daemon=True)
        self.threads.append(thread)
        self._alarms.append(alarm)
        thread.start()


def handover(setting: Setting) -> Findings:
    """Let many hosts wait for one node; measure from the first one's turn to the last one's."""
    hosts = 40 if setting.quick else 300
    rounds = 2 if setting.quick else 5
    turns: list[float] = []
    woken: list[int] = []
    requests: list[float] = []
    with warm_server(setting.directory, 1) as server, ExitStack() as stack:
        sessions = []
        for _ in range(_SESSIONS):
            sessions.append(zc.zk.ZK(server.connection_string))
            stack.callback(sessions[-1].close)
        publish(sessions[0], 1, deployed_to("host", 1))
        for _ in range(rounds):
            line, asked = _round(server, sessions, hosts)
            turns.append((line.turns[-1] - line.turns[0]) * 1000 / (hosts - 1))
            woken += line.woken()
            requests.append(asked / hosts)
    amounts = (
        Amount(statistics.median(turns), "ms a turn", most=5),
        Amount(statistics.median(woken), "waiters woken a turn", most=1),
    )
    note = (
        f"{statistics.mean(woken):.2f} woken on average, {max(woken)} at most; "
        f"{statistics.median(requests):.1f} requests a turn"
    )
    return Findings([Figure(f"a node lock goes through {hosts} waiting hosts", amounts, note)])


def _round(server: Server, sessions: list[zc.zk.ZK], hosts: int) -> tuple[Line, int]:
    """Let all hosts have one turn; return them and the requests that took."""
    line = Line()
    lock = f"{ROOT}/{encode_path(_PATH)}"
    wakeup = Wakeup()
    first = Identity("first", "first.example.com")
    registry = Registry(sessions[0], first, wakeup, StopIntent("/nonexistent"))
    registry.read_version()
    holder = NodeLocks(sessions[0], first, wakeup, registry)
    with holder.node(_PATH, lambda: None):
        for number in range(hosts):
            line.join(sessions[number % len(sessions)], f"host{number}")
            # One after the other: how they get in line is not what is measured.
            _wait_for_line(sessions[0], lock, number + 1)
        asked = server.received()
    for thread in line.threads:
        thread.join(PATIENCE)
        if thread.is_alive():
            raise TimeoutError(f"a host had no turn in {PATIENCE:g} s")
    return line, server.received() - asked


def _wait_for_line(zk: zc.zk.ZK, lock: str, count: int) -> None:
    while True:
        changed = threading.Event()

        def wake(_: object, changed: threading.Event = changed) -> None:
            changed.set()

        if len(zk.client.get_children(lock, wake)) >= count:
            return
        if not changed.wait(PATIENCE):
            raise TimeoutError(f"host {count} did not get in line in {PATIENCE:g} s")
