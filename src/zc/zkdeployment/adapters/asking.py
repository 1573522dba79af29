"""Requests to ZooKeeper that end: every wait has a bound, silence has one name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kazoo.exceptions import (
    ConnectionClosedError,
    ConnectionLoss,
    OperationTimeoutError,
    SessionExpiredError,
)
from kazoo.handlers.threading import KazooTimeoutError

from zc.zkdeployment.errors import Unreachable

#: Seconds until a request counts as not answered.
PATIENCE = 10.0

_SILENCE = (
    ConnectionClosedError,
    ConnectionLoss,
    KazooTimeoutError,
    OperationTimeoutError,
    SessionExpiredError,
)


@contextmanager
def asking() -> Iterator[None]:
    """Raise :exc:`~zc.zkdeployment.errors.Unreachable` for whatever kazoo calls silence."""
    try:
        yield
    except _SILENCE as error:
        raise Unreachable(f"no answer: {type(error).__name__}") from error


def answer(asked: Any) -> Any:
    """Return the result of a request that kazoo made asynchronously.

    kazoo's synchronous calls block for as long as the network is away. Raises
    :exc:`~zc.zkdeployment.errors.Unreachable`, or what ZooKeeper answered.
    """
    with asking():
        return asked.get(timeout=PATIENCE)
