"""Follows the fleet, once for all browsers, and tells each of them what changed.

A browser that reads slowly misses nothing that still counts: it is told the difference
between what it was told last and what is so by then. Nothing queues up for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

from zc.zkdeployment.moments import text_of
from zc.zkdeployment.views.overview import Overview
from zc.zkdeployment.watching import FleetWatch
from zc.zkdeployment.web.views import Data, State, difference, host_of, state_of

#: Browsers that can be told at the same time.
MOST_STREAMS = 200

_LOOK = 0.5  # seconds between two looks whether ZooKeeper still answers
_PAUSE = 0.2  # seconds between two messages to a browser
_HEARTBEAT = 15.0  # seconds without news, after which a browser hears that there are none


class Hub:
    """The state of the fleet, for the event loop in which :meth:`follow` was called."""

    def __init__(self, watch: FleetWatch) -> None:
        self._watch = watch
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="web hub", daemon=True)
        self._state = state_of(watch.current(), watch.away)
        self._streams = 0
        self._differences: dict[tuple[int, int], str] = {}

    @property
    def state(self) -> State:
        """The newest state."""
        return self._state

    def follow(self) -> None:
        """Begin to follow the fleet."""
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._thread.start()

    def close(self) -> None:
        """End all streams, from any thread; the watch stays open."""
        if not self._ended.is_set():
            self._ended.set()
            self._loop.call_soon_threadsafe(self._wake)

    @contextlib.contextmanager
    def place(self) -> Iterator[bool]:
        """Take the place of a stream; tells whether there was one."""
        if self._streams >= MOST_STREAMS:
            yield False
            return
        self._streams += 1
        try:
            yield True
        finally:
            self._streams -= 1

    async def stream(self, host: str | None = None) -> AsyncIterator[bytes]:
        """Yield server-sent events: first all, then what changes; with those about a host."""
        sent: State | None = None
        sent_host: Data | None = None
        while not self._ended.is_set():
            news, state = self._news, self._state
            if state is not sent:
                yield self._difference(sent, state)
                if host is not None:
                    found = host_of(state.overview, host)
                    if sent is None or found != sent_host:
                        yield _event("host", _text({"id": host, "host": found}))
                    sent_host = found
                sent = state
                await asyncio.sleep(_PAUSE)
                continue
            try:
                async with asyncio.timeout(_HEARTBEAT):
                    await news.wait()
            except TimeoutError:
                yield b": nothing new\n\n"

    def _follow(self) -> None:
        overview, away = self._state.overview, self._state.away
        seen: Overview | None = overview
        while not self._ended.is_set():
            found = self._watch.wait(seen, _LOOK)
            if found is None and self._watch.away == away:
                continue
            seen, away = found or seen, self._watch.away
            state = state_of(seen or self._watch.current(), away)
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._set, state)

    def _set(self, state: State) -> None:
        self._state = state
        self._differences.clear()
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _difference(self, before: State | None, after: State) -> bytes:
        """Return an event; most browsers were told the same before, so it is made once."""
        key = id(before), id(after)
        if key not in self._differences:
            self._differences[key] = _text(difference(before, after))
        return _event("fleet", self._differences[key])


def _text(data: Data) -> str:
    return json.dumps(data, separators=(",", ":"))


def _event(kind: str, text: str) -> bytes:
    # Clocks of browsers may be wrong: how long ago something was is told by this one.
    now = text_of(datetime.now(UTC))
    return f'event: {kind}\ndata: {{"now":"{now}",{text[1:]}\n\n'.encode()
