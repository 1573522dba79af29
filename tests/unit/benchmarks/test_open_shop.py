"""The simulation of rollouts, by which the policy of agents is chosen."""

from __future__ import annotations

import random

import pytest
from benchmarks.open_shop import Fleet, dense, makespan, sparse
from benchmarks.policies import (
    POLICIES,
    free_else_next,
    free_else_shortest,
    next_in_order,
    own_rank,
    path_order,
)
from hypothesis import given
from hypothesis import strategies as st


def fleet(*hosts: dict[int, float], nodes: int) -> Fleet:
    """Return a fleet of hosts, each given by what its nodes take."""
    hosts_of = [[h for h, durations in enumerate(hosts) if n in durations] for n in range(nodes)]
    return Fleet(hosts, hosts_of)


def test_one_node_is_a_queue() -> None:
    one = fleet({0: 1.0}, {0: 2.0}, {0: 4.0}, nodes=1)
    assert one.bound == 7
    assert makespan(one, next_in_order, path_order, random.Random(1)) == 7


def test_one_host_does_one_thing_after_the_other() -> None:
    one = fleet({0: 1.0, 1: 2.0}, nodes=2)
    assert one.bound == 3
    assert makespan(one, next_in_order, path_order, random.Random(1)) == 3


def test_hosts_that_count_from_their_own_rank_do_not_meet() -> None:
    square = fleet(*(dict.fromkeys(range(4), 1.0) for _ in range(4)), nodes=4)
    assert makespan(square, next_in_order, own_rank, random.Random(1)) == 4
    assert makespan(square, next_in_order, path_order, random.Random(1)) == 7


def test_whoever_passes_over_a_busy_node_comes_back_to_it() -> None:
    two = fleet({0: 5.0}, {0: 1.0, 1: 1.0, 2: 1.0}, nodes=3)
    for seed in range(5):
        chance = random.Random(seed)
        passing = makespan(two, free_else_next, path_order, chance)
        assert passing in (6.0, 6.0 + 1.0)  # the other one was first, or it waited for it
        assert makespan(two, free_else_shortest, path_order, random.Random(seed)) == passing


@pytest.mark.parametrize("name", POLICIES)
@given(
    hosts=st.integers(1, 8),
    nodes=st.integers(1, 8),
    each=st.integers(1, 8),
    seed=st.integers(0, 1000),
)
def test_every_policy_deploys_all_and_none_beats_the_bound(
    name: str, hosts: int, nodes: int, each: int, seed: int
) -> None:
    start, policy = POLICIES[name]
    chance = random.Random(seed)
    everywhere = dense(hosts, nodes, chance)
    somewhere = sparse(hosts, nodes, min(each, hosts), chance)
    for made in (everywhere, somewhere):
        total = sum(sum(durations.values()) for durations in made.duration)
        took = makespan(made, policy, start, chance)
        assert made.bound - 1e-9 <= took <= total + 1e-9
