"""Which of its nodes a host works on next, where many hosts work on the same ones.

Rolling out is an open shop: a node is worked on by one host at a time, and a host works on
one node at a time, so that nothing is faster than the busiest host or the busiest node.
Hosts that all go through their nodes in the same order queue behind each other. So each
starts at another one, by its rank among the hosts of the fleet, and passes over nodes that
are busy. What that reaches: docs/adr/0012-turns.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """A node that a host is to work on: ``at_once`` hosts may; ``step`` says what it does."""

    path: str
    step: str | None = None
    at_once: int = 1


@dataclass(frozen=True, slots=True)
class Rank:
    """The place of a host among the ``hosts`` of its fleet, in order, from 0 on."""

    number: int = 0
    hosts: tuple[str, ...] = ()

    @property
    def next_host(self) -> str | None:
        """The host that goes one node ahead of this one, ``None`` for a host alone."""
        count = len(self.hosts)
        return self.hosts[(self.number + 1) % count] if count > 1 else None


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands at a node: who holds it, whether one more may, and how many wait."""

    path: str
    holders: tuple[str, ...] = ()
    free: bool = True
    waiting: int = 0


def rank_of(host: str, hosts: Sequence[str]) -> Rank:
    """Return the rank of a host among the registered ones; of an unknown one, the first."""
    ordered = tuple(sorted(hosts))
    return Rank(ordered.index(host), ordered) if host in ordered else Rank()


def from_rank(paths: Sequence[str], rank: Rank) -> tuple[str, ...]:
    """Return nodes in the order in which a host goes through them, given in tree order.

    A host alone keeps that order.
    """
    if not rank.hosts or not paths:
        return tuple(paths)
    start = rank.number * len(paths) // len(rank.hosts)
    return (*paths[start:], *paths[:start])


def next_turn(standings: Sequence[Standing], next_host: str | None) -> Standing:
    """Return the node to take, if it is free, or to stand in line at; of at least one.

    ``standings`` are of the nodes that are left, in the order of :func:`from_rank`. The
    first free one is taken. Only where the very next node is held by the host that goes
    one ahead, and nobody waits for it, it is worth waiting for: that one soon goes on,
    and whoever left the row would be in the way of all the others. Where none is free,
    the shortest line is the best one.
    """
    first = standings[0]
    if not first.free and not first.waiting and first.holders == (next_host,):
        return first
    for each in standings:
        if each.free and not each.waiting:
            return each
    return min(standings, key=lambda each: each.waiting)
