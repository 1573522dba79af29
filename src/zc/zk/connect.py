"""Getting a connection, or knowing soon that there is none."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from kazoo.client import KazooClient, TransactionRequest
from kazoo.exceptions import ConnectionClosedError
from kazoo.protocol.states import KeeperState
from kazoo.security import ACL

from zc.zk.errors import FailedConnect, NotTrusted
from zc.zk.tls import ContextFactory, TlsHandler

logger = logging.getLogger("zc.zk")

#: Tells who may do what with a node that is created at a path; ``None``: everybody all.
AclFor = Callable[[str], Sequence[ACL] | None]

_PATIENCE = 5.0  # seconds
_LOOK = 0.05  # seconds between two looks at whether all servers were refused

# kazoo's own delays double up to an hour: its clients stay away for as long as the servers did.
_RECONNECT = {"max_tries": -1, "delay": 0.1, "backoff": 2, "max_delay": 1.0}


def new_client(
    servers: str,
    session_timeout: float,
    *,
    tls: ContextFactory | None = None,
    acl_for: AclFor | None = None,
    **options: Any,
) -> KazooClient:
    """Return a client, not yet started, that is soon back after an outage.

    ``session_timeout`` is in seconds; ``options`` are kazoo's. With ``tls`` connections
    are made as the contexts say that it returns. ``acl_for`` decides about nodes that are
    created without an ACL. What kazoo logs goes to the logger ``kazoo.zc.zk``, from level
    INFO on: below that it shows credentials and data.
    """
    kazoo = logging.getLogger("kazoo.zc.zk")
    kazoo.setLevel(max(kazoo.level, logging.INFO))
    kazoo.addFilter(_without_secrets)  # whatever level anybody sets later
    defaults = {"connection_retry": _RECONNECT, "check_hostname": True, "logger": kazoo}
    if tls is not None:
        defaults |= {"handler": TlsHandler(tls), "use_ssl": True}
    return _Client(servers, acl_for, timeout=session_timeout, **{**defaults, **options})


def start(client: KazooClient, servers: str, *, wait: bool = False) -> None:
    """Start a client and wait for a connection to ``servers``, which are named in messages.

    Without a connection after some seconds, stops the client and raises
    :exc:`FailedConnect`; with ``wait`` logs that and keeps trying, except where the
    servers refuse the client's credentials. Raises :exc:`NotTrusted`, always and as soon
    as each server was tried, where certificates are the reason.
    """
    try:
        connected = client.start_async()
        while not _wait(connected, client):
            reasons = _refusals(client)
            if reasons and (not wait or _all_refused(client)):
                raise NotTrusted(servers, "; ".join(reasons))
            if not wait or client.client_state == KeeperState.AUTH_FAILED:
                raise FailedConnect(servers)
            logger.critical("Can't connect to ZooKeeper at %r", servers)
            for reason in reasons:
                logger.critical("%s", reason)
    except BaseException:
        stop(client)
        raise


def stop(client: KazooClient) -> None:
    """End a client's session and its threads."""
    client.stop()
    client.close()


class _Client(KazooClient):  # type: ignore[misc] # kazoo ships no types
    """A client that asks ``acl_for`` about nodes that are created without an ACL.

    It is interrupted by Ctrl-C also while it hands a request to its connection.
    """

    def __init__(self, servers: str, acl_for: AclFor | None, **options: Any) -> None:
        super().__init__(servers, **options)
        self._acl_for = acl_for

    def acl_of(self, path: str, acl: Sequence[ACL] | None, sequence: bool) -> Any:
        """Return the ACL of a node that is to be created."""
        if acl is not None or self._acl_for is None:
            return acl
        # The name of a node in a sequence may be but the number that the server adds.
        found = self._acl_for(path + "0" if sequence else path)
        return found and list(found)

    def create_async(
        self,
        path: str,
        value: bytes = b"",
        acl: Sequence[ACL] | None = None,
        ephemeral: bool = False,
        sequence: bool = False,
        *options: Any,
        **named: Any,
    ) -> Any:
        """Create a node."""
        acl = self.acl_of(path, acl, sequence)
        return super().create_async(path, value, acl, ephemeral, sequence, *options, **named)

    def transaction(self) -> TransactionRequest:
        """Begin a transaction."""
        return _Transaction(self)

    def _call(self, request: Any, answer: Any) -> Any:
        """Hand a request over; kazoo takes all that goes wrong there for a closed connection."""
        accepted = super()._call(request, answer)
        if (
            isinstance(answer.exception, ConnectionClosedError)
            and self.client_state != KeeperState.CLOSED
            and self._connection._write_sock is not None
        ):
            raise KeyboardInterrupt
        return accepted


class _Transaction(TransactionRequest):  # type: ignore[misc] # kazoo ships no types
    def create(
        self,
        path: str,
        value: bytes = b"",
        acl: Sequence[ACL] | None = None,
        ephemeral: bool = False,
        sequence: bool = False,
    ) -> None:
        acl = self.client.acl_of(path, acl, sequence)
        super().create(path, value, acl, ephemeral, sequence)


def _without_secrets(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.INFO


def _wait(connected: Any, client: KazooClient) -> bool:
    """Wait for a connection; tell whether there is one."""
    end = time.monotonic() + _PATIENCE
    while not connected.wait(min(_LOOK, max(0.0, end - time.monotonic()))):
        if _all_refused(client) or time.monotonic() >= end:
            return False
    return True


def _all_refused(client: KazooClient) -> bool:
    handler = client.handler
    return isinstance(handler, TlsHandler) and handler.all_refused(client.hosts)


def _refusals(client: KazooClient) -> list[str]:
    found = client.handler.refusals if isinstance(client.handler, TlsHandler) else {}
    return [f"{name}:{port}: {why}" for (name, port), why in sorted(found.items())]
