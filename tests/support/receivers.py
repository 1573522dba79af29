"""Receivers of webhooks: real servers on loopback, which answer as they are told."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import queue
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from zc.zkdeployment.lab.tls import Certified

LIMIT = 40  # seconds until a test that waits has failed

#: In place of a status: the server takes the message and never answers.
SILENCE = 0
#: In place of a status: it answers by a byte now and then.
DRIP = 1


@dataclass(frozen=True, slots=True)
class Message:
    """What came, and what it was answered with."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def identifier(self) -> str:
        return self.headers["webhook-id"]

    def is_signed_with(self, secret: bytes) -> bool:
        """Verify the signature as https://www.standardwebhooks.com says."""
        content = b".".join(
            [self.identifier.encode(), self.headers["webhook-timestamp"].encode(), self.body]
        )
        expected = base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()
        return hmac.compare_digest(self.headers["webhook-signature"], f"v1,{expected}")


@dataclass(slots=True)
class Receiver:
    """Where messages go: ``url``. The next answers are ``answers``, then 200."""

    url: str
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    came: queue.SimpleQueue[Message] = field(default_factory=queue.SimpleQueue)
    _ends: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> Message:
        """Wait for the next message."""
        return self.came.get(timeout=LIMIT)

    def wait_for(self, *kinds: str) -> list[Message]:
        """Wait for messages of these types, in this order."""
        messages = [self.wait() for _ in kinds]
        assert [each.document["type"] for each in messages] == list(kinds)
        return messages


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        receiver = self.receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = receiver.answers.pop(0) if receiver.answers else 200
        names = {name.lower(): value for name, value in self.headers.items()}
        receiver.came.put(Message(self.path, names, body, status))
        if status == SILENCE:
            receiver._ends.wait(LIMIT)
            return
        if status == DRIP:
            while not receiver._ends.wait(0.05):
                self.wfile.write(b"H")
            return
        self.send_response(status)
        for name, value in receiver.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"well" if status == 200 else b"not\x1b[31m well")

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        pass  # clients that go away are what is tested


@contextlib.contextmanager
def receiving(*answers: int, certified: Certified | None = None) -> Iterator[Receiver]:
    """Have a receiver, over TLS with a certificate."""
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    scheme = "http"
    if certified:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certified.certificate, certified.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    receiver = Receiver(f"{scheme}://127.0.0.1:{server.server_address[1]}/hook", list(answers))
    handler.receiver = receiver  # type: ignore[attr-defined] # of a class made here
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver._ends.set()
        server.shutdown()
        thread.join()
        server.server_close()
