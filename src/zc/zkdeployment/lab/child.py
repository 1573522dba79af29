"""Processes that do not outlive the one that started them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from threading import Thread


class Child:
    """A running program that appends what it prints to ``log``.

    Where ``setpriv`` (util-linux) exists, the kernel kills it when this process is
    gone, so that not even a killed test run leaves one. Raises :exc:`OSError` where
    it cannot be started.
    """

    def __init__(self, argv: Sequence[str], directory: Path, log: Path) -> None:
        process: Future[subprocess.Popen[bytes]] = Future()
        Thread(
            target=_start_and_stay, args=(argv, directory, log, process), name="child", daemon=True
        ).start()
        self._process = process.result()

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else ``None``."""
        return self._process.pid if self._process.poll() is None else None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; nothing if it has ended."""
        self._process.send_signal(number)

    def pause(self) -> None:
        """Stop it, and wait until it has stopped: a signal takes its time."""
        self.signal(signal.SIGSTOP)
        with suppress(ChildProcessError):  # it has ended
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def reap(self, timeout: float) -> None:
        """Wait until it has ended, and kill it after ``timeout`` seconds."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _start_and_stay(
    argv: Sequence[str], directory: Path, log: Path, process: Future[subprocess.Popen[bytes]]
) -> None:
    """Start the process and wait for its end: the kernel kills it when this *thread* ends."""
    setpriv = shutil.which("setpriv")
    try:
        with log.open("ab") as output:
            started = subprocess.Popen(
                [*([setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []), *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=directory,
                start_new_session=True,  # an interrupt from the keyboard is for the parent alone
            )
    except OSError as error:
        process.set_exception(error)
    else:
        process.set_result(started)
        started.wait()
