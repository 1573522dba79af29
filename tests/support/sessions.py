"""Sessions that end on the server, as if nothing had been heard of a client for long."""

from __future__ import annotations

import threading

from kazoo.client import KazooClient
from kazoo.protocol.states import KazooState

from zc.zk import ZK


def end_session(connection: str, session: tuple[int, bytes]) -> None:
    """End a session, by its id and password, behind the back of its client."""
    heir = KazooClient(connection, client_id=session)
    heir.start()
    heir.stop()
    heir.close()


def expire(connection: str, zk: ZK) -> None:
    """End a session, and wait until its client knows."""
    lost = threading.Event()

    def listener(state: str) -> None:
        if state == KazooState.LOST:
            lost.set()

    zk.client.add_listener(listener)
    while not lost.is_set():  # the client may have taken its session back meanwhile
        end_session(connection, zk.client.client_id)
        lost.wait(2.0)
    zk.client.remove_listener(listener)
