"""The times in which ZooKeeper is away."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from kazoo.client import KazooClient
from kazoo.protocol.states import KazooState

_GRACE = 1.0  # seconds; a leader may be elected, or another server found, without a word


class Outages:
    """Calls ``tell`` when ``client`` has lost its connection, and when it is back.

    With the moment of the loss, and then with ``None``; after a short while, in which the
    connection may come back with nothing told. In a thread of its own, which :meth:`close`
    ends: the one that deploys may be waiting for a script.
    """

    def __init__(self, client: KazooClient, tell: Callable[[datetime | None], None]) -> None:
        self._client = client
        self._tell = tell
        self._events: queue.SimpleQueue[bool | None] = queue.SimpleQueue()  # None: the end
        self._thread = threading.Thread(target=self._run, name="outages", daemon=True)
        self._thread.start()
        client.add_listener(self._changed)

    def close(self) -> None:
        """Tell nothing any more."""
        self._client.remove_listener(self._changed)
        self._events.put(None)
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _changed(self, state: str) -> None:
        self._events.put(state == KazooState.CONNECTED)

    def _run(self) -> None:
        since: datetime | None = None
        told = False
        while True:
            try:
                connected = self._events.get(timeout=None if since is None or told else _GRACE)
            except queue.Empty:
                told = True
                self._tell(since)
                continue
            if connected is None:
                return
            if not connected:
                since = since or datetime.now(UTC)
                continue
            if told:
                self._tell(None)
            since, told = None, False
