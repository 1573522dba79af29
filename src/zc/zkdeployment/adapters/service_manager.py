"""What systemd, or who speaks like it, is told about this process: sd_notify(3)."""

from __future__ import annotations

import logging
import os
import re
import socket
from collections.abc import Mapping

logger = logging.getLogger(__name__)

_LONGEST_STATUS = 500  # characters
_PATIENCE = 1.0  # seconds; a service manager that is busy must not hold up a deployment

_unprintable = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


class ServiceManager:
    """Tells who started this process how it is; tells nobody where nobody wants to know.

    ``address`` is that of a socket, as ``NOTIFY_SOCKET`` has it: an absolute path, or ``@``
    and an abstract name. ``watchdog`` are the seconds in which :meth:`alive` has to be
    called again and again, ``None`` if there is no watchdog. Any thread may call.
    """

    def __init__(self, address: str | None = None, watchdog: float | None = None) -> None:
        self._address = _checked(address)
        self.watchdog = watchdog if self._address else None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> ServiceManager:
        """Return the service manager that started the process with this environment."""
        return cls(environ.get("NOTIFY_SOCKET"), _watchdog(environ))

    @property
    def listens(self) -> bool:
        """Whether anybody wants to know."""
        return self._address is not None

    def ready(self) -> None:
        """Say that the process does its work now."""
        self._tell("READY=1")

    def status(self, text: str) -> None:
        """Show what the process does, in one line."""
        self._tell(f"STATUS={_unprintable.sub(' ', text)[:_LONGEST_STATUS]}")

    def alive(self) -> None:
        """Keep the watchdog from ending the process."""
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the process is about to end."""
        self._tell("STOPPING=1")

    def extend(self, seconds: float) -> None:
        """Ask for time: whatever goes on, start or end, may take that long from now."""
        self._tell(f"EXTEND_TIMEOUT_USEC={round(seconds * 1_000_000)}")

    def _tell(self, message: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.settimeout(_PATIENCE)
                sender.sendto(message.encode(), self._address)
        except OSError as error:  # no reason to stop working
            logger.debug("The service manager does not hear %r: %s", message, error)


def _checked(address: str | None) -> str | None:
    if not address:
        return None
    if address[0] == "@":
        return "\0" + address[1:]
    if address[0] == "/":
        return address
    logger.warning("NOTIFY_SOCKET is neither a path nor an abstract name: %r", address[:200])
    return None


def _watchdog(environ: Mapping[str, str]) -> float | None:
    """Return the seconds of the watchdog, ``None`` if it is not for this process."""
    text, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if pid and pid != str(os.getpid()):
        return None
    if not re.fullmatch("[0-9]{1,15}", text) or int(text) == 0:
        return None
    return int(text) / 1_000_000
