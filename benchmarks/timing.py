"""The one way in which work is timed here: rounds of it, of which the median counts."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from zc.zkdeployment.lab.zookeeper import Server

#: Starts Python, which then has nothing to do.
BARE_PYTHON = (sys.executable, "-c", "pass")


class Meter:
    """Measures rounds: ``times``, in seconds, and with a ``server`` its ``requests``."""

    def __init__(self, server: Server | None = None) -> None:
        self._server = server
        self.times: list[float] = []
        self.requests: list[int] = []

    @contextlib.contextmanager
    def round(self) -> Iterator[None]:
        """Measure what is done in the context."""
        before = self._received()
        start = time.perf_counter()
        yield
        self.times.append(time.perf_counter() - start)
        self.requests.append(self._received() - before)

    def repeat(self, work: Callable[[], object], rounds: int) -> None:
        """Measure short work, again and again, without a question to the server in between."""
        before = self._received()
        for _ in range(rounds):
            start = time.perf_counter()
            work()
            self.times.append(time.perf_counter() - start)
        self.requests.append((self._received() - before) // rounds)

    @property
    def seconds(self) -> float:
        """The median time of a round."""
        return statistics.median(self.times)

    @property
    def milliseconds(self) -> float:
        """The same in milliseconds."""
        return self.seconds * 1000

    @property
    def fewest_requests(self) -> int:
        """The requests of a round: those that were more were pings."""
        return min(self.requests)

    def _received(self) -> int:
        return self._server.received() if self._server else 0


def measure(work: Callable[[], object], rounds: int, server: Server | None = None) -> Meter:
    """Return the measurements of some rounds of ``work``."""
    meter = Meter(server)
    meter.repeat(work, rounds)
    return meter


def started(argv: Sequence[str], rounds: int) -> Meter:
    """Return the measurements of starting a program, to its end."""

    def start() -> None:
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)

    start()  # once, for the caches
    return measure(start, rounds)


def percentile(values: list[float], share: float) -> float:
    """Return the value that a ``share`` of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
