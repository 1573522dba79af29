"""Requests about single nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from kazoo.client import KazooClient
from kazoo.protocol.states import ZnodeStat
from kazoo.security import ACL

from zc.zk import trees
from zc.zk.bulk import Bulk
from zc.zk.calls import naming
from zc.zk.codec import decode
from zc.zk.operations import check_data
from zc.zk.session import Ephemerals

#: Called once, with an event, in a thread of the client; must not wait for anything there.
Watch = Callable[[Any], object]


class Nodes:
    """kazoo's own requests, none of which waits longer than ``timeout`` seconds.

    What goes wrong is a ``KazooException``: see :class:`~zc.zk.calls.Calls`. Paths
    are absolute. Data may be text, which is stored as UTF-8; :exc:`ValueError` says
    that they are too many. ``bulk`` is for many nodes at once, ``ephemerals`` for nodes
    that come back with the next session.
    """

    def __init__(self, client: KazooClient, timeout: float) -> None:
        self.client = client
        self.timeout = timeout
        self.bulk = Bulk(client, timeout)
        self.ephemerals = Ephemerals(client, timeout)

    def exists(self, path: str, watch: Watch | None = None) -> ZnodeStat | None:
        """Return a node's stat, ``None`` if there is no node."""
        stat: ZnodeStat | None = self._read(self.client.exists_async, path, watch)
        return stat

    def get(self, path: str, watch: Watch | None = None) -> tuple[bytes, ZnodeStat]:
        """Return a node's data and stat; raises ``NoNodeError``."""
        data, stat = self._read(self.client.get_async, path, watch)
        return data or b"", stat

    def get_children(self, path: str, watch: Watch | None = None) -> list[str]:
        """Return the names of a node's children, in no order; raises ``NoNodeError``."""
        names: list[str] = self._read(self.client.get_children_async, path, watch)
        return names

    def get_properties(self, path: str) -> dict[str, Any]:
        """Return a node's own properties, links as they are written; raises ``NoNodeError``."""
        return decode(self.get(path)[0])

    def is_ephemeral(self, path: str) -> bool:
        """Tell whether a node goes when its session ends; raises ``NoNodeError``."""
        return bool(self.get(path)[1].ephemeralOwner)

    def create(
        self,
        path: str,
        value: bytes | str = b"",
        acl: Sequence[ACL] | None = None,
        ephemeral: bool = False,
        sequence: bool = False,
        makepath: bool = False,
    ) -> str:
        """Create a node and return its path. See kazoo for the arguments."""
        data = _bytes(path, value)
        acls = list(acl) if acl else None
        options = acls, ephemeral, sequence, makepath
        created: str = self._once(self.client.create_async, path, data, *options)
        return created

    def set(self, path: str, value: bytes | str, version: int = -1) -> ZnodeStat:
        """Replace a node's data, if it has ``version``; -1 stands for any."""
        data = _bytes(path, value)
        stat = self._once(self.client.set_async, path, data, version)
        self.ephemerals.replaced(path, data)
        return stat

    def delete(self, path: str, version: int = -1, recursive: bool = False) -> None:
        """Delete a node that has no children, if it has ``version``; -1 stands for any.

        With ``recursive`` it may have children, which go too, or be gone already.
        """
        if recursive:
            trees.delete_all(self.bulk, path)
        else:
            self._once(self.client.delete_async, path, version)
        self.ephemerals.forget(path)

    def _read(self, request: Callable[..., Any], path: str, *arguments: Any) -> Any:
        with naming(path):
            return self.bulk.calls.read(partial(request, path, *arguments))

    def _once(self, request: Callable[..., Any], path: str, *arguments: Any) -> Any:
        with naming(path):
            return self.bulk.calls.once(partial(request, path, *arguments))


def _bytes(path: str, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    check_data(path, data)
    return data
