"""Many reads in one request, many writes in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple

from kazoo.client import KazooClient
from kazoo.exceptions import (
    KazooException,
    RolledBackError,
    RuntimeInconsistency,
)
from kazoo.protocol.states import ZnodeStat

from zc.zk.calls import Calls
from zc.zk.errors import GuardFailed
from zc.zk.multiread import Reads
from zc.zk.operations import (
    Check,
    Create,
    Delete,
    Operation,
    Set,
    batches,
    check_data,
)
from zc.zk.progress import Observer, Work
from zc.zk.reading import Reader, Wanted

_CONSEQUENCES = (RolledBackError, RuntimeInconsistency)  # of another operation's failure


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
        self._reader = Reader(self.calls)

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
        wanted = Wanted(paths if children else (), paths if data else ())
        found = [answer for _, answers in self.answers(wanted) for answer in answers]
        names = found[: len(paths)] if children else repeat(None)
        nodes = found[-len(paths) :] if data else repeat(None)
        return [
            Result(path, node.data, node.stat, below) if node else Result(path, children=below)
            for path, node, below in zip(paths, nodes, names, strict=False)
        ]

    def answers(self, wanted: Wanted) -> Iterator[tuple[Reads, list[Any]]]:
        """Read all that is wanted, like :meth:`read`; see :meth:`zc.zk.reading.Reader.answers`."""
        self.tell(Work.NODES, 0)
        for reads, answers in self._reader.answers(wanted):
            yield reads, answers
            self.tell(Work.NAMES, len(reads.names))
            self.tell(Work.NODES, len(reads.nodes))

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
