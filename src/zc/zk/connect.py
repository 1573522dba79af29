"""Getting a connection, or knowing soon that there is none."""

from __future__ import annotations

import logging
from typing import Any

from kazoo.client import KazooClient
from kazoo.protocol.states import KeeperState

from zc.zk.errors import FailedConnect

logger = logging.getLogger("zc.zk")

_PATIENCE = 5.0  # seconds

# kazoo's own delays double up to an hour: its clients stay away for as long as the servers did.
_RECONNECT = {"max_tries": -1, "delay": 0.1, "backoff": 2, "max_delay": 1.0}


def new_client(servers: str, session_timeout: float, **options: Any) -> KazooClient:
    """Return a client, not yet started, that is soon back after an outage.

    ``session_timeout`` is in seconds; ``options`` are kazoo's. With TLS, the name
    in the server's certificate is checked. What kazoo logs goes to the logger
    ``kazoo.zc.zk``, from level INFO on: below that it shows credentials and data.
    """
    kazoo = logging.getLogger("kazoo.zc.zk")
    kazoo.setLevel(max(kazoo.level, logging.INFO))
    defaults = {"connection_retry": _RECONNECT, "check_hostname": True, "logger": kazoo}
    return KazooClient(servers, timeout=session_timeout, **{**defaults, **options})


def start(client: KazooClient, servers: str, *, wait: bool = False) -> None:
    """Start a client and wait for a connection to ``servers``, which are named in messages.

    Without a connection after some seconds, stops the client and raises
    :exc:`FailedConnect`; with ``wait`` logs that and keeps trying, except where the
    servers refuse the client's credentials.
    """
    try:
        connected = client.start_async()
        while not connected.wait(_PATIENCE):
            if not wait or client.client_state == KeeperState.AUTH_FAILED:
                raise FailedConnect(servers)
            logger.critical("Can't connect to ZooKeeper at %r", servers)
    except BaseException:
        stop(client)
        raise


def stop(client: KazooClient) -> None:
    """End a client's session and its threads."""
    client.stop()
    client.close()
