"""Simulates a rollout: hosts that each deploy nodes, one host at a time at each node.

That is an open shop: no schedule ends before the busiest host, or the busiest node, has done
all its work one after the other. A policy says where a host that is free goes next; where
a node is busy, hosts stand in line in the order in which they came.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_JITTER = 0.2  # of the time that each script takes


@dataclass(frozen=True, slots=True)
class Fleet:
    """Which nodes each host deploys, and what each takes: ``duration[host][node]``.

    ``hosts_of`` has the hosts of each node.
    """

    duration: Sequence[dict[int, float]]
    hosts_of: Sequence[Sequence[int]]

    @property
    def bound(self) -> float:
        """What no schedule can beat."""
        busiest_host = max(sum(durations.values()) for durations in self.duration)
        busiest_node = max(
            sum(self.duration[host][node] for host in hosts)
            for node, hosts in enumerate(self.hosts_of)
        )
        return max(busiest_host, busiest_node)


class Shop:
    """A rollout on its way: what a host may look at when it goes on.

    Sets of nodes are numbers of which bit ``n`` stands for node ``n``. ``left`` has what each
    host still has to deploy, ``free`` the nodes at which nobody works, ``line`` how many are
    at each node, ``worker`` who works there, -1 for nobody, ``start`` the node from which
    each host counts.
    """

    def __init__(self, fleet: Fleet, start: Sequence[int]) -> None:
        self.start = list(start)
        self.left = [sum(1 << node for node in nodes) for nodes in fleet.duration]
        self.free = (1 << len(fleet.hosts_of)) - 1
        self.line = [0] * len(fleet.hosts_of)
        self.worker = [-1] * len(fleet.hosts_of)

    def first(self, host: int, nodes: int) -> int:
        """Return the first of ``nodes``, which are not empty, from the host's start on."""
        after = nodes >> self.start[host] << self.start[host]
        nodes = after or nodes
        return (nodes & -nodes).bit_length() - 1

    def members(self, host: int) -> list[int]:
        """Return what a host has left, from its start on."""
        left, nodes = self.left[host], []
        while left:
            node = self.first(host, left)
            nodes.append(node)
            left &= ~(1 << node)
        return nodes


#: Returns the node to which a host goes, of those that it has left.
Policy = Callable[[Shop, int, random.Random], int]

#: Returns the node from which each host counts.
Start = Callable[[Fleet, random.Random], Sequence[int]]


def makespan(fleet: Fleet, policy: Policy, start: Start, chance: random.Random) -> float:
    """Return how long a rollout takes."""
    shop = Shop(fleet, start(fleet, chance))
    waiting: list[deque[int]] = [deque() for _ in fleet.hosts_of]
    working: list[tuple[float, int, int]] = []  # until when, host, node
    now = 0.0

    def work(host: int, node: int) -> None:
        shop.worker[node] = host
        heapq.heappush(working, (now + fleet.duration[host][node], host, node))

    def go_on(host: int) -> None:
        if not shop.left[host]:
            return
        node = policy(shop, host, chance)
        shop.left[host] &= ~(1 << node)
        shop.line[node] += 1
        if shop.free >> node & 1:
            shop.free &= ~(1 << node)
            work(host, node)
        else:
            waiting[node].append(host)

    hosts = list(range(len(fleet.duration)))
    chance.shuffle(hosts)  # the order in which they learn of the version
    for host in hosts:
        go_on(host)
    while working:
        now, host, node = heapq.heappop(working)
        shop.line[node] -= 1
        if waiting[node]:
            work(waiting[node].popleft(), node)
        else:
            shop.free |= 1 << node
            shop.worker[node] = -1
        go_on(host)
    if any(shop.left):
        raise RuntimeError("the rollout ended before all was deployed")
    return now


def dense(hosts: int, nodes: int, chance: random.Random) -> Fleet:
    """Return a fleet in which every host deploys every node."""
    return _fleet([range(hosts)] * nodes, hosts, chance)


def sparse(hosts: int, nodes: int, each: int, chance: random.Random) -> Fleet:
    """Return a fleet in which every node is deployed by ``each`` hosts, taken by chance."""
    return _fleet([chance.sample(range(hosts), each) for _ in range(nodes)], hosts, chance)


def _fleet(hosts_of: Sequence[Sequence[int]], hosts: int, chance: random.Random) -> Fleet:
    duration: list[dict[int, float]] = [{} for _ in range(hosts)]
    for node, members in enumerate(hosts_of):
        for host in members:
            duration[host][node] = 1 + _JITTER * (2 * chance.random() - 1)
    return Fleet(duration, hosts_of)
