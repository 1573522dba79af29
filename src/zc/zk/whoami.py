"""Who a session is, as the servers see it; kazoo knows no such request."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial
from typing import Any

from kazoo.client import KazooClient

from zc.zk.calls import Calls

_int = struct.Struct("!i")


def who_am_i(calls: Calls) -> list[tuple[str, str]]:
    """Return scheme and user of each identity of the session.

    Of the scheme ``digest`` that is the name alone. Raises ``UnimplementedError`` where
    servers are older than ZooKeeper 3.7.
    """
    found: list[tuple[str, str]] = calls.read(partial(_send, calls.client))
    return found


def _send(client: KazooClient) -> Any:
    result = client.handler.async_result()
    client._call(_Request(), result)
    return result


class _Request:
    type = 107

    def serialize(self) -> bytes:
        return b""

    def deserialize(self, reply: bytes, offset: int) -> list[tuple[str, str]]:
        (count,) = _int.unpack_from(reply, offset)
        texts = _texts(reply, offset + _int.size)
        return [(next(texts), next(texts)) for _ in range(count)]


def _texts(reply: bytes, offset: int) -> Iterator[str]:
    while True:
        (length,) = _int.unpack_from(reply, offset)
        start = offset + _int.size
        offset = start + max(length, 0)
        yield reply[start:offset].decode()
