"""Ephemeral nodes that outlive the session that made them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from kazoo.client import KazooClient
from kazoo.exceptions import (
    ConnectionClosedError,
    ConnectionLoss,
    KazooException,
    NodeExistsError,
    NoNodeError,
    SessionExpiredError,
)
from kazoo.protocol.states import KazooState
from kazoo.security import ACL

from zc.zk.calls import Calls, NoAnswer
from zc.zk.operations import check_data

logger = logging.getLogger("zc.zk")

_TRIES = 3  # to create a node, where each is cut off or meets a node that is just going
_RETRY = 1.0  # seconds until what could not be restored is tried again, at the latest


@dataclass(slots=True)
class _Ephemeral:
    data: bytes
    acl: Sequence[ACL] | None
    session: int | None = None  # that the node belongs to, as far as known
    trouble: str = ""  # why it could not be restored, as last logged


class Ephemerals:
    """Ephemeral nodes, made again whenever ``client`` has got another session.

    That happens in a thread of its own, which :meth:`close` ends. ``timeout``, in
    seconds, bounds the wait for the answer to each request; what goes wrong is a
    ``KazooException``: see :class:`~zc.zk.calls.Calls`.
    """

    def __init__(self, client: KazooClient, timeout: float) -> None:
        self._client = client
        self._calls = Calls(client, timeout)
        self._nodes: dict[str, _Ephemeral] = {}
        self._lock = threading.RLock()
        self._look = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None
        client.add_listener(self._state_changed)

    def create(self, path: str, data: bytes = b"", acl: Sequence[ACL] | None = None) -> None:
        """Create an ephemeral node and remember it.

        Raises ``NodeExistsError`` if there is a node that this call did not make.
        """
        check_data(path, data)
        with self._lock:
            node = _Ephemeral(data, acl)
            self._create(path, node)
            self._nodes[path] = node
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="zc.zk ephemerals", daemon=True
                )
                self._thread.start()

    def update(self, path: str, data: bytes) -> None:
        """Replace the data of a node that :meth:`create` made.

        Where the session has ended meanwhile, the node comes back with ``data``.
        Raises :exc:`KeyError` if there is no such node.
        """
        check_data(path, data)
        with self._lock:
            node = self._nodes[path]
            node.data = data
            if self._client.connected and node.session != self._session():
                return  # what is at the path now may be somebody else's
            try:
                self._calls.read(partial(self._client.set_async, path, data))
            except NoNodeError:
                node.session = None
                self._look.set()

    def replaced(self, path: str, data: bytes) -> None:
        """Take note of data that were written to the node, if it is one of these."""
        with self._lock:
            if path in self._nodes:
                self._nodes[path].data = data

    def forget(self, path: str) -> None:
        """Restore a node no longer. It stays until it is deleted or the session ends."""
        with self._lock:
            self._nodes.pop(path, None)

    def close(self) -> None:
        """Restore nothing any more."""
        self._client.remove_listener(self._state_changed)
        self._closed = True
        self._look.set()
        if self._thread is not None:
            self._thread.join()

    def _state_changed(self, state: str) -> None:
        if state == KazooState.CONNECTED:
            self._look.set()

    def _event(self, _: object) -> None:
        self._look.set()

    def _session(self) -> int | None:
        client_id = self._client.client_id
        return client_id[0] if client_id else None

    def _run(self) -> None:
        while not self._closed:
            # All of them, each time: one that cannot be restored yet must not hold up others.
            restored = [self._restored(path) for path in list(self._nodes)]
            self._look.wait(None if all(restored) else _RETRY)
            self._look.clear()

    def _restored(self, path: str) -> bool:
        """Restore a node if need be; tell whether nothing more is to be done about it now."""
        with self._lock:
            node = self._nodes.get(path)
            if node is None or self._closed or node.session == self._session():
                return True
            try:
                self._create(path, node, adopt=True)
            except KazooException as error:
                if repr(error) != node.trouble:
                    node.trouble = repr(error)
                    logger.warning("Cannot restore ephemeral node %s yet: %r", path, error)
                return False
            node.trouble = ""
            logger.info("Restored ephemeral node %s", path)
            return True

    def _create(self, path: str, node: _Ephemeral, *, adopt: bool = False) -> None:
        """Create the node, or with ``adopt`` take one of this session for it."""
        acl = list(node.acl) if node.acl else None
        create = partial(self._client.create_async, path, node.data, acl, ephemeral=True)
        for _ in range(_TRIES):
            session = self._session()
            try:
                self._calls.once(create)
            except ConnectionClosedError:
                raise
            except (ConnectionLoss, SessionExpiredError):
                adopt = True  # the attempt may have been done
                continue
            except NodeExistsError as error:
                found = self._look_at(path)
                if found is None:
                    continue
                data, owner = found
                if not adopt or owner != self._session():
                    raise NodeExistsError(f"{path} belongs to session {owner:#x}") from error
                if data != node.data:
                    self._calls.read(partial(self._client.set_async, path, node.data))
                session = owner
            node.session = session
            return
        raise NoAnswer(f"{path}: could not be created in {_TRIES} attempts")

    def _look_at(self, path: str) -> tuple[bytes, int] | None:
        """Return data and owner of a node, and have its end trigger another attempt."""
        try:
            data, stat = self._calls.read(partial(self._client.get_async, path, self._event))
        except NoNodeError:
            return None
        return data, stat.ephemeralOwner
