"""Requests to ZooKeeper, each with a bound, whose silence has one name.

Every method raises :exc:`~zc.zkdeployment.errors.Unreachable` where ZooKeeper
does not answer in time, and otherwise what ZooKeeper answered. A watch is a
function that is called, with one argument, in a thread of the client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from kazoo.exceptions import (
    ConnectionClosedError,
    ConnectionLoss,
    OperationTimeoutError,
    SessionExpiredError,
)
from kazoo.protocol.states import ZnodeStat

import zc.zk
from zc.zk.bulk import Result
from zc.zk.errors import TreeChanging
from zc.zk.multiread import Znode
from zc.zk.operations import Operation
from zc.zk.scan import scan
from zc.zkdeployment.errors import Closed, Unreachable

Watch = Callable[[Any], None]


@contextmanager
def silence_named() -> Iterator[None]:
    """Raise :exc:`~zc.zkdeployment.errors.Unreachable` for whatever kazoo calls silence."""
    try:
        yield
    except ConnectionClosedError as error:
        raise Closed("the connection was closed") from error
    except (
        ConnectionLoss,
        OperationTimeoutError,
        SessionExpiredError,
    ) as error:
        raise Unreachable(str(error) or type(error).__name__) from error


class Requests:
    """Makes requests through a :class:`zc.zk.ZK`."""

    def __init__(self, zk: zc.zk.ZK) -> None:
        self._client = zk.client
        self._bulk = zk.bulk

    def get(self, path: str, watch: Watch | None = None) -> tuple[bytes, ZnodeStat]:
        """Return a node's data and stat."""
        data, stat = self._read(partial(self._client.get_async, path, watch))
        return data, stat

    def get_newest(
        self, path: str, watch: Watch | None = None, sends: Callable[[], None] = lambda: None
    ) -> tuple[bytes, ZnodeStat]:
        """Return a node's data and stat, as new as the leader knows them.

        A server that lost its leader, or lags behind, has no answer to that. ``sends`` is
        called just before each attempt.
        """

        def start() -> Any:
            sends()
            # Answers come in the order of the requests: there is none but after the first one.
            self._client.sync_async(path)
            return self._client.get_async(path, watch)

        data, stat = self._read(start)
        return data, stat

    def exists(self, path: str, watch: Watch | None = None) -> ZnodeStat | None:
        """Return a node's stat, ``None`` if there is no node; a watch is set either way."""
        stat: ZnodeStat | None = self._read(partial(self._client.exists_async, path, watch))
        return stat

    def children(self, path: str, watch: Watch | None = None) -> list[str]:
        """Return the names of a node's children, sorted."""
        return sorted(self._read(partial(self._client.get_children_async, path, watch)))

    def create(self, path: str, data: bytes, *, ephemeral: bool = False) -> None:
        """Create a node."""
        self._once(partial(self._client.create_async, path, data, None, ephemeral))

    def create_sequential(self, prefix: str, data: bytes, *, ephemeral: bool = False) -> None:
        """Create a node whose name is ``prefix`` and a number that grows."""
        self._once(partial(self._client.create_async, prefix, data, None, ephemeral, True))

    def set(self, path: str, data: bytes, version: int = -1) -> ZnodeStat:
        """Replace a node's data if it has ``version``; -1 stands for any."""
        stat: ZnodeStat = self._once(partial(self._client.set_async, path, data, version))
        return stat

    def delete(self, path: str) -> None:
        """Delete a node."""
        self._once(partial(self._client.delete_async, path))

    def read(self, paths: Iterable[str], *, children: bool = False) -> list[Result]:
        """Read many nodes, with the names of their children if wanted."""
        with silence_named():
            return self._bulk.read(paths, children=children)

    def write(self, *operations: Operation) -> list[Any]:
        """Do the operations in one transaction; return what each came to, a stat for a Set."""
        with silence_named():
            return self._bulk.write(operations)

    def scan(self, skip: frozenset[str]) -> Mapping[str, Znode]:
        """Read the whole tree in one consistent state, without the subtrees in ``skip``.

        Raises ``Unreachable`` too where somebody keeps changing it: later it may be had.
        """
        try:
            with silence_named():
                return scan(self._bulk, skip=skip, consistent=True)
        except TreeChanging as error:
            raise Unreachable(str(error)) from error

    def _read(self, start: Callable[[], Any]) -> Any:
        with silence_named():
            return self._bulk.calls.read(start)

    def _once(self, start: Callable[[], Any]) -> Any:
        with silence_named():
            return self._bulk.calls.once(start)
