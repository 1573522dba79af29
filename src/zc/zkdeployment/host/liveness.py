"""Whether the thread that deploys gets on, told from outside of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signs:
    """What shows of a thread at one moment.

    ``begun`` counts what it began: each wait, each program, each step. ``waits``: it waits for
    an event, and none has come. ``may_run_until``: the moment until which the program
    that it runs may take, infinity without a limit; ``None`` if it runs none.
    """

    begun: int
    waits: bool = False
    may_run_until: float | None = None


class Liveness:
    """Judges one look after the other.

    What neither waits nor runs a program has ``patience`` seconds for whatever it
    began. Moments are seconds of a monotonic clock.
    """

    def __init__(self, patience: float, now: float) -> None:
        self._patience = patience
        self._begun = -1
        self._since = now

    def is_well(self, signs: Signs, now: float) -> bool:
        """Tell whether the thread gets on, or has a reason to wait."""
        if signs.waits or signs.begun != self._begun:
            self._begun, self._since = signs.begun, now
        runs = signs.may_run_until is not None and now < signs.may_run_until
        if runs:
            self._since = now  # it has its patience from the end of the program on
        return runs or now - self._since <= self._patience
