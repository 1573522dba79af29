"""Looks at ZooKeeper that are repeated whenever what was seen may have changed."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol
from weakref import WeakSet

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException, NoNodeError
from kazoo.protocol.states import KazooState

from zc.zk.calls import Calls
from zc.zk.codec import decode

logger = logging.getLogger("zc.zk")

_RETRY = 1.0  # seconds


class Look:
    """One look at ZooKeeper: what it reads is watched, unless ``watch`` is false.

    ``seen`` maps each path that was read to the transaction that wrote the node's
    data last, ``None`` where there is no node. Nothing is read twice.
    """

    def __init__(self, calls: Calls, event: Callable[[Any], None] | None) -> None:
        self._calls = calls
        self._event = event
        self._nodes: dict[str, Mapping[str, Any] | None] = {}
        self.seen: dict[str, int | None] = {}

    def properties(self, path: str) -> Mapping[str, Any] | None:
        """Return the node's own properties; ``None`` if there is no node."""
        if path not in self.seen:
            self._nodes[path], self.seen[path] = self._read(path)
        return self._nodes[path]

    def children(self, path: str) -> Sequence[str] | None:
        """Return the sorted names of the node's children; ``None`` if there is no node."""
        read = partial(self._calls.client.get_children_async, path, self._event)
        try:
            return sorted(self._calls.repeat(read))
        except NoNodeError:
            return None

    def _read(self, path: str) -> tuple[Mapping[str, Any] | None, int | None]:
        client = self._calls.client
        while True:
            try:
                data, stat = self._calls.repeat(partial(client.get_async, path, self._event))
            except NoNodeError:
                # Only this watches a node that is not there.
                if self._calls.repeat(partial(client.exists_async, path, self._event)) is None:
                    return None, None
            else:
                return decode(data), stat.mzxid
