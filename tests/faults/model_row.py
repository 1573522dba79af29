"""The row of random schedules of a model of a fleet."""

from __future__ import annotations

import itertools
import logging
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from tests.faults.model_events import calm, disturb, publish, resume
from tests.faults.model_fleet import Fleet
from tests.faults.model_oracle import stopped
from tests.faults.rows import Row, Setting

_SHORT, _FULL = 150, 10_000  # schedules
_AT_ONCE = 100  # schedules that a process runs before it tells of them


@dataclass(frozen=True, slots=True)
class _Outcome:
    seed: int
    turns: int
    events: tuple[str, ...]
    scripts: int
    stops: int
    violations: tuple[str, ...]


def model_schedules(setting: Setting) -> Row:
    """Disturb a model of a fleet in any order: one at a node, no stop lost, all converge."""
    count = _SHORT if setting.short else _FULL
    seeds = range(setting.seed, setting.seed + count)
    totals: Counter[str] = Counter()
    violations: list[str] = []
    for done, outcome in enumerate(_outcomes(seeds, in_process=setting.short), 1):
        totals.update(
            events=len(outcome.events),
            turns=outcome.turns,
            scripts=outcome.scripts,
            stops=outcome.stops,
        )
        if outcome.violations:
            violations.append(_told(outcome))
        if done % 1000 == 0:
            setting.say(f"{done} of {count} schedules")
    note = ", ".join(f"{count:,} {what}" for what, count in totals.items())
    return Row("a model of a fleet", count, "schedules", tuple(violations), note)


def _outcomes(seeds: range, *, in_process: bool) -> Iterator[_Outcome]:
    if in_process:
        yield from map(run, seeds)
        return
    context = multiprocessing.get_context("spawn")
    parts = [seeds[start : start + _AT_ONCE] for start in range(0, len(seeds), _AT_ONCE)]
    quiet = partial(logging.disable, logging.CRITICAL)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context, initializer=quiet) as pool:
        yield from itertools.chain.from_iterable(pool.map(_run_all, parts))


def _run_all(seeds: Iterable[int]) -> list[_Outcome]:
    return list(map(run, seeds))


def run(seed: int) -> _Outcome:
    """Run one schedule."""
    fleet = Fleet(seed)
    with fleet.running():
        _run(fleet)
    oracle = fleet.oracle
    return _Outcome(
        seed,
        fleet.turns,
        tuple(fleet.events),
        oracle.scripts,
        oracle.stops,
        tuple(oracle.violations),
    )


def _run(fleet: Fleet) -> None:
    choose, violations = fleet.choose, fleet.oracle.violations
    fleet.publish()
    for _ in range(choose.randint(3, 10)):
        fleet.turn(choose.choice((3, 10, 30, 80)))
        disturb(fleet)
    calm(fleet)
    if not fleet.rest():
        violations.append("the fleet does not come to rest")
        return
    tampered = any(host.disk.tampered for host in fleet.hosts)  # which a deployment mends
    if stopped(fleet.version):
        resume(fleet, anew=tampered)
    elif tampered or choose.random() < 0.5:
        publish(fleet)
    version = fleet.version
    if not fleet.rest():
        violations.append(f"the fleet does not come to rest at {version}")
    elif fleet.version != version:
        violations.append(f"{fleet.version} without a reason, where the version was {version}")
    else:
        violations.extend(fleet.check())


def _told(outcome: _Outcome) -> str:
    return (
        f"--row model_schedules --seed {outcome.seed}: {outcome.violations[0]}"
        f" [{'; '.join(outcome.events)}]"
    )
