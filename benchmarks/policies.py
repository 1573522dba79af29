"""Where a host goes next in a rollout: what could be done, for :mod:`benchmarks.open_shop`."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from benchmarks.open_shop import Fleet, Policy, Shop, Start

# Where a host starts.


def path_order(fleet: Fleet, _: random.Random) -> Sequence[int]:
    """Every host counts from the first node."""
    return [0] * len(fleet.duration)


def own_rank(fleet: Fleet, _: random.Random) -> Sequence[int]:
    """Hosts in order of name count from nodes that are as far apart as can be."""
    hosts = len(fleet.duration)
    return [_at(nodes, rank / hosts) for rank, nodes in enumerate(fleet.duration)]


def own_hash(fleet: Fleet, chance: random.Random) -> Sequence[int]:
    """Each host counts from a node that its own name gives, whoever else there is."""
    return [_at(nodes, chance.random()) for nodes in fleet.duration]


def _at(nodes: Mapping[int, float], share: float) -> int:
    """Return the node that is so far along in order of path."""
    ordered = sorted(nodes)
    return ordered[int(share * len(ordered))] if ordered else 0


# Where it goes.


def next_in_order(shop: Shop, host: int, _: random.Random) -> int:
    """Take the next node, or stand in line there."""
    return shop.first(host, shop.left[host])


def next_from_anywhere(shop: Shop, host: int, chance: random.Random) -> int:
    """Take the next node counted from any, or stand in line there."""
    shop.start[host] = chance.randrange(len(shop.line))
    return shop.first(host, shop.left[host])


def free_else_next(shop: Shop, host: int, _: random.Random) -> int:
    """Take the next node that is free; where none is, stand in line at the next."""
    return shop.first(host, shop.left[host] & shop.free or shop.left[host])


def free_else_shortest(shop: Shop, host: int, _: random.Random) -> int:
    """Take the next node that is free; where none is, stand in the shortest line."""
    free = shop.left[host] & shop.free
    if free:
        return shop.first(host, free)
    return min(shop.members(host), key=shop.line.__getitem__)


def patient(shop: Shop, host: int, chance: random.Random) -> int:
    """Take the next node, also where somebody works but nobody waits; else as above.

    Where all hosts have the same to do, whoever works there is nearly done. A host counts
    on from where it was: what it passed over comes last.
    """
    node = shop.first(host, shop.left[host])
    if shop.line[node] > 1:
        node = free_else_shortest(shop, host, chance)
    shop.start[host] = node
    return node


def in_a_row(shop: Shop, host: int, chance: random.Random) -> int:
    """Do as the product does: see :func:`zc.zkdeployment.host.turns.next_turn`."""
    node = shop.first(host, shop.left[host])
    if shop.line[node] == 1 and shop.worker[node] == (host + 1) % len(shop.start):
        return node
    return free_else_shortest(shop, host, chance)


POLICIES: Mapping[str, tuple[Start, Policy]] = {
    "path order, waiting": (path_order, next_in_order),
    "random order, waiting": (path_order, next_from_anywhere),
    "own rank, waiting": (own_rank, next_in_order),
    "path order, passing over busy nodes; all busy: line at the next": (
        path_order,
        free_else_next,
    ),
    "own rank, passing over busy nodes; all busy: line at the next": (own_rank, free_else_next),
    "own rank, passing over busy nodes; all busy: shortest line": (
        own_rank,
        free_else_shortest,
    ),
    "own hash, passing over busy nodes; all busy: shortest line": (
        own_hash,
        free_else_shortest,
    ),
    "own rank, passing over nodes with a line; all have: shortest line": (own_rank, patient),
    "the product: own rank, passing over busy nodes but behind the next host": (
        own_rank,
        in_a_row,
    ),
}
