"""Serves the dashboard until it is told to end."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Collection
from typing import Self

import uvicorn

import zc.zk
from zc.zkdeployment.watching import FleetWatch
from zc.zkdeployment.web.app import create_app
from zc.zkdeployment.web.hub import Hub
from zc.zkdeployment.web.tokens import Tokens

logger = logging.getLogger(__name__)

_MOST_CONNECTIONS = 1000
_PATIENCE = 60.0  # seconds
_ENDING = 5  # seconds that requests may take when the server ends


class WebServer:
    """The dashboard of the fleet that ``watch`` sees, over the one session of ``zk``.

    It is heard at the address of a socket, from :meth:`start` to :meth:`close`, which closes
    that, too; a context manager that does both. ``ended`` is called when it ended.
    """

    def __init__(
        self,
        zk: zc.zk.ZK,
        watch: FleetWatch,
        listener: socket.socket,
        tokens: Tokens,
        hosts: Collection[str],
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._hub = Hub(watch)
        config = uvicorn.Config(
            create_app(self._hub, zk, tokens, hosts),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=_ENDING,
        )
        self._server = _Server(config, self._hub)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._ended = ended

    def start(self) -> None:
        """Begin to serve; it does when this returns, unless it ended."""
        self._thread.start()
        self._server.begun.wait()

    def close(self) -> None:
        """End, and wait until that is done."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        try:
            with contextlib.closing(self._listener):
                self._server.run(sockets=[self._listener])
        finally:
            self._server.begun.set()
            self._ended()


class _Server(uvicorn.Server):
    """Tells when it began, and ends the streams first: they would else never end."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub
        self.begun = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.begun.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hub.close()
        await super().shutdown(sockets)


def listen(host: str, port: int, patience: float = _PATIENCE) -> socket.socket:
    """Return a socket at an address, for a server; raises ``OSError`` where it is taken.

    Until that serves, browsers are refused and need not wait. Whoever takes nothing for
    ``patience`` seconds is cut off, so that no dead browser keeps the place of another.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        milliseconds = int(patience * 1000)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
