"""How long rollouts take under each policy, over what no schedule can beat."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.figures import Amount, Figure, Findings, Setting, Table
from benchmarks.open_shop import Fleet, dense, makespan, sparse
from benchmarks.policies import POLICIES

_DENSE_GOAL = 1.10
_SPARSE_GOAL = 1.25

_LARGE = 90_000  # deployments, of which one fleet is enough: chance counts for little


@dataclass(frozen=True, slots=True)
class Case:
    """Fleets of one shape; ``goal`` is what the time over the bound has to be, at most."""

    name: str
    goal: float
    deployments: int
    fleet: Callable[[random.Random], Fleet]


def rollout(setting: Setting) -> Findings:
    """Simulate rollouts over fleets of many shapes, by each policy."""
    cases = _cases(quick=setting.quick)
    ratios: dict[str, list[float]] = {}
    for policy in POLICIES:
        setting.say(policy)
        ratios[policy] = [_ratio(policy, case, 3 if setting.quick else 7) for case in cases]
    best = min(ratios, key=lambda policy: _worst(ratios[policy], cases))
    figures = []
    for what, goal in (
        ("every host deploys every node", _DENSE_GOAL),
        ("each node has 10 of 800 hosts", _SPARSE_GOAL),
    ):
        found = [
            ratio for ratio, case in zip(ratios[best], cases, strict=True) if case.goal == goal
        ]
        amount = Amount(max(found), "times the lower bound", most=goal)
        figures.append(Figure(f"rollout, simulated: {what}", [amount], f"by “{best}”"))
    title = "Simulated makespan over its lower bound, by policy; jitter 20 %"
    rows = [
        [f"**{policy}**" if policy == best else policy, *(f"{ratio:.2f}" for ratio in found)]
        for policy, found in ratios.items()
    ]
    return Findings(figures, [Table(title, ["Policy", *(case.name for case in cases)], rows)])


def _ratio(policy: str, case: Case, rounds: int) -> float:
    """Return the median makespan over its bound, of fleets that differ by chance."""
    start, choose = POLICIES[policy]
    ratios = []
    for seed in range(1 if case.deployments > _LARGE else rounds):
        fleet = case.fleet(random.Random(seed))
        ratios.append(makespan(fleet, choose, start, random.Random(seed)) / fleet.bound)
    return statistics.median(ratios)


def _worst(ratios: Sequence[float], cases: Sequence[Case]) -> float:
    """Return how near a policy comes to missing a goal, at 1 it does."""
    return max((ratio - 1) / (case.goal - 1) for ratio, case in zip(ratios, cases, strict=True))


def _cases(*, quick: bool) -> list[Case]:
    sizes = (10, 100) if quick else (10, 100, 1000)
    hosts = 80 if quick else 800
    return [
        *(_dense(hosts, nodes) for hosts in sizes for nodes in sizes),
        Case(
            f"{hosts} x {hosts}, 10 hosts a node",
            _SPARSE_GOAL,
            10 * hosts,
            lambda chance: sparse(hosts, hosts, 10, chance),
        ),
    ]


def _dense(hosts: int, nodes: int) -> Case:
    return Case(
        f"{hosts} x {nodes}",
        _DENSE_GOAL,
        hosts * nodes,
        lambda chance: dense(hosts, nodes, chance),
    )
