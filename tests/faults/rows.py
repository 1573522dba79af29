"""What a row of the fault laboratory is: a fault, tried many times, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Setting:
    """How a row is tried: in an empty ``directory``, with ``seed``, in full or ``short``.

    ``say`` is told how far it is.
    """

    directory: Path
    seed: int
    short: bool
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """What came of a row.

    ``tried`` counts, ``unit`` says what; ``violations`` are what must not be; ``note`` says
    what else is worth knowing.
    """

    name: str
    tried: int
    unit: str
    violations: tuple[str, ...]
    note: str = ""
