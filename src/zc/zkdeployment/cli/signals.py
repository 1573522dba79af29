"""Signals that a process cannot miss, whatever its main thread waits for."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping


def on_signals(actions: Mapping[signal.Signals, Callable[[], None]]) -> None:
    """From now on call an action for its signal, in a thread of its own, one at a time.

    A handler of :mod:`signal` runs in the main thread, when that comes to it: where
    the signal was taken by another thread, or came just before the main thread began
    to wait for a lock or a queue, that is never. To be called in the main thread.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in actions:
        signal.signal(number, lambda *_: None)
    threading.Thread(target=_call, args=(reader, actions), name="signals", daemon=True).start()


def _call(reader: int, actions: Mapping[signal.Signals, Callable[[], None]]) -> None:
    while True:
        for number in os.read(reader, 512):
            if action := actions.get(signal.Signals(number)):
                action()
