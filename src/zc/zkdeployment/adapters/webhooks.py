"""Sending messages to webhooks."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.lines import one_line

_LATER = (408, 425, 429)  # of the answers 4xx, those that say to try again
_LONGEST_DELAY = 3600.0  # seconds that a server can ask to be left alone
_SHOWN = 200  # characters of an answer, in an error


class NotSent(Exception):
    """A message was not taken: why, and after how many seconds the server wants it again.

    With ``final`` it will never be taken as it is.
    """

    def __init__(self, why: str, *, final: bool = False, delay: float | None = None) -> None:
        self.final = final
        self.delay = delay
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to send to: a URL, in ``timeout`` seconds, and whom to trust (``https`` only)."""

    url: str
    timeout: float
    context: ssl.SSLContext | None


def address_of(url: str, timeout: float, ca_file: str | None = None) -> Address:
    """Return an address; raises :exc:`~zc.zkdeployment.errors.BadConfiguration`."""
    if not url.startswith("https:"):
        return Address(url, timeout, None)
    try:
        return Address(url, timeout, ssl.create_default_context(cafile=ca_file))
    except OSError as error:  # an SSLError, too
        raise BadConfiguration(f"ca-file: {ca_file} cannot be used: {error!s:.200}") from error


def send(address: Address, body: bytes, headers: Mapping[str, str]) -> None:
    """Post JSON; it counts as taken once the server answers with a status 2xx.

    No redirect is followed: only the host that was named gets to see what is sent. Raises
    :exc:`NotSent`, in not much more than the timeout, whatever the server does.
    """
    parts = urllib.parse.urlsplit(address.url)
    connection = _connection(parts, address)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    own = {"Content-Type": "application/json", "User-Agent": "zkdeploy", "Connection": "close"}
    late = threading.Event()
    try:
        connection.connect()
        with _ended_after(address.timeout, connection.sock, late):
            connection.request("POST", target, body, {**own, **headers})
            with connection.getresponse() as response:
                said = response.read(_SHOWN).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        why = f"no answer within {address.timeout:g} s" if late.is_set() else _explain(error)
        raise NotSent(why) from error
    finally:
        connection.close()
    _judge(response, said)


def _connection(parts: urllib.parse.SplitResult, address: Address) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if address.context is None:
        return http.client.HTTPConnection(host, parts.port, timeout=address.timeout)
    return http.client.HTTPSConnection(
        host, parts.port, timeout=address.timeout, context=address.context
    )


@contextlib.contextmanager
def _ended_after(
    seconds: float, connection: socket.socket | None, late: threading.Event
) -> Iterator[None]:
    # A server that sends a byte now and then is never silent for as long as a timeout.
    def end() -> None:
        late.set()
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _explain(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it takes too long to answer"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def _judge(response: http.client.HTTPResponse, said: str) -> None:
    status = response.status
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        why = f"status {status}: it wants to send this somewhere else; put that into the url"
        raise NotSent(why, final=True)
    text = one_line(said)
    final = 400 <= status < 500 and status not in _LATER
    raise NotSent(
        f"status {status}" + (f": {text}" if text else ""),
        final=final,
        delay=_delay(response.getheader("Retry-After", "")),
    )


def _delay(text: str) -> float | None:
    """Return the seconds after which a server wants to be asked again, where it says so."""
    if not text.isascii() or not text.isdigit():
        return None
    return min(float(text[:10]), _LONGEST_DELAY)
