"""Requests that come to an end, whatever becomes of the servers.

kazoo's synchronous calls wait for as long as the servers are away. Here every
wait has a bound. Where the connection is lost, a read is sent again. A write is
not: nobody knows whether the lost one was done; the caller knows how to find out.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from kazoo.client import KazooClient
from kazoo.exceptions import (
    ConnectionClosedError,
    ConnectionLoss,
    NoAuthError,
    NoNodeError,
    OperationTimeoutError,
    SessionExpiredError,
    ZookeeperError,
)
from kazoo.handlers.threading import KazooTimeoutError
from kazoo.protocol.states import KeeperState

#: Starts a request and returns kazoo's ``AsyncResult`` for it.
Start = Callable[[], Any]

_ENDED = (KeeperState.CLOSED, KeeperState.AUTH_FAILED)
_IN_FLIGHT = 100  # requests sent before the first answer is waited for


class NoAnswer(OperationTimeoutError):  # type: ignore[misc] # kazoo ships no types
    """No answer came in time. What was to be written may be written, or may yet be."""


class Calls:
    """Makes requests through ``client`` and waits up to ``timeout`` seconds for each.

    All that goes wrong is a ``KazooException``; :exc:`NoAnswer` where time is up.
    """

    def __init__(self, client: KazooClient, timeout: float) -> None:
        self.client = client
        self.timeout = timeout

    def once(self, start: Start) -> Any:
        """Send a request once and return the answer; for what changes something.

        It is sent only while there is a connection: a request given to kazoo
        without one would be done at some later time. Raises ``ConnectionLoss``,
        ``SessionExpiredError`` or :exc:`NoAnswer` where it may have been done or not.
        """
        end = time.monotonic() + self.timeout
        self._wait_until_connected(end)
        return _answer(start(), end)

    def read(self, start: Start) -> Any:
        """Return the answer to a read, or to whatever may as well be done twice."""
        end = time.monotonic() + self.timeout
        while True:
            self._wait_until_connected(end)
            try:
                return _answer(start(), end)
            except ConnectionClosedError:
                raise
            except (ConnectionLoss, SessionExpiredError):
                continue  # bounded by the wait for a new connection

    def read_all(self, starts: Iterable[Start]) -> list[Any]:
        """Return the answers to many such requests, in order.

        Each may take up to the timeout. In place of an answer stands the
        ``NoNodeError`` or ``NoAuthError`` that came instead.
        """
        answers: list[Any] = []
        waiting: deque[tuple[Start, Any]] = deque()
        for start in starts:
            if len(waiting) == _IN_FLIGHT:
                answers.append(self._settle(*waiting.popleft()))
            waiting.append((start, start()))
        answers += [self._settle(*pair) for pair in waiting]
        return answers

    def _settle(self, start: Start, result: Any) -> Any:
        try:
            try:
                return _answer(result, time.monotonic() + self.timeout)
            except (ConnectionLoss, SessionExpiredError):
                return self.read(start)
        except (NoNodeError, NoAuthError) as error:
            return error

    def _wait_until_connected(self, end: float) -> None:
        client = self.client
        if client.connected:
            return
        changed = threading.Event()

        def listener(_: object) -> None:
            changed.set()

        client.add_listener(listener)
        try:
            while not client.connected and client.client_state not in _ENDED:
                if not changed.wait(max(0.0, end - time.monotonic())):
                    raise NoAnswer(f"no connection to ZooKeeper within {self.timeout:g} s")
                changed.clear()
        finally:
            client.remove_listener(listener)


def _answer(result: Any, end: float) -> Any:
    try:
        return result.get(timeout=max(0.0, end - time.monotonic()))
    except KazooTimeoutError as error:
        raise NoAnswer("no answer from ZooKeeper in time") from error


@contextmanager
def naming(path: str) -> Iterator[None]:
    """Have errors say which node they are about; those of kazoo do not."""
    try:
        yield
    except ZookeeperError as error:
        error.args = error.args or (path,)
        raise
