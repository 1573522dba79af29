"""What a measurement says: amounts, and what was to be reached."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Setting:
    """How something is measured: in an empty ``directory``, in full or ``quick``.

    ``cache`` keeps what is installed for comparison, from one run to the next. ``say`` is
    told how far it is.
    """

    directory: Path
    cache: Path
    quick: bool
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with a unit, and between what it has to be. ``what`` tells several apart."""

    value: float
    unit: str
    most: float = math.inf
    least: float = -math.inf
    what: str = ""

    @property
    def has_goal(self) -> bool:
        """Tell whether there is anything to be reached."""
        return math.isfinite(self.most) or math.isfinite(self.least)

    @property
    def reached(self) -> bool:
        """Tell whether it is between what it has to be."""
        return self.least <= self.value <= self.most

    @property
    def goal(self) -> str:
        """What has to be reached, in words; empty for nothing."""
        bounds = (("≥", self.least), ("≤", self.most))
        words = [f"{sign} {number(bound)}" for sign, bound in bounds if math.isfinite(bound)]
        return " ".join(part for part in (self.what, ", ".join(words), self.unit) if part)

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, number(self.value), self.unit) if part)


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: some work, what it took, and what else is worth knowing."""

    work: str
    amounts: Sequence[Amount]
    note: str = ""

    @property
    def goal(self) -> str:
        """What has to be reached, in words."""
        return ", ".join(amount.goal for amount in self.amounts if amount.has_goal)

    @property
    def measured(self) -> str:
        """What was measured, in words."""
        return "; ".join((*map(str, self.amounts), *([self.note] if self.note else [])))

    @property
    def reached(self) -> bool | None:
        """Tell whether all was reached; ``None`` where nothing had to be."""
        goals = [amount.reached for amount in self.amounts if amount.has_goal]
        return all(goals) if goals else None


@dataclass(frozen=True, slots=True)
class Table:
    """More than rows can say: a table of its own."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Findings:
    """What a part of the benchmark found.

    ``pace`` is what the machine could do then: the milliseconds that an interpreter took to
    start which does nothing.
    """

    figures: Sequence[Figure]
    tables: Sequence[Table] = ()
    pace: float | None = None


def number(value: float) -> str:
    """Return a number with about three significant digits."""
    if not math.isfinite(value) or value == int(value):
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"
