"""The line that tells how far a command has got: when it comes, what it says, that it goes."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import struct
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.terminal import seen, terminal

from zc.zk.progress import Work
from zc.zkdeployment.cli.progress import Progress, progress_shown


class Clock:
    """A clock that goes only if told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def progress(stream: io.StringIO, clock: Clock) -> Progress:
    return Progress(stream, clock)


def _work(
    progress: Progress, clock: Clock, work: Work, batches: int, total: int | None = None
) -> Iterator[float]:
    """Do a hundred nodes in half a second, again and again; yield the time after each."""
    progress(work, 0, total)
    for batch in range(1, batches + 1):
        clock.now += 0.5
        progress(work, 100, None if total is None else total - 100 * batch)
        yield clock.now


def test_nothing_is_shown_within_the_first_second(
    progress: Progress, stream: io.StringIO, clock: Clock
) -> None:
    for now in _work(progress, clock, Work.NODES, 3):
        assert bool(stream.getvalue()) == (now >= 1001.0)
    assert seen(stream.getvalue()) == ["reading 300 nodes…"]


def test_short_work_now_and_then_is_not_long_work(
    progress: Progress, stream: io.StringIO, clock: Clock
) -> None:
    """What a command does besides, a clone say, is not for this line to tell."""
    for _ in range(5):
        list(_work(progress, clock, Work.NODES, 1))
        clock.now += 10
    assert stream.getvalue() == ""


def test_one_request_that_takes_long_is_long_work(
    progress: Progress, stream: io.StringIO, clock: Clock
) -> None:
    progress(Work.NODES, 0, None)
    clock.now += 5
    progress(Work.NODES, 1200, None)
    assert seen(stream.getvalue()) == ["reading 1,200 nodes…"]


def test_nodes_whose_children_are_read_too_count_once(
    progress: Progress, stream: io.StringIO, clock: Clock
) -> None:
    for work in (Work.NODES, Work.NAMES):
        list(_work(progress, clock, work, 3))
    assert seen(stream.getvalue()) == ["reading 300 nodes…"]


@pytest.mark.parametrize(
    ("work", "text"),
    [
        (Work.WRITES, "writing 300 of 10,000 nodes…"),
        (Work.ACLS_READ, "reading 300 of 10,000 ACLs…"),
        (Work.ACLS_SET, "writing 300 of 10,000 ACLs…"),
        (Work.NAMES, "reading 300 nodes…"),
    ],
)
def test_what_is_known_of_the_end_is_told(
    progress: Progress, stream: io.StringIO, clock: Clock, work: Work, text: str
) -> None:
    list(_work(progress, clock, work, 3, 10_000))
    assert seen(stream.getvalue()) == [text]


def test_a_shorter_text_leaves_nothing_of_a_longer_one(
    progress: Progress, stream: io.StringIO, clock: Clock
) -> None:
    list(_work(progress, clock, Work.WRITES, 3, 10_000))
    progress(Work.NODES, 0, None)
    clock.now += 0.5
    progress(Work.NODES, 7, None)
    assert seen(stream.getvalue()) == ["reading 7 nodes…"]
    progress.clear()
    assert seen(stream.getvalue()) == []


def test_it_is_not_shown_more_often_than_a_person_can_read(
    progress: Progress, stream: io.StringIO, clock: Clock
) -> None:
    progress(Work.ACLS_READ, 0, 10_000)
    clock.now += 2
    for left in range(9_999, -1, -1):
        progress(Work.ACLS_READ, 1, left)
    assert stream.getvalue().count("reading") == 1


def test_a_narrow_terminal_shows_the_beginning(clock: Clock) -> None:
    with terminal() as found:
        fcntl.ioctl(found.device, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 12, 0, 0))
        with os.fdopen(os.dup(found.device), "w", encoding="utf-8") as stream:
            list(_work(Progress(stream, clock), clock, Work.NODES, 3))
        assert found.screen() == ["reading 300"]


def test_what_is_observed_goes_on_where_the_terminal_is_gone(clock: Clock) -> None:
    """An import must not end in the middle because a window was closed."""
    with contextlib.suppress(OSError), Path("/dev/full").open("w") as stream:
        progress = Progress(stream, clock)
        list(_work(progress, clock, Work.WRITES, 4, 1000))
        progress.clear()
        done = True  # what follows is the end of the stream, which fails again
    assert done


def test_nobody_is_told_where_there_is_no_terminal() -> None:
    with progress_shown() as observer:
        assert observer is None
