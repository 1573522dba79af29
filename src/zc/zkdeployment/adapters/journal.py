"""Log records in systemd's journal, each with fields that can be asked for.

Source: systemd's description of its native journal protocol, and sd-daemon(3) for the
numbers in front of lines.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import socket
import struct
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

#: Where the journal listens.
SOCKET = Path("/run/systemd/journal/socket")

_LARGEST = 16 * 1024 * 1024  # bytes of a record; the journal takes more, but who would read it

_Fields = Mapping[str, str]

_levels = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_name = re.compile("[A-Z][A-Z0-9_]{0,63}").fullmatch


def is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Tell whether what is written to ``stream`` goes to the journal.

    ``JOURNAL_STREAM`` tells which device and inode do; who was started by a service and
    then got another standard error has the variable, too.
    """
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # closed, or no file
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


class JournalHandler(logging.Handler):
    """Sends each record to the journal, as one entry, however many lines it has.

    ``fields`` is asked for what to add to each: names in capitals and their values. Where
    no journal listens at ``address``, lines go to ``stream`` with their priority in front,
    which is what the journal understands, too. One that is stuck gets ``patience`` seconds for
    each record, which is lost then: a deployment must not hang for it.
    """

    def __init__(
        self,
        fields: Callable[[], _Fields] = dict,
        *,
        address: Path = SOCKET,
        stream: TextIO | None = None,
        patience: float = 1.0,
    ) -> None:
        super().__init__()
        self._fields = fields
        self._address = str(address)
        self._stream = stream or sys.stderr
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.settimeout(patience)

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record."""
        try:
            text = self.format(record)
            entry = encode({**self._fields(), **_about(record), "MESSAGE": text})
            if not self._send(entry):
                self._stream.write(prefixed(text, record.levelno))
                self._stream.flush()
        except Exception:  # as in the standard library: logging must not end what is logged
            self.handleError(record)

    def close(self) -> None:
        """Send nothing any more."""
        self._socket.close()
        super().close()

    def _send(self, entry: bytes) -> bool:
        """Send an entry; tell whether there is a journal."""
        try:
            self._socket.sendto(entry, self._address)
        except TimeoutError:
            return True
        except OSError as error:
            # "too long" is one of several answers to what fits into no datagram
            return len(entry) > 1024 and not _is_away(error) and self._send_as_file(entry)
        return True

    def _send_as_file(self, entry: bytes) -> bool:
        """Hand over a file without a name that nobody can change any more."""
        descriptor = os.memfd_create("journal-entry", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
        try:
            with open(descriptor, "wb", closefd=False) as file:
                file.write(entry)
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _sealed)
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", descriptor))
            self._socket.sendmsg([], [rights], 0, self._address)
        except TimeoutError:
            return True
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True


_sealed = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


def encode(fields: _Fields) -> bytes:
    """Return an entry as the journal takes it; fields that it would refuse are left out."""
    entry = bytearray()
    for name, text in fields.items():
        value = text.encode("utf-8", "backslashreplace")[: _LARGEST // 2]
        if not _name(name):
            continue
        if b"\n" in value:
            entry += name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
        else:
            entry += name.encode() + b"=" + value + b"\n"
    return bytes(entry)


def prefixed(text: str, level: int) -> str:
    """Return lines that tell the journal how serious they are: ``<3>...``."""
    number = priority(level)
    lines = text.split("\n")
    shown = "".join(f"<{number}>{line}\n" for line in lines)
    return shown.encode("utf-8", "backslashreplace").decode()


def priority(level: int) -> int:
    """Return the number that syslog and the journal have for a level of :mod:`logging`."""
    return next((number for least, number in _levels if level >= least), 7)


def _about(record: logging.LogRecord) -> dict[str, str]:
    """Return what is known of a record besides its text."""
    fields = {
        "PRIORITY": str(priority(record.levelno)),
        "SYSLOG_IDENTIFIER": "zkdeploy",
        "SYSLOG_PID": str(record.process),
        "LOGGER": record.name,
        "THREAD_NAME": str(record.threadName),
        "CODE_FILE": record.pathname,
        "CODE_LINE": str(record.lineno),
        "CODE_FUNC": str(record.funcName),
    }
    if record.exc_info and record.exc_info[0]:
        fields["EXCEPTION"] = record.exc_info[0].__name__
    return fields


def _is_away(error: OSError) -> bool:
    return isinstance(error, FileNotFoundError | ConnectionRefusedError)
