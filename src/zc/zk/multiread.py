"""ZooKeeper's multi-read: many ``getData`` and ``getChildren`` in one request.

Servers know it from 3.6 on. kazoo has no call for it but carries any request
object to the server. Source of the format: ``MultiOperationRecord`` and
``MultiResponse`` of ZooKeeper, with the operation codes of ``ZooDefs.OpCode``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

from kazoo.exceptions import EXCEPTIONS, NoNodeError
from kazoo.protocol.states import ZnodeStat

_GET_DATA = 4
_GET_CHILDREN = 8
_ERROR = -1

_NO_NODE = NoNodeError.code

_int = struct.Struct("!i")
_header = struct.Struct("!iBi")  # operation, whether this is the end, error
_first = struct.Struct("!iBii")  # a header, and the number that follows it
_stat = struct.Struct("!qqqqiiiqiiq")
_FIRST, _STAT, _INT = _first.size, _stat.size, _int.size

_END = _header.pack(_ERROR, True, -1)
_NO_WATCH = b"\0"


class Read(NamedTuple):
    """Asks for data and stat of the node at ``path``, or for the names of its children."""

    path: str
    children: bool = False


class Znode(NamedTuple):
    """A node's data and stat."""

    data: bytes
    stat: ZnodeStat

    @property
    def ephemeral(self) -> bool:
        """Whether the node goes when the session that made it does."""
        return bool(self.stat.ephemeralOwner)


class MultiReadRequest:
    """A request that kazoo can send. ``chroot`` is the client's, ``""`` if it has none.

    The answer is the raw reply, for :func:`take_apart`: kazoo would take it apart in
    the thread that keeps the connection alive, which should not be kept busy.
    """

    type = 22

    def __init__(self, reads: Sequence[Read], chroot: str = "") -> None:
        self.reads = reads
        self.chroot = chroot

    def __repr__(self) -> str:
        return f"MultiReadRequest({len(self.reads)} reads)"

    def serialize(self) -> bytes:
        """Return the request as ZooKeeper wants it."""
        parts: list[bytes] = []
        chroot, top = self.chroot.encode(), (self.chroot or "/").encode()
        for path, children in self.reads:
            raw = chroot + path.encode() if path != "/" else top
            kind = _GET_CHILDREN if children else _GET_DATA
            parts += (_first.pack(kind, False, -1, len(raw)), raw, _NO_WATCH)
        parts.append(_END)
        return b"".join(parts)

    @staticmethod
    def deserialize(reply: bytes, offset: int) -> tuple[bytes, int]:
        """Return what :func:`take_apart` takes."""
        return reply, offset


def take_apart(reads: Sequence[Read], reply: bytes, offset: int) -> list[Any]:
    """Return the answer to each read: a node, a list of names, or ``None`` for no node.

    Raises a ``ZookeeperError`` naming the node where the answer is another one. A reply that
    was cut, or answers something else, gives less or more than ``reads``.
    """
    found: list[Any] = []
    first, stat, length = _first.unpack_from, _stat.unpack_from, _int.unpack_from
    add, new = found.append, tuple.__new__
    last = len(reply) - _FIRST  # where no number follows the header, it is the end
    while offset <= last:
        kind, end, _, number = first(reply, offset)
        if end:
            break
        offset += _FIRST
        if kind == _GET_DATA:
            after = offset + number if number > 0 else offset  # -1 stands for no data
            # As Znode(…) and ZnodeStat._make do, which take twice as long.
            add(new(Znode, (reply[offset:after], new(ZnodeStat, stat(reply, after)))))
            offset = after + _STAT
        elif kind == _GET_CHILDREN:
            names = []
            for _ in range(number):
                (size,) = length(reply, offset)
                offset += _INT
                names.append(reply[offset : offset + size].decode())
                offset += size
            add(names)
        elif number == _NO_NODE:
            add(None)
        else:
            raise EXCEPTIONS[number](reads[len(found)].path)
    return found
