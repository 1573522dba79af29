"""A relay between clients and a ZooKeeper server, which fails in the ways that networks do.

::

    with Relay(server) as relay:
        zk = zc.zk.ZK(relay.connection_string + "/chroot")
        relay.lose_answer(SET)

Requests and answers are frames: four bytes of length, then in a request its
number and what it asks for, in an answer the number of the request. The first
frame each way makes the session and has neither.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Self

from zc.zkdeployment.lab.free_ports import HOST
from zc.zkdeployment.lab.zookeeper import Server

#: What requests ask for.
CREATE, GET, SET, GET_CHILDREN, PING, TRANSACTION, MULTI_READ = 1, 4, 5, 8, 11, 14, 22

_length = struct.Struct("!i")
_request = struct.Struct("!ii")  # number, what it asks for
_number = struct.Struct("!i")
_answer = struct.Struct("!iiqi")  # length, number, transaction, error
_ANSWER_SIZE = _answer.size - _length.size
_UNIMPLEMENTED = -6
_POLL = 0.02  # seconds
_REMEMBERED = 1000  # requests


class Relay:
    """Relays between clients, which connect to ``connection_string``, and ``server``.

    A context manager, which cuts all connections at its end. ``passed`` has what the last
    requests asked for that were passed on.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._listener = socket.create_server((HOST, 0))
        self.connection_string = f"{HOST}:{self._listener.getsockname()[1]}"
        self._lock = threading.Lock()
        self._ends: set[socket.socket] = set()
        self._clients: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.passed: deque[int] = deque(maxlen=_REMEMBERED)
        self._open = threading.Event()
        self._open.set()
        self._lose_requests: Counter[int] = Counter()
        self._lose_answers: Counter[int] = Counter()
        self._refused: set[int] = set()
        self._start(self._accept)

    def lose_request(self, kind: int, count: int = 1) -> None:
        """Cut the connection instead of passing on the next ``count`` requests of a kind."""
        self._lose_requests[kind] += count

    def lose_answer(self, kind: int, count: int = 1) -> None:
        """Cut the connection instead of passing on the answers to the next requests of a kind.

        The server does them, but the client does not hear of it.
        """
        self._lose_answers[kind] += count

    def refuse(self, kind: int) -> None:
        """Answer requests of a kind as servers do that do not know it, and cut the connection."""
        self._refused.add(kind)

    def hold(self) -> None:
        """Let nothing through any more, connections kept: a partition."""
        self._open.clear()

    def release(self) -> None:
        """Undo :meth:`hold`."""
        self._open.set()

    def garble(self) -> None:
        """Send clients what is no answer: one that ends within its first number."""
        with self._lock:
            for client in self._clients:
                client.sendall(_length.pack(1) + b"?")

    def cut(self) -> None:
        """Cut all connections. Clients may connect again."""
        with self._lock:
            ends = list(self._ends)
        for end in ends:
            _cut(end)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.set()
        _cut(self._listener)
        for thread in self._threads:
            while thread.is_alive():
                self.cut()  # again and again: a connection may just be being made
                thread.join(_POLL)
        self._listener.close()

    def _start(self, function: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=function, args=arguments, name="relay", daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                self._start(self._relay, client)

    def _relay(self, client: socket.socket) -> None:
        address = HOST, self._server.port
        with client, contextlib.suppress(OSError), socket.create_connection(address) as server:
            with self._lock:
                self._ends |= {client, server}
                self._clients.add(client)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            doomed: set[int] = set()
            answers = self._start(self._pass_answers, server, client, doomed)
            with contextlib.suppress(OSError):
                self._pass_requests(client, server, doomed)
            _cut(client)
            _cut(server)
            answers.join()
            with self._lock:
                self._ends -= {client, server}
                self._clients.discard(client)

    def _pass_requests(
        self, client: socket.socket, server: socket.socket, doomed: set[int]
    ) -> None:
        for count, frame in enumerate(_frames(client)):
            self._open.wait()
            if count:
                number, kind = _request.unpack_from(frame, _length.size)
                if kind in self._refused:
                    client.sendall(_answer.pack(_ANSWER_SIZE, number, 0, _UNIMPLEMENTED))
                    return
                if _take(self._lose_requests, kind):
                    return
                if _take(self._lose_answers, kind):
                    doomed.add(number)
                self.passed.append(kind)
            server.sendall(frame)

    def _pass_answers(
        self, server: socket.socket, client: socket.socket, doomed: set[int]
    ) -> None:
        with contextlib.suppress(OSError):
            for count, frame in enumerate(_frames(server)):
                self._open.wait()
                if count and _number.unpack_from(frame, _length.size)[0] in doomed:
                    break
                client.sendall(frame)
        _cut(client)
        _cut(server)


def _take(counter: Counter[int], kind: int) -> bool:
    if not counter[kind]:
        return False
    counter[kind] -= 1
    return True


def _frames(end: socket.socket) -> Iterator[bytes]:
    with end.makefile("rb") as stream:
        while len(head := stream.read(_length.size)) == _length.size:
            (length,) = _length.unpack(head)
            yield head + stream.read(length)


def _cut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):  # cut already
        end.shutdown(socket.SHUT_RDWR)
