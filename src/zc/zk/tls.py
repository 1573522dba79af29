"""Connections to ZooKeeper that are encrypted, and whose other end has proved who it is.

kazoo's own check names, too, but trust all authorities of the system besides the one that
is named, ask on the terminal for the password of a key, and tell nobody but the log why
there is no connection. Here a connection is made with a context of the caller's, and
what was wrong with the last one is known.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from kazoo.handlers.threading import SequentialThreadingHandler

#: Makes what a connection is made with. Called for each, so that renewed certificates count.
ContextFactory = Callable[[], ssl.SSLContext]

#: Name and port.
Server = tuple[str, int]


class TlsHandler(SequentialThreadingHandler):  # type: ignore[misc] # kazoo ships no types
    """kazoo's threads, with connections made by ``context``.

    ``refusals`` says why, for each server that refused this side, or was refused, when it
    was last tried.
    """

    def __init__(self, context: ContextFactory) -> None:
        super().__init__()
        self._context = context
        self.refusals: dict[Server, str] = {}
        self._times: Counter[Server] = Counter()

    def create_connection(
        self,
        address: tuple[Any, ...],
        hostname: str | None = None,
        timeout: float | None = None,
        **_: Any,  # kazoo's own way to say what the context says
    ) -> ssl.SSLSocket:
        """Connect to ``address``, which has to prove that it is ``hostname``."""
        name = hostname or address[0]
        server = name, address[1]
        try:
            context = self._context()
        except ValueError as error:
            # After one of these kazoo tries again.
            raise OSError(errno.EINVAL, str(error)) from error
        context.sslsocket_class = _Socket
        plain = socket.create_connection(address[:2], timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._noting(server), contextlib.closing(plain):
            made = context.wrap_socket(plain, server_hostname=name)
        if isinstance(made, _Socket):
            made.noting = lambda: self._noting(server)
            made.accepted = lambda: self._accepted(server)
        return made

    def all_refused(self, servers: Iterable[Server]) -> bool:
        """Tell whether each server was tried at all its addresses, without a success."""
        return all(self._times[server] > 1 for server in servers)

    def select(
        self, rlist: Sequence[Any], wlist: Sequence[Any], xlist: Sequence[Any], timeout: Any = None
    ) -> Any:
        """Wait as usual, but not for what has come already and was only not handed out yet."""
        if any(isinstance(each, ssl.SSLSocket) and each.pending() for each in rlist):
            timeout = 0.0
        readable, writable, broken = super().select(rlist, wlist, xlist, timeout)
        for each in rlist:
            if isinstance(each, ssl.SSLSocket) and each.pending() and each not in readable:
                readable.append(each)
        return readable, writable, broken

    def _accepted(self, server: Server) -> None:
        self.refusals.pop(server, None)
        self._times.pop(server, None)

    @contextlib.contextmanager
    def _noting(self, server: Server) -> Iterator[None]:
        try:
            yield
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLEOFError:  # by a server that is just going, or one that expects no TLS
            self.refusals[server] = "it ends the connection; is TLS spoken at this port?"
            raise
        except ssl.SSLError as error:
            self.refusals[server] = _why(error)
            self._times[server] += 1
            raise


class _Socket(ssl.SSLSocket):
    """A socket that notes what its other end sends, an answer or something instead.

    With TLS 1.3 a server says only then that it wants another certificate.
    """

    noting: Callable[[], contextlib.AbstractContextManager[None]]
    accepted: Callable[[], None]

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        with self.noting():
            data = super().recv(buflen, flags)
        if data:
            self.accepted()
        return data


def _why(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is refused: {error.verify_message.rstrip('.')}"
    reason = (error.reason or str(error)).replace("_", " ").lower()
    if "alert" in reason:
        return f"it refuses this side: {reason}"
    return f"it speaks no TLS that this side understands: {reason}"
