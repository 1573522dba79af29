"""Metrics over HTTP, for whoever asks at ``/metrics``. Imported only where that is configured."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from zc.zkdeployment.metrics.exposition import CONTENT_TYPE

_PATH = "/metrics"
_PATIENCE = 5.0  # seconds for a request with its answer, whoever sends a byte now and then
_MOST = 8  # requests at the same time
_LOOK = 0.2  # seconds until the server sees that it is to end


class MetricsServer:
    """Answers with what ``text`` returns, from a thread of its own, until :meth:`close`.

    ``text`` is called from several threads. Raises ``OSError`` where address and port cannot
    be used.
    """

    def __init__(self, address: str, port: int, text: Callable[[], str]) -> None:
        handler = type("Handler", (_Handler,), {"text": staticmethod(text)})
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        server = type("Server", (_Server,), {"address_family": family})
        self._server = server((address, port), handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_LOOK,), name="metrics server", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port at which it answers."""
        port: int = self._server.server_address[1]
        return port

    def close(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    """Has a few threads at most: whoever can connect must not use up those of the host."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, *args: Any) -> None:
        self._free = threading.Semaphore(_MOST)
        self._ends: dict[Any, float] = {}  # when the patience with a client is over
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        self._ends[request] = time.monotonic() + _PATIENCE
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._ends.pop(request, None)
            self._free.release()

    def service_actions(self) -> None:
        """Cut off who takes too long: called every moment by the thread that serves."""
        now = time.monotonic()
        for request in [each for each, end in list(self._ends.items()) if end <= now]:
            with contextlib.suppress(OSError):  # it is gone
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client went away."""

    def server_bind(self) -> None:
        """Bind, without asking for the name of the address: that may take long."""
        # What HTTPServer does beyond this needs that name.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = address = self.socket.getsockname()
        self.server_name, self.server_port = str(address[0]), int(address[1])


class _Handler(BaseHTTPRequestHandler):
    timeout = _PATIENCE
    server_version = "zkdeploy"
    sys_version = ""
    text: Callable[[], str]

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != _PATH:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        body = self.text().encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: somebody asks every few seconds."""
