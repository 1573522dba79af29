"""ZooKeeper's multi-read: many ``getData`` and ``getChildren`` in one request.

Servers know it from 3.6 on. kazoo has no call for it but carries any request
object to the server. Source of the format: ``MultiOperationRecord`` and
``MultiResponse`` of ZooKeeper, with the operation codes of ``ZooDefs.OpCode``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
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
_answer = struct.Struct("!iBiii")  # the same, and the next number: a first name's length
_stat = struct.Struct("!qqqqiiiqiiq")
_FIRST, _STAT, _INT = _first.size, _stat.size, _int.size

_END = _header.pack(_ERROR, True, -1)
_NO_WATCH = b"\0"


class Reads(NamedTuple):
    """Asks for the names of the children of some nodes, then for data and stat of others."""

    names: Sequence[str] = ()
    nodes: Sequence[str] = ()

    @property
    def total(self) -> int:
        """How many answers there will be."""
        return len(self.names) + len(self.nodes)

    @property
    def paths(self) -> Sequence[str]:
        """The path that each answer is about."""
        return [*self.names, *self.nodes]


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

    The answer is the raw reply, for :func:`take_apart`. Neither is that done, nor is the
    request put together, in the thread that keeps the connection alive: it should not be
    kept busy.
    """

    type = 22

    def __init__(self, reads: Reads, chroot: str = "") -> None:
        self._count = reads.total
        names = _requests(_GET_CHILDREN, reads.names, chroot)
        nodes = _requests(_GET_DATA, reads.nodes, chroot)
        self._bytes = b"".join(chain(names, nodes, (_END,)))

    def __repr__(self) -> str:
        return f"MultiReadRequest({self._count} reads)"

    def serialize(self) -> bytes:
        """Return the request as ZooKeeper wants it."""
        return self._bytes

    @staticmethod
    def deserialize(reply: bytes, offset: int) -> tuple[bytes, int]:
        """Return what :func:`take_apart` takes."""
        return reply, offset


def take_apart(reads: Reads, reply: bytes, offset: int) -> list[Any]:
    """Return the answer to each read: a node, a list of names, or ``None`` for no node.

    Raises a ``ZookeeperError`` naming the node where the answer is another one. A reply that
    was cut, or answers something else, gives less or more than ``reads``.
    """
    found: list[Any] = []
    answer, stat, length = _answer.unpack_from, _stat.unpack_from, _int.unpack_from
    add, new = found.append, tuple.__new__
    last = len(reply) - _FIRST  # where no number follows the header, it is the end
    reply += bytes(_INT)  # there may be no next number
    while offset <= last:
        kind, end, _, number, size = answer(reply, offset)
        offset += _FIRST
        if kind == _GET_DATA:
            after = offset + number if number > 0 else offset  # -1 stands for no data
            # As Znode(…) and ZnodeStat._make do, which take twice as long.
            add(new(Znode, (reply[offset:after], new(ZnodeStat, stat(reply, after)))))
            offset = after + _STAT
        elif kind == _GET_CHILDREN:
            names = []
            while number:
                offset += _INT
                after = offset + size
                names.append(reply[offset:after].decode())
                offset = after
                number -= 1
                if number:
                    (size,) = length(reply, offset)
            add(names)
        elif end:
            break
        elif number == _NO_NODE:
            add(None)
        else:
            raise EXCEPTIONS[number](reads.paths[len(found)])
    return found


class _Heads(dict[int, bytes]):
    """What comes before the path in a request about a node, by the path's bytes."""

    def __init__(self, operation: int, chroot: bytes) -> None:
        self._operation = operation
        self._chroot = chroot

    def __missing__(self, size: int) -> bytes:
        length = len(self._chroot) + size
        head = self[size] = _first.pack(self._operation, False, -1, length) + self._chroot
        return head


def _requests(operation: int, paths: Sequence[str], chroot: str) -> Iterator[bytes]:
    """Yield the parts of a request about each node."""
    heads = _Heads(operation, chroot.encode())
    if chroot:
        paths = ["" if path == "/" else path for path in paths]
    raw = list(map(str.encode, paths))
    lengths = map(len, raw)
    return chain.from_iterable(zip(map(heads.__getitem__, lengths), raw, repeat(_NO_WATCH)))
