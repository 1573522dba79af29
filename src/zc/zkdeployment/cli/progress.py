"""A line that tells a person how far a command has got, where that takes longer than a second.

It is shown on standard error if that is a terminal, in plain text, and goes away before
anything else is printed there.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, TextIO, cast

import click

from zc.zk.progress import Observer, Work

#: Seconds that work takes before anything is shown of it.
PATIENCE = 1.0

#: Seconds between two states that are shown.
REFRESH = 0.1

_PAUSE = 1.0  # seconds between two requests after which this is other work
_WIDTH = 80  # columns of a terminal that does not tell


class Progress:
    """An observer of :class:`zc.zk.bulk.Bulk` that shows on a terminal what it is told."""

    def __init__(self, terminal: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._terminal = terminal
        self._clock = clock
        self._lock = threading.RLock()  # other threads log, and so do handlers of signals
        self._shown = ""
        self._done = Counter[Work]()
        self._began = self._told = self._drawn = -math.inf

    def __call__(self, work: Work, more: int, left: int | None) -> None:
        """Show how far the work has got, if it takes long."""
        now = self._clock()
        if not more and now - self._told > _PAUSE:
            self.clear()
            self._began = now
            self._done.clear()
        self._told = now
        self._done[work] += more
        if now - self._began >= PATIENCE and now - self._drawn >= REFRESH:
            self._drawn = now
            self._replace(self._text(work, left or 0)[: _columns(self._terminal) - 1])

    def clear(self) -> None:
        """Take the line away, if there is one."""
        if self._shown:
            self._replace("")

    def cleared(self, _: logging.LogRecord) -> bool:
        """Take the line away and let a record be logged (a filter)."""
        self.clear()
        return True

    def _text(self, work: Work, left: int) -> str:
        if work in (Work.NAMES, Work.NODES):
            # Of one node both may be read, or one of them.
            return f"reading {max(self._done[Work.NAMES], self._done[Work.NODES]):,} nodes…"
        verb = "reading" if work is Work.ACLS_READ else "writing"
        what = "nodes" if work is Work.WRITES else "ACLs"
        done = self._done[work]
        return f"{verb} {done:,} of {done + left:,} {what}…"

    def _replace(self, text: str) -> None:
        """Show ``text`` in place of what is shown; no escape sequences: any terminal will do."""
        with self._lock, contextlib.suppress(OSError):  # what is observed goes on without it
            blank = " " * len(self._shown)
            self._shown = text
            self._terminal.write(f"\r{blank}\r{text}")
            self._terminal.flush()


class _Above:
    """A stream to the same terminal: what is written there takes the line away first."""

    def __init__(self, stream: TextIO, progress: Progress) -> None:
        self._stream = stream
        self._progress = progress

    def write(self, text: str) -> int:
        self._progress.clear()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def progress_shown(*, quiet: bool = False) -> Iterator[Observer | None]:
    """Yield an observer that tells a person about what is observed until the end.

    ``None`` where nobody looks: not at a terminal, with ``--json``, or if ``quiet``.
    """
    context = click.get_current_context(silent=True)
    quiet = quiet or bool(context and context.params.get("as_json"))
    if quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    progress = Progress(sys.stderr)
    with contextlib.ExitStack() as stack:
        stack.callback(progress.clear)
        stack.enter_context(contextlib.redirect_stderr(_above(sys.stderr, progress)))
        if sys.stdout.isatty():
            stack.enter_context(contextlib.redirect_stdout(_above(sys.stdout, progress)))
        for handler in logging.getLogger().handlers:
            handler.addFilter(progress.cleared)
            stack.callback(handler.removeFilter, progress.cleared)
        yield progress


def _above(stream: TextIO, progress: Progress) -> TextIO:
    return cast(TextIO, _Above(stream, progress))


def _columns(terminal: TextIO) -> int:
    with contextlib.suppress(OSError, ValueError):
        return os.get_terminal_size(terminal.fileno()).columns or _WIDTH
    return _WIDTH
