"""What a transaction may do, and how much of it fits into one request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kazoo.security import ACL

from zc.zk.limits import MAX_DATA as MAX_DATA

#: Operations in one transaction; more make it no faster.
MAX_OPERATIONS = 500

#: Bytes in one request. Servers refuse more than 1 MiB by closing the connection,
#: which looks like a lost one.
MAX_BYTES = 512 * 1024

_OVERHEAD = 64  # bytes besides path, data and ACL, generously


@dataclass(frozen=True, slots=True)
class Create:
    """Create a node; ``acl`` ``None`` is the client's default, else everybody may do all."""

    path: str
    data: bytes = b""
    acl: Sequence[ACL] | None = None
    ephemeral: bool = False


@dataclass(frozen=True, slots=True)
class Set:
    """Replace a node's data, if it has ``version``; -1 stands for any."""

    path: str
    data: bytes
    version: int = -1


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a node, if it has ``version``; -1 stands for any."""

    path: str
    version: int = -1


@dataclass(frozen=True, slots=True)
class Check:
    """Let the transaction fail unless the node exists and has ``version``; -1 stands for any."""

    path: str
    version: int = -1


Operation = Create | Set | Delete | Check


def check_data(path: str, data: bytes) -> None:
    """Raise :exc:`ValueError` if ``data`` is more than a node can hold."""
    if len(data) > MAX_DATA:
        raise ValueError(
            f"{path}: {len(data)} bytes are too many for one node, which can hold "
            f"{MAX_DATA}; spread them over several nodes"
        )


def batches(operations: Iterable[Operation]) -> Iterator[list[Operation]]:
    """Yield the operations, in order, in parts that each fit into one request.

    An operation that is too large for :data:`MAX_BYTES` is a part of its own.
    """
    batch: list[Operation] = []
    room = MAX_BYTES
    for operation in operations:
        size = _size(operation)
        if batch and (len(batch) == MAX_OPERATIONS or size > room):
            yield batch
            batch, room = [], MAX_BYTES
        batch.append(operation)
        room -= size
    if batch:
        yield batch


def _size(operation: Operation) -> int:
    size = _OVERHEAD + len(operation.path.encode())
    if isinstance(operation, (Create, Set)):
        size += len(operation.data)
    if isinstance(operation, Create):
        size += sum(_OVERHEAD + len(entry.id.id) for entry in operation.acl or ())
    return size
