"""Shows a person the demo live, in a terminal."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from zc.zkdeployment.demo import words
from zc.zkdeployment.demo.fleet import Fleet, HostState
from zc.zkdeployment.demo.logs import Line
from zc.zkdeployment.demo.story import HOSTS, WEB
from zc.zkdeployment.demo.words import Mood

_COLOURS = dict(zip((host.name for host in HOSTS), ("cyan", "magenta", "yellow"), strict=True))
_MOODS = {
    Mood.GONE: "bold red",
    Mood.FAILED: "bold white on red",
    Mood.WAITING: "yellow",
    Mood.STOPPED: "red",
    Mood.WORKING: "bold blue",
    Mood.DONE: "green",
}
_LEVELS = {"": "dim", "INFO": "", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}
_LOCK_ROWS = 4
_MOST_LINES = 14
_OTHER_LINES = 21  # of a terminal that are not for the log


class LiveView:
    """A picture of the fleet at the bottom of the terminal; what stays scrolls by above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._lines: deque[Line] = deque(maxlen=_MOST_LINES)
        self._title = "The fleet"
        self._look = ""
        self._start = time.monotonic()

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        """Print a text above the picture."""
        self._console.print(Text(text), soft_wrap=True)

    def begin(self, title: str, look: str, changes: str = "") -> None:
        """Print what an act changes above the picture; the picture tells what it is about."""
        self._title = title
        self._look = look
        self._start = time.monotonic()
        if changes:
            self._console.print(Padding(Text(changes.rstrip(), "dim"), (1, 4)))

    def show(self, fleet: Fleet, lines: Sequence[Line]) -> None:
        """Draw the picture anew."""
        self._lines.extend(lines)
        self._live.update(self.picture(fleet), refresh=True)

    def end(self, outcome: str, seconds: float) -> None:
        """Print what came of an act above the picture."""
        self._console.print(
            Text.assemble(
                ("✓ ", "bold green"), (f"{self._title}: ", "bold"), f"{outcome} ({seconds:.1f} s)"
            )
        )

    def picture(self, fleet: Fleet) -> RenderableType:
        """Return what :meth:`show` draws."""
        return Group(
            Rule(Text(self._title, "bold"), align="left", style="blue"),
            Padding(Text(self._look, "italic"), (0, 1, 1, 1)),
            _cluster(fleet, time.monotonic() - self._start),
            _hosts(fleet),
            _locks(fleet),
            self._log(),
        )

    def _log(self) -> RenderableType:
        room = min(max(self._console.height - _OTHER_LINES, 3), _MOST_LINES)
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=6, no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for line in list(self._lines)[-room:]:
            level = "" if line.level in ("", "INFO") else f"{line.level} "
            table.add_row(
                Text(line.host, _COLOURS[line.host]), Text(level + line.text, _LEVELS[line.level])
            )
        for _ in range(room - len(self._lines)):
            table.add_row()
        return Group(Rule(Text("what the agents log", "dim"), align="left", style="dim"), table)


def _cluster(fleet: Fleet, seconds: float) -> RenderableType:
    style = "bold white on red" if fleet.version is None else "bold green"
    table = Table.grid(expand=True)
    table.add_column()
    table.add_column(justify="right")
    table.add_row(
        Text(f" {words.cluster(fleet.version)} ", style), Text(f"{seconds:.0f} s ", "dim")
    )
    return table


def _hosts(fleet: Fleet) -> RenderableType:
    table = Table(expand=True, box=None, padding=(0, 1), header_style="dim")
    for name in ("host", "role", "version", WEB, "state"):
        table.add_column(name, no_wrap=True)
    table.add_column("", ratio=1, no_wrap=True, overflow="ellipsis")
    for host in fleet.hosts:
        table.add_row(*_cells(host, fleet))
    return table


def _cells(host: HostState, fleet: Fleet) -> list[Text]:
    mood, more = words.mood(host, fleet)
    return [
        Text(host.name, _COLOURS[host.name]),
        Text(host.role or "-"),
        Text("-" if host.version is None else str(host.version)),
        Text(host.deployed.get(f"{WEB} 0", "-"), "bold"),
        Text(mood.value, _MOODS[mood]),
        Text(more, "red" if mood is Mood.FAILED else ""),
    ]


def _locks(fleet: Fleet) -> RenderableType:
    table = Table(expand=True, box=None, padding=(0, 1), header_style="dim")
    table.add_column("lock of", no_wrap=True)
    table.add_column("", ratio=1, no_wrap=True, overflow="ellipsis")
    for lock in fleet.locks[:_LOCK_ROWS]:
        style = "bold" if lock.owners else "dim"
        table.add_row(Text(lock.node, style), Text(words.locks(lock), style))
    for _ in range(_LOCK_ROWS - len(fleet.locks)):
        table.add_row()
    return table
