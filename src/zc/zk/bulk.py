"""Many reads in one request, many writes in one transaction."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple

from kazoo.client import KazooClient
from kazoo.exceptions import (
    ConnectionClosedError,
    ConnectionLoss,
    KazooException,
    NoNodeError,
    RolledBackError,
    RuntimeInconsistency,
    SessionExpiredError,
    UnimplementedError,
)
from kazoo.protocol.states import ZnodeStat

from zc.zk.calls import Calls
from zc.zk.errors import GuardFailed
from zc.zk.multiread import MultiReadRequest, Read, Znode, take_apart
from zc.zk.operations import (
    MAX_BYTES,
    Check,
    Create,
    Delete,
    Operation,
    Set,
    batches,
    check_data,
)
from zc.zk.progress import Observer, Work

logger = logging.getLogger("zc.zk")

_MAX_READS = 1000  # in one request; more make it no faster
_FIRST_READS = 250  # in the first, when nothing is known about the size of the answers
_AHEAD = 1  # requests for more that are sent before an answer is taken apart
_LONGEST_CHARACTER = 4  # bytes
_CONSEQUENCES = (RolledBackError, RuntimeInconsistency)  # of another operation's failure
_MAX_LOST = 2  # connections, before multi-read is given up with a server that never answered one


class Result(NamedTuple):
    """A node as it was read. ``stat`` is ``None`` if there is none or none was asked for."""

    path: str
    data: bytes = b""
    stat: ZnodeStat | None = None
    children: Sequence[str] | None = None

    @property
    def exists(self) -> bool:
        """Whether there is such a node."""
        return self.stat is not None or self.children is not None


class Bulk:
    """Reads and writes many nodes through ``client``.

    ``timeout``, in seconds, bounds the wait for the answer to each request. What
    goes wrong is a ``KazooException``: see :class:`~zc.zk.calls.Calls`. Paths are
    absolute, without a trailing slash. ``observer`` is told how far each method has got.
    """

    def __init__(self, client: KazooClient, timeout: float) -> None:
        self.client = client
        self.calls = Calls(client, timeout)
        self.observer: Observer | None = None
        self._multi_read = True
        self._answered = False  # a multi-read, ever
        self._lost = 0
        self._size = 0.0  # bytes of the answer to one read, as of late

    def read(
        self, paths: Iterable[str], *, data: bool = True, children: bool = False
    ) -> list[Result]:
        """Read the nodes at ``paths``: data and stat, the names of their children, or both.

        The results are in the order of ``paths``; a node that is not there is a
        result too. Nothing of it need be of one moment, but names are read before
        data and stat: a stat that tells of no new children vouches for the names. Raises
        ``NoAuthError`` naming a node that may not be read.
        """
        paths = list(paths)
        for path in paths:
            if not path.startswith("/"):
                raise ValueError(f"{path!r} is no absolute path")
        reads = [Read(path, True) for path in paths] if children else []
        reads += [Read(path) for path in paths] if data else []
        found = self._read(reads)
        names = found[: len(paths)] if children else repeat(None)
        nodes = found[-len(paths) :] if data else repeat(None)
        return [
            Result(path, node.data, node.stat, below) if node else Result(path, children=below)
            for path, node, below in zip(paths, nodes, names, strict=False)
        ]

    def nodes(self, paths: Sequence[str]) -> list[Znode | None]:
        """Read the nodes at ``paths``, like :meth:`read`; in half the time where they are many."""
        return self._read([Read(path) for path in paths])

    def names(self, paths: Sequence[str]) -> list[Sequence[str] | None]:
        """Read the names of the children of the nodes at ``paths``, likewise."""
        return self._read([Read(path, True) for path in paths])

    def write(self, operations: Iterable[Operation], guard: Check | None = None) -> list[Any]:
        """Do the operations in order, in transactions of many, each only if ``guard`` holds.

        Returns what each came to: the stat of a node for :class:`~zc.zk.operations.Set`, a
        path for ``Create``, else ``True``.

        Each transaction is done whole or not at all. The first that fails ends it,
        and the error names the path at fault; those before it are done. Where the
        connection is lost, the transaction under way may have been done or not:
        ``ConnectionLoss``, ``SessionExpiredError``, :exc:`~zc.zk.calls.NoAnswer`.
        Raises :exc:`ValueError`, with nothing done, if one node's data are too many, and
        :exc:`~zc.zk.errors.GuardFailed`.
        """
        operations = [self._with_acl(operation) for operation in operations]
        guards = [guard] if guard else []
        for operation in operations:
            if isinstance(operation, (Create, Set)):
                check_data(operation.path, operation.data)
        done: list[Any] = []
        left = len(operations)
        self.tell(Work.WRITES, 0, left)
        for batch in batches(operations):
            transaction = [*guards, *batch]
            results = self.calls.once(partial(self._commit, transaction))
            for operation, result in zip(transaction, results, strict=True):
                if isinstance(result, KazooException) and not isinstance(result, _CONSEQUENCES):
                    failed = GuardFailed if operation is guard else type(result)
                    raise failed(operation.path)
            done += results[len(guards) :]
            left -= len(batch)
            self.tell(Work.WRITES, len(batch), left)
        return done

    def tell(self, work: Work, more: int, left: int | None = None) -> None:
        """Tell the observer, if there is one."""
        if self.observer is not None:
            self.observer(work, more, left)

    def _with_acl(self, operation: Operation) -> Operation:
        """Return an operation with the ACL that the client would add: it counts for the size."""
        acl_of = getattr(self.client, "acl_of", None)  # those of zc.zk.connect have it
        if acl_of is None or not isinstance(operation, Create) or operation.acl is not None:
            return operation
        return replace(operation, acl=acl_of(operation.path, None, sequence=False))

    def _commit(self, batch: Sequence[Operation]) -> Any:
        transaction = self.client.transaction()
        for operation in batch:
            path = operation.path
            if isinstance(operation, Create):
                acl = list(operation.acl) if operation.acl else None
                transaction.create(path, operation.data, acl, operation.ephemeral)
            elif isinstance(operation, Set):
                transaction.set_data(path, operation.data, operation.version)
            elif isinstance(operation, Delete):
                transaction.delete(path, operation.version)
            else:
                transaction.check(path, operation.version)
        return transaction.commit_async()

    def _read(self, reads: Sequence[Read]) -> list[Any]:
        """Return a node or names for each read, ``None`` where there is no node."""
        found: list[Any] = []
        begun: deque[tuple[Sequence[Read], Any]] = deque()
        sent = 0
        self.tell(Work.NODES, 0)
        while len(found) < len(reads):
            # The server works on the next answers while this one is taken apart.
            while sent < len(reads) and len(begun) <= _AHEAD:
                part = self._part(reads, sent)
                sent += len(part)
                begun.append((part, self._begin(part)))
            part, result = begun.popleft()
            answers = self._answers(part, result)
            if len(answers) != len(part):
                raise ValueError(f"{len(answers)} answers to {len(part)} reads")
            found += answers
            names = sum(read.children for read in part)
            self.tell(Work.NAMES, names)
            self.tell(Work.NODES, len(part) - names)
        return found

    def _part(self, reads: Sequence[Read], start: int) -> Sequence[Read]:
        """Return as many reads as make a request, and an answer, of reasonable size."""
        count = int(MAX_BYTES / self._size) if self._size else _FIRST_READS
        stop = min(start + min(max(count, 1), _MAX_READS), len(reads))
        room = MAX_BYTES
        for index in range(start, stop):
            room -= _LONGEST_CHARACTER * len(reads[index].path)
            if room < 0 and index > start:
                return reads[start:index]
        return reads[start:stop]

    def _begin(self, part: Sequence[Read]) -> Any:
        """Send reads as one request, unless that has to wait; return what gets the answer."""
        return self._send(part) if self._multi_read and self.client.connected else None

    def _answers(self, part: Sequence[Read], begun: Any) -> list[Any]:
        if self._multi_read:
            try:
                reply, offset = self.calls.once(lambda: begun or self._send(part))
            except UnimplementedError:
                self._give_up_multi_read()
            except ConnectionClosedError:
                raise
            except (ConnectionLoss, SessionExpiredError):
                self._lost += 1
                if self._lost == _MAX_LOST and not self._answered:
                    self._give_up_multi_read()
            else:
                self._answered = True
                self._size = max(len(reply) / len(part), self._size / 2)
                return take_apart(part, reply, offset)
        return self._one_by_one(part)

    def _one_by_one(self, part: Sequence[Read]) -> list[Any]:
        found = self.calls.read_all(partial(self._start, read) for read in part)
        for read, answer in zip(part, found, strict=True):
            if isinstance(answer, KazooException) and not isinstance(answer, NoNodeError):
                raise type(answer)(read.path)
        return [
            None
            if isinstance(answer, NoNodeError)
            else answer
            if read.children
            else Znode(*answer)
            for read, answer in zip(part, found, strict=True)
        ]

    def _give_up_multi_read(self) -> None:
        logger.info("The ZooKeeper server knows no multi-read: reading nodes one by one")
        self._multi_read = False

    def _send(self, part: Sequence[Read]) -> Any:
        result = self.client.handler.async_result()
        self.client._call(MultiReadRequest(part, self.client.chroot), result)
        return result

    def _start(self, read: Read) -> Any:
        if read.children:
            return self.client.get_children_async(read.path)
        return self.client.get_async(read.path)
