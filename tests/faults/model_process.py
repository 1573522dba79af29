"""Threads of which one runs at a time, each as far as it is told to: what they do can be replayed.

A process pauses wherever it touches anything outside: there others get their turn, and there
it can be killed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from zc.zkdeployment.host.wakeup import Wakeup

_BOUND = 60.0  # seconds that a step may take

_here = threading.local()
_monotonic = time.monotonic


def monotonic() -> float:
    """Stand in for :func:`time.monotonic`: a process of a model only knows what it waited for."""
    process: Process | None = getattr(_here, "process", None)
    return _monotonic() if process is None else process.clock


class Killed(BaseException):
    """The process was killed: whatever it tries on its way out does nothing either."""


class Process:
    """Runs a function in a thread, step by step.

    ``wakeup`` is the one that the process waits with. ``died`` is what the function raised;
    ``ended`` tells whether it is over. ``clock`` are the seconds that the process waited for.
    """

    def __init__(self, function: Callable[[], None]) -> None:
        self.wakeup = Events(self)
        self.died: BaseException | None = None
        self.ended = False
        self.clock = 0.0
        self._function = function
        self._budget = 0
        self._killed = False
        self._go, self._back = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._back.acquire()
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)
        self._thread.start()

    def step(self, pauses: int) -> None:
        """Let the process run to its next pause but ``pauses``, or until it has to wait.

        Raises ``TimeoutError`` if it waits for something that is not of the model.
        """
        self._budget = pauses
        self._go.release()
        if not self._back.acquire(timeout=_BOUND):
            raise TimeoutError("a process of the model waits for something outside")

    def kill(self) -> None:
        """End the process where it is."""
        if not self.ended:
            self._killed = True
            self.step(0)
            self._thread.join()

    def pause(self) -> None:
        """Give others their turn. Only the process itself calls this."""
        if not self._killed and self._budget > 0:
            self._budget -= 1
            return
        self.hand_over()

    def hand_over(self) -> None:
        """Give others their turn, whatever was granted."""
        if not self._killed:
            self._back.release()
            self._go.acquire()
        if self._killed:
            raise Killed

    def _work(self) -> None:
        _here.process = self
        self._go.acquire()
        try:
            if not self._killed:
                self._function()
        except Killed:
            pass
        except BaseException as error:
            self.died = error
        self.ended = True
        self._back.release()


class Events(Wakeup):
    """Lets a process wait in a model: for an event, or until somebody says ``time_is_up``."""

    def __init__(self, process: Process) -> None:
        super().__init__()
        self.time_is_up = False
        self._process = process
        self._waiting: tuple[int, float | None] | None = None

    @property
    def idle(self) -> bool:
        """Whether the process waits for an event that did not come yet."""
        return self._waiting is not None and self.count <= self._waiting[0]

    @property
    def patient(self) -> bool:
        """Whether the process waits without a limit."""
        return self._waiting is not None and self._waiting[1] is None

    def let_time_pass(self) -> None:
        """Have the wait of an idle process end for the lack of an event."""
        self.time_is_up = True

    def set(self) -> None:
        self._count += 1  # one thread runs at a time

    def wait(self, seen: int, timeout: float | None = None) -> None:
        self._waiting = seen, None if timeout is None or timeout > 1e6 else timeout
        try:
            while self.count <= seen:
                self._process.hand_over()
                if self.time_is_up and self._waiting[1] is not None:
                    self._process.clock += self._waiting[1]
                    return
        finally:
            self._waiting = None
            self.time_is_up = False
