"""The row of random schedules of a fleet of real processes."""

from __future__ import annotations

import itertools
import random
import threading
import traceback
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.faults.crash_points import SERVER_SETTINGS
from tests.faults.fleets import until
from tests.faults.rows import Row, Setting
from tests.faults.schedule_actions import ACTIONS, calm, pass_time
from tests.faults.schedule_checks import (
    begun_after_leaving,
    begun_in_spite,
    differences,
    overlaps,
)
from tests.faults.schedule_fleet import Fleet

from zc.zkdeployment.lab.zookeeper import Server

_SHORT, _FULL = 2, 200  # schedules
_AT_ONCE = 5  # schedules, each with a server of its own
_RESUMES = 3  # by a person, until a fleet is at rest


@dataclass(frozen=True, slots=True)
class _Outcome:
    violations: tuple[str, ...]
    counts: Mapping[str, int]


def schedules(setting: Setting) -> Row:
    """Do anything to a fleet of processes, in any order: one at a node, all converge at last."""
    count = _SHORT if setting.short else _FULL
    counts: Counter[str] = Counter()
    violations: list[str] = []
    with ThreadPoolExecutor(min(count, _AT_ONCE)) as pool:
        seeds = range(setting.seed, setting.seed + count)
        slots = _Slots(setting)
        try:
            for done, outcome in enumerate(pool.map(slots.run, seeds), 1):
                counts.update(outcome.counts)
                violations += outcome.violations
                if done % 10 == 0:
                    setting.say(f"{done} of {count} schedules")
        finally:
            slots.close()
    note = ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))
    return Row("a fleet of processes", count, "schedules", tuple(violations), note)


class _Slots:
    """Servers, of which each serves one schedule at a time: it may be killed."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._lock = threading.Lock()
        self._free: list[Server] = []
        self._all: list[Server] = []
        self._numbers = itertools.count()

    def run(self, seed: int) -> _Outcome:
        server = self._take()
        try:
            return run(self._setting, server, seed)
        finally:
            with self._lock:
                self._free.append(server)

    def close(self) -> None:
        for server in self._all:
            server.stop()

    def _take(self) -> Server:
        with self._lock:
            if self._free:
                return self._free.pop()
            directory = self._setting.directory / f"zookeeper-{next(self._numbers)}"
        server = Server.start(directory, settings=SERVER_SETTINGS)
        self._all.append(server)
        return server


def run(setting: Setting, server: Server, seed: int) -> _Outcome:
    """Run one schedule."""
    with Fleet(setting.directory / f"schedule-{seed}", server, random.Random(seed)) as fleet:
        schedule = _Schedule(fleet, short=setting.short)
        try:
            schedule.run()
        except Exception:  # whatever it is, how to come to it again must be told
            schedule.found.append(traceback.format_exc())
        told = [
            f"--row schedules --seed {seed}: {each} [{'; '.join(fleet.events)}]"
            for each in schedule.found
        ]
        schedule.counts["scripts"] = sum(each.what == "begin" for each in fleet.scripts())
        return _Outcome(tuple(told), schedule.counts)


class _Schedule:
    """Runs one schedule; ``found`` is what must not be, ``counts`` what was done."""

    def __init__(self, fleet: Fleet, *, short: bool) -> None:
        self.found: list[str] = []
        self.counts: Counter[str] = Counter()
        self._fleet = fleet
        self._choose = fleet.choose
        self._length = 3 if short else self._choose.randint(4, 10)

    def run(self) -> None:
        fleet = self._fleet
        fleet.publish()
        for _ in range(self._length):
            pass_time(self._choose.choice((0.05, 0.2, 0.5, 1.0)))
            [action] = self._choose.choices(list(ACTIONS), list(ACTIONS.values()))
            self.counts[action.__name__] += 1
            self.found += action(fleet)
            self._supervise()
        calm(fleet)
        self._resume()
        self.found += overlaps(fleet) + begun_in_spite(fleet)
        for host in fleet.hosts:
            self.found += begun_after_leaving(host)

    def _resume(self) -> None:
        """Have a person bring the fleet to one version, and look at what came of it.

        That may take another version: agents that were down tell late what they owed, and
        instances whose software somebody removed are seen only when that is there again.
        """
        fleet = self._fleet
        again = any(host.emptied for host in fleet.hosts)
        until(lambda: self._supervise() and fleet.registered(), "all agents are registered")
        for _ in range(_RESUMES):
            until(lambda: fleet.publish(fleet.tree, resume=True), "a version is published")
            until(lambda: self._supervise() and fleet.reached(), "all hosts reach a version")
            if not fleet.stopped and not again:
                break
            if fleet.stopped:
                fleet.say(f"stopped again: {fleet.errors()}")
                self.counts["stops after all was well"] += 1
            again = False
        if fleet.stopped:
            self.found.append(f"the fleet is stopped again and again: {fleet.errors()}")
        else:
            self.found += differences(fleet)

    def _supervise(self) -> bool:
        """Start agents that ended by themselves, as a supervisor does."""
        for host in self._fleet.hosts:
            if host.exit_status is not None:
                self.counts["agents that ended"] += 1
                self._fleet.say(f"the agent of {host.name} ended: {host.log[-300:]}")
                if "The agent cannot go on" in host.log:
                    self.found.append(f"the agent of {host.name} died: {host.log[-2000:]}")
                host.start()
        return True
