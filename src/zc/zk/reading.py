"""Reading many nodes, with a few requests under way at a time."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from kazoo.exceptions import (
    ConnectionClosedError,
    ConnectionLoss,
    KazooException,
    NoNodeError,
    SessionExpiredError,
    UnimplementedError,
)

from zc.zk.calls import Calls, Start
from zc.zk.multiread import MultiReadRequest, Reads, Znode, take_apart
from zc.zk.operations import MAX_BYTES

logger = logging.getLogger("zc.zk")

_MAX_READS = 1000  # in one request; more make it no faster
_FIRST_READS = 250  # in the first, when nothing is known about the size of the answers
_UNDER_WAY = 3  # requests: the server works on the next while an answer is taken apart
_LONGEST_CHARACTER = 4  # bytes
_MAX_LOST = 2  # connections, before multi-read is given up with a server that never answered one


class Wanted:
    """What is still to be read: names of children, and nodes; both may grow meanwhile."""

    def __init__(self, names: Iterable[str] = (), nodes: Iterable[str] = ()) -> None:
        self.names = list(names)
        self.nodes = list(nodes)

    def take(self, most: int, least: int) -> Reads | None:
        """Return what goes into the next request, names first; ``None`` if below ``least``."""
        if len(self.names) + len(self.nodes) < least:
            return None
        names, nodes = self.names[:most], self.nodes[: max(0, most - len(self.names))]
        while most > 1 and _bytes(names) + _bytes(nodes) > MAX_BYTES:
            most //= 2
            names, nodes = self.names[:most], self.nodes[: max(0, most - len(self.names))]
        del self.names[: len(names)], self.nodes[: len(nodes)]
        return Reads(names, nodes)


class Reader:
    """Reads through ``calls``, in multi-reads if the server knows them, else one by one."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._client = calls.client
        self._multi_read = True
        self._answered = False  # a multi-read, ever
        self._lost = 0
        self._size = 0.0  # bytes of the answer to one read, as of late

    def answers(self, wanted: Wanted) -> Iterator[tuple[Reads, list[Any]]]:
        """Yield what was read, and the answers: names, or a node, or ``None`` where there is none.

        Ends when all is read that is wanted by then. While something is under way, only
        a whole request's worth is sent for: there may be more to go with it soon.
        Raises ``NoAuthError`` naming a node, and what :meth:`Calls.once` does.
        """
        under_way: deque[tuple[Reads, Any]] = deque()
        while True:
            while len(under_way) < _UNDER_WAY:
                most = self._most()
                reads = wanted.take(most, most if under_way else 1)
                if reads is None:
                    break
                under_way.append((reads, self._begin(reads)))
            if not under_way:
                return
            reads, result = under_way.popleft()
            answers = self._answers(reads, result)
            if len(answers) != reads.total:
                raise ValueError(f"{len(answers)} answers to {reads.total} reads")
            yield reads, answers

    def _most(self) -> int:
        """Return how many reads get an answer of reasonable size."""
        count = int(MAX_BYTES / self._size) if self._size else _FIRST_READS
        return min(max(count, 1), _MAX_READS)

    def _begin(self, reads: Reads) -> Any:
        """Send a request, unless that has to wait; return what gets the answer."""
        return self._send(reads) if self._multi_read and self._client.connected else None

    def _answers(self, reads: Reads, begun: Any) -> list[Any]:
        if self._multi_read:
            try:
                reply, offset = self._calls.once(lambda: begun or self._send(reads))
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
                self._size = max(len(reply) / reads.total, self._size / 2)
                return take_apart(reads, reply, offset)
        return self._one_by_one(reads)

    def _one_by_one(self, reads: Reads) -> list[Any]:
        client = self._client
        starts: list[Start] = [partial(client.get_children_async, path) for path in reads.names]
        starts += [partial(client.get_async, path) for path in reads.nodes]
        found = self._calls.read_all(starts)
        for path, answer in zip(reads.paths, found, strict=True):
            if isinstance(answer, KazooException) and not isinstance(answer, NoNodeError):
                raise type(answer)(path)
        answers = [None if isinstance(answer, NoNodeError) else answer for answer in found]
        listed = len(reads.names)
        return answers[:listed] + [answer and Znode(*answer) for answer in answers[listed:]]

    def _give_up_multi_read(self) -> None:
        logger.info("The ZooKeeper server knows no multi-read: reading nodes one by one")
        self._multi_read = False

    def _send(self, reads: Reads) -> Any:
        result = self._client.handler.async_result()
        self._client._call(MultiReadRequest(reads, self._client.chroot), result)
        return result


def _bytes(paths: Sequence[str]) -> int:
    """Return how many bytes paths may take at most."""
    return _LONGEST_CHARACTER * sum(map(len, paths))
