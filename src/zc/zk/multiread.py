"""ZooKeeper's multi-read: many ``getData`` and ``getChildren`` in one request.

Servers know it from 3.6 on. kazoo has no call for it but carries any request
object to the server. Source of the format: ``MultiOperationRecord`` and
``MultiResponse`` of ZooKeeper, with the operation codes of ``ZooDefs.OpCode``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from kazoo.exceptions import EXCEPTIONS
from kazoo.protocol.states import ZnodeStat

_GET_DATA = 4
_GET_CHILDREN = 8
_ERROR = -1

_int = struct.Struct("!i")
_header = struct.Struct("!iBi")  # operation, whether this is the end, error
_first = struct.Struct("!iBii")  # the header of an answer, and the number that follows it
_stat = struct.Struct("!qqqqiiiqiiq")

_HEADERS = {
    False: _header.pack(_GET_DATA, False, -1),
    True: _header.pack(_GET_CHILDREN, False, -1),
}
_END = _header.pack(_ERROR, True, -1)
_NO_WATCH = b"\0"


class Read(NamedTuple):
    """Asks for data and stat of the node at ``path``, or for the names of its children."""

    path: str
    children: bool = False


class MultiReadRequest:
    """A request that kazoo can send. ``chroot`` is the client's, ``""`` if it has none.

    The answer is the raw reply, for :func:`answers`: kazoo would take it apart in
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
        for path, children in self.reads:
            raw = (self.chroot + path if path != "/" else self.chroot or path).encode()
            parts += (_HEADERS[children], _int.pack(len(raw)), raw, _NO_WATCH)
        parts.append(_END)
        return b"".join(parts)

    @staticmethod
    def deserialize(reply: bytes, offset: int) -> tuple[bytes, int]:
        """Return what :func:`answers` takes."""
        return reply, offset


def answers(reply: bytes, offset: int) -> Iterator[Any]:
    """Yield the answer to each read: ``(data, ZnodeStat)``, a list of names, or an exception."""
    first, stat, length, new = (
        _first.unpack_from,
        _stat.unpack_from,
        _int.unpack_from,
        tuple.__new__,
    )
    last = len(reply) - _first.size  # where no number follows the header, it is the end
    while offset <= last:
        kind, end, _, number = first(reply, offset)
        if end:
            return
        offset += _first.size
        if kind == _GET_DATA:
            after = offset + number if number > 0 else offset  # -1 stands for no data
            # As ZnodeStat._make does, which takes twice as long.
            yield reply[offset:after], new(ZnodeStat, stat(reply, after))
            offset = after + _stat.size
        elif kind == _GET_CHILDREN:
            names = []
            for _ in range(number):
                (size,) = length(reply, offset)
                offset += _int.size
                names.append(reply[offset : offset + size].decode())
                offset += size
            yield names
        else:
            yield EXCEPTIONS[number]()
