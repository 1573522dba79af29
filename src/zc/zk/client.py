"""A tree in ZooKeeper."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal, overload

from kazoo.client import KazooClient
from kazoo.exceptions import NoNodeError
from kazoo.security import ACL, READ_ACL_UNSAFE

from zc.zk import connect, links, trees
from zc.zk.addresses import service_addresses
from zc.zk.codec import decode, encode
from zc.zk.errors import MissingNode
from zc.zk.live import Children
from zc.zk.nodes import Nodes
from zc.zk.properties import Properties
from zc.zk.scan import scan
from zc.zk.tree import parse_tree
from zc.zk.watch import Look, Watcher

_SERVERS = "127.0.0.1:2181"
_SESSION_TIMEOUT = 10.0  # seconds
_PATIENCE = 3  # session timeouts that an answer may take: losing a server, finding another


class ZooKeeper(Nodes):
    """A tree in ZooKeeper.

    ``connection_string`` names servers, ``HOST:PORT,…/PATH`` with the path of a node
    to take for the root. The default is ``$ZC_ZK_CONNECTION_STRING`` or else
    ``127.0.0.1:2181``. A kazoo client that was started may be given instead, see
    :mod:`zc.zk.connect`; it is not closed here. ``session_timeout`` is in seconds, 10 by default;
    further ``options`` are those of :func:`zc.zk.connect.new_client`.

    Raises :exc:`~zc.zk.errors.FailedConnect` where no server answers; with ``wait``
    it keeps trying. See :class:`~zc.zk.nodes.Nodes` for what goes wrong later.
    """

    def __init__(
        self,
        connection_string: str | KazooClient | None = None,
        session_timeout: float | None = None,
        wait: bool = False,
        **options: Any,
    ) -> None:
        self._client_is_ours = not isinstance(connection_string, KazooClient)
        if self._client_is_ours:
            servers = connection_string or os.environ.get("ZC_ZK_CONNECTION_STRING") or _SERVERS
            seconds = session_timeout or _SESSION_TIMEOUT
            client = connect.new_client(servers, seconds, **options)
            connect.start(client, servers, wait=wait)
        else:
            client = connection_string
        self.session_timeout: float = client._session_timeout / 1000  # kazoo's, and as asked for
        super().__init__(client, _PATIENCE * self.session_timeout)
        self._watcher = Watcher(client, self.timeout)
        self._closed = False

    def close(self) -> None:
        """End the session, and with it its ephemeral nodes, and all callbacks.

        With a client that was given, its ephemeral nodes stay until it is closed.
        """
        if self._closed:
            return
        self._closed = True
        try:
            if self._client_is_ours:
                connect.stop(self.client)
        finally:
            self._watcher.close()
            self.ephemerals.close()

    def resolve(self, path: str) -> str:
        """Return the path of the real node that ``path`` leads to, through symbolic links.

        Raises ``NoNodeError`` and :exc:`~zc.zk.errors.LinkLoop`.
        """
        try:
            return links.resolve(path, Look(self.bulk.calls, None).properties)
        except MissingNode as error:
            raise NoNodeError(path) from error

    def properties(self, path: str, watch: bool = True) -> Properties:
        """Return a live view of the properties of the node that ``path`` leads to.

        Raises ``NoNodeError`` and :exc:`~zc.zk.errors.LinkLoop`.
        """
        return Properties(self._watcher, self.ephemerals.replaced, path, watch)

    def children(self, path: str) -> Children:
        """Return a live view of the children of the node that ``path`` leads to.

        Raises ``NoNodeError`` and :exc:`~zc.zk.errors.LinkLoop`.
        """
        return Children(self._watcher, path)

    def ln(self, target: str, source: str) -> None:
        """Make a symbolic link at ``source`` to ``target``; a name is added to ``TARGET/``."""
        base, _, name = source.rpartition("/")
        if target.endswith("/"):
            target += name
        self.properties(base or "/", watch=False).update({f"{name} ->": target})

    def register(
        self,
        path: str,
        address: str | tuple[str, int],
        acl: Sequence[ACL] = READ_ACL_UNSAFE,
        **properties: Any,
    ) -> None:
        """Say that this process offers the service at ``path`` under ``address``.

        Creates an ephemeral child ``HOST:PORT`` with the properties and the process id
        ``pid``, again whenever the session was lost. With no host, as in ``':8080'``,
        one for each address of this host.
        """
        data = encode({**properties, "pid": os.getpid()})
        base = self.resolve(path).rstrip("/")
        for name in service_addresses(address):
            self.ephemerals.create(f"{base}/{name}", data, acl)

    def create_recursive(
        self, path: str, data: bytes | str, acl: Sequence[ACL] | None = None
    ) -> None:
        """Create a node that holds ``data``, and the nodes above it; set the data if it exists."""
        trees.create_path(self.bulk, path, data.encode() if isinstance(data, str) else data, acl)

    def import_tree(
        self,
        text: str,
        path: str = "/",
        trim: bool | None = None,
        acl: Sequence[ACL] | None = None,
        dry_run: bool = False,
    ) -> None:
        """Create and update nodes below the node at ``path`` as a tree's text says.

        Nodes below those in the text that the text lacks are deleted with ``trim``,
        except ephemeral ones and what is above these, printed with ``None`` and passed
        over with ``False``. ``dry_run`` only prints what would change. Existing nodes
        keep their ACLs unless ``acl`` is given. Raises
        :exc:`~zc.zk.errors.TreeSyntaxError` with nothing done, and ``NoNodeError`` if
        there is no node at ``path``.
        """
        tree = parse_tree(text)
        trees.import_tree(self.bulk, tree, path, trim=trim, acl=acl, dry_run=dry_run, tell=_print)

    def export_tree(
        self,
        path: str = "/",
        ephemeral: bool = False,
        name: str | None = None,
        skip: Collection[str] = (),
    ) -> str:
        """Return the text of the tree at ``path``, under another ``name`` if given.

        Left out are the subtrees at the paths in ``skip``.
        """
        return trees.export_tree(self.bulk, path, ephemeral=ephemeral, name=name, skip=skip)

    def print_tree(self, path: str = "/") -> None:
        """Print the tree at ``path`` with its ephemeral nodes."""
        print(self.export_tree(path, ephemeral=True), end="")  # noqa: T201 # what it is for

    def read_tree(self, path: str = "/", skip: Collection[str] = ()) -> dict[str, dict[str, Any]]:
        """Return the properties of all persistent nodes at and below ``path``, by path.

        They are as they all were at one moment, whoever writes. Left out are the
        subtrees at the paths in ``skip``. Raises ``NoNodeError`` and
        :exc:`~zc.zk.errors.TreeChanging`.
        """
        nodes = scan(self.bulk, path, skip=skip, consistent=True)
        return {at: decode(node.data) for at, node in nodes.items() if not node.ephemeral}

    def delete_recursive(
        self,
        path: str,
        dry_run: bool = False,
        force: bool = False,
        ignore_if_ephemeral: bool = False,
    ) -> None:
        """Delete a node and all below it; ``dry_run`` only prints what it would do.

        Ephemeral nodes and what is above them stay, unless ``force``, and are named;
        with ``ignore_if_ephemeral`` the node at ``path`` is not named. Raises
        ``NoNodeError``.
        """
        trees.delete_tree(
            self.bulk,
            path,
            dry_run=dry_run,
            force=force,
            ignore_if_ephemeral=ignore_if_ephemeral,
            tell=_print,
        )

    @overload
    def walk(
        self, path: str = ..., ephemeral: bool = ..., children: Literal[False] = ...
    ) -> Iterator[str]: ...
    @overload
    def walk(
        self, path: str = ..., ephemeral: bool = ..., *, children: Literal[True]
    ) -> Iterator[tuple[str, list[str]]]: ...
    def walk(
        self, path: str = "/", ephemeral: bool = True, children: bool = False
    ) -> Iterator[str] | Iterator[tuple[str, list[str]]]:
        """Yield the path of each node at and below ``path``, parents first, siblings by name.

        With ``children`` each comes with the names of its children; those taken out of
        the list are not visited. Each node is read just before it is yielded, so what
        is changed meanwhile is taken into account. For speed, use :meth:`read_tree`.
        """
        nodes = trees.walk_nodes(self.bulk, path, ephemeral=ephemeral)
        return nodes if children else (node for node, _ in nodes)


#: The same, for short.
ZK = ZooKeeper


def _print(line: str) -> None:
    print(line)  # noqa: T201 # import and deletion tell a person
