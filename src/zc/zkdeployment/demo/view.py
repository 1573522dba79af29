"""Shows a person the demo, line by line; see ``live.py`` for terminals."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from zc.zkdeployment.demo import words
from zc.zkdeployment.demo.fleet import Fleet
from zc.zkdeployment.demo.logs import Line
from zc.zkdeployment.model import same_version

_WIDTH = 79


class View(Protocol):
    """Where the demo is shown."""

    def say(self, text: str) -> None:
        """Show a text that stays."""

    def begin(self, title: str, look: str, changes: str = "") -> None:
        """Begin an act: ``look`` says what to look at, ``changes`` what it changes of the tree."""

    def show(self, fleet: Fleet, lines: Sequence[Line]) -> None:
        """Show the fleet as it is now, and what the agents said since the last time."""

    def end(self, outcome: str, seconds: float) -> None:
        """Show what came of an act, and how long it took."""


class PlainView:
    """Tells the story line by line: for logs, pipes and simple terminals.

    ``echo`` prints a line.
    """

    def __init__(self, echo: Callable[[str], None]) -> None:
        self._echo = echo
        self._start = time.monotonic()
        self._before: Fleet | None = None

    def say(self, text: str) -> None:
        """Print a text."""
        self._echo(text)

    def begin(self, title: str, look: str, changes: str = "") -> None:
        """Print what an act is about."""
        self._echo(f"\n{title}")
        self._echo(textwrap.fill(look, _WIDTH, initial_indent="  ", subsequent_indent="  ") + "\n")
        if changes:
            self._echo(textwrap.indent(changes.rstrip(), "    ") + "\n")

    def show(self, fleet: Fleet, lines: Sequence[Line]) -> None:
        """Print what is new."""
        stopped = fleet.version is None
        new = self._before is None or not same_version(self._before.version, fleet.version)
        if new and not stopped:
            self._tell("fleet", words.cluster(fleet.version))
        for line in lines:
            level = "" if line.level in ("", "INFO") else f"{line.level} "
            self._tell(line.host, level + line.text)
        for change in words.lock_changes(self._before, fleet):
            self._tell("lock", change)
        if new and stopped:  # what the agents said comes first: it tells why
            self._tell("fleet", words.cluster(fleet.version))
        self._before = fleet

    def end(self, outcome: str, seconds: float) -> None:
        """Print what came of an act."""
        self._echo(f"\n  => {outcome} ({seconds:.1f} s)")

    def _tell(self, subject: str, text: str) -> None:
        self._echo(f"{time.monotonic() - self._start:7.1f}  {subject:<6} {text}")
