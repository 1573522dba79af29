"""How many hosts may work on a node at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from fractions import Fraction

from zc.zkdeployment.errors import BadTree

#: More hosts at once are taken for a mistake.
MOST = 10_000

#: What is expected, in words.
EXPECTED = f"a whole number from 1 to {MOST} or a percentage such as '25%', up to '100%'"

_percentage = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)%").fullmatch


@dataclass(frozen=True, slots=True)
class MaxParallel:
    """A number of hosts, or a ``share`` of those that are one of ``targets``."""

    count: int = 1
    share: Fraction | None = None
    targets: tuple[str, ...] = field(default=(), compare=False)  # no matter of the node's own

    @property
    def text(self) -> int | str:
        """What a tree says of it."""
        return self.count if self.share is None else f"{float(self.share * 100):g}%"

    def of(self, hosts: Iterable[Set[str]]) -> int:
        """Return how many hosts may work at once, which is one at least.

        ``hosts`` are those of the fleet, each as the targets of a tree that it is.
        """
        if self.share is None:
            return self.count
        wanted = frozenset(self.targets)
        return max(1, int(self.share * sum(not wanted.isdisjoint(host) for host in hosts)))


#: Where a tree says nothing.
ONE_HOST = MaxParallel()


def max_parallel(value: object, node: str, targets: Iterable[str]) -> MaxParallel:
    """Return what the property ``max_parallel`` of ``node`` says, which ``targets`` deploy.

    Raises :exc:`~zc.zkdeployment.errors.BadTree`.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST:
        return MaxParallel(value)
    if isinstance(value, str) and (match := _percentage(value)):
        share = Fraction(match[1]) / 100
        if 0 < share <= 1:
            return MaxParallel(share=share, targets=tuple(sorted(targets)))
    raise BadTree(f"{node}: max_parallel must be {EXPECTED}, not {value!r:.200}")
