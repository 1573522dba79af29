"""Signals that come where the main thread does not notice them."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import queue, signal, threading
from zc.zkdeployment.cli.signals import on_signals

came = queue.SimpleQueue()
on_signals({signal.SIGTERM: lambda: came.put("TERM"), signal.SIGHUP: lambda: came.put("HUP")})

def send():
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.pthread_kill(threading.get_ident(), number)

threading.Thread(target=send).start()
print(came.get(), came.get())
"""


def test_a_signal_that_another_thread_took_is_acted_on_while_the_main_thread_waits() -> None:
    """Such a signal was lost now and then: an agent told to end went on."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, encoding="utf-8", timeout=60
    )
    assert (done.stdout, done.stderr, done.returncode) == ("HUP TERM\n", "", 0)
