"""What the journal gets, on a real socket."""

from __future__ import annotations

import array
import contextlib
import io
import logging
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zc.zkdeployment.adapters.journal import JournalHandler, encode, is_journal
from zc.zkdeployment.service import log_handler

LIMIT = 30  # seconds until a test that waits has failed


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.settimeout(LIMIT)
        made.bind(str(tmp_path / "journal"))
        yield made


def logger_of(handler: logging.Handler) -> logging.Logger:
    logger = logging.Logger("zc.test")
    logger.addHandler(handler)
    return logger


def fields_of(entry: bytes) -> dict[str, str]:
    """Read an entry as the journal does."""
    fields = {}
    while entry:
        line, _, entry = entry.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (size,) = struct.unpack("<Q", entry[:8])
            value, newline, entry = entry[8 : 8 + size], entry[8 + size :][:1], entry[9 + size :]
            assert newline == b"\n"
        fields[name.decode()] = value.decode()
    return fields


def receive(journal: socket.socket) -> dict[str, str]:
    data, rights, _, _ = journal.recvmsg(1 << 20, socket.CMSG_SPACE(4))
    for _, _, what in rights:
        (descriptor,) = array.array("i", what)
        with os.fdopen(descriptor, "rb") as file:
            file.seek(0)
            data = file.read()
    return fields_of(data)


def test_a_record_is_one_entry_with_fields(journal: socket.socket, tmp_path: Path) -> None:
    said = {"ZKDEPLOY_VERSION": "7", "ZKDEPLOY_NODE": "/cms\nPRIORITY=0"}
    handler = JournalHandler(lambda: said, address=tmp_path / "journal")
    logger_of(handler).warning("two\nlines of %s", "\udcff text")
    entry = receive(journal)
    handler.close()
    assert {name: entry[name] for name in entry if not name.startswith("CODE_")} == {
        "MESSAGE": "two\nlines of \\udcff text",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "zkdeploy",
        "SYSLOG_PID": str(os.getpid()),
        "LOGGER": "zc.test",
        "THREAD_NAME": "MainThread",
        **said,
    }
    assert entry["CODE_FILE"] == __file__


def test_an_error_brings_its_traceback_along(journal: socket.socket, tmp_path: Path) -> None:
    handler = JournalHandler(address=tmp_path / "journal")
    try:
        raise ValueError("waaaa")
    except ValueError:
        logger_of(handler).exception("deploying")
    entry = receive(journal)
    handler.close()
    assert entry["MESSAGE"].startswith("deploying\nTraceback")
    assert entry["MESSAGE"].endswith("\nValueError: waaaa")
    assert (entry["PRIORITY"], entry["EXCEPTION"]) == ("3", "ValueError")


def test_a_message_larger_than_a_datagram_arrives_whole(
    journal: socket.socket, tmp_path: Path
) -> None:
    handler = JournalHandler(address=tmp_path / "journal")
    text = "0123456789\n" * 500_000
    logger_of(handler).info(text)
    assert receive(journal)["MESSAGE"] == text
    handler.close()


def test_without_a_journal_lines_say_how_serious_they_are(tmp_path: Path) -> None:
    stream = io.StringIO()
    handler = JournalHandler(address=tmp_path / "nobody", stream=stream)
    logger = logger_of(handler)
    logger.critical("FAILED\ndeploying")
    logger.debug("detail")
    handler.close()
    assert stream.getvalue() == "<2>FAILED\n<2>deploying\n<7>detail\n"


def test_a_journal_that_is_stuck_holds_nobody_up(journal: socket.socket, tmp_path: Path) -> None:
    """Its standard error would hold up the agent for ever: that leads to the same journal."""
    stream = io.StringIO()
    handler = JournalHandler(address=tmp_path / "journal", stream=stream, patience=0.001)
    logger = logger_of(handler)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                other.sendto(b"A=1\n", str(tmp_path / "journal"))
    logger.info("lost")
    handler.close()
    assert stream.getvalue() == ""


def test_names_that_the_journal_refuses_are_left_out() -> None:
    """It would drop the field, and an underscore in front is its own."""
    assert fields_of(encode({"_UID": "0", "a": "1", "A=B": "2", "OK_1": "3"})) == {"OK_1": "3"}


def test_the_journal_is_known_by_what_standard_error_is(tmp_path: Path) -> None:
    """A service's child with its standard error in a file must not write to the journal."""
    with (tmp_path / "log").open("w") as file:
        about = os.fstat(file.fileno())
        environ = {"JOURNAL_STREAM": f"{about.st_dev}:{about.st_ino}"}
        assert is_journal(file, environ)
        assert not is_journal(file, {})
        assert not is_journal(file, {"JOURNAL_STREAM": f"{about.st_dev}:1"})
    assert not is_journal(file, environ)
    assert not is_journal(io.StringIO(), environ)


@pytest.mark.parametrize(
    ("log_format", "is_there", "chosen"),
    [
        ("auto", True, JournalHandler),
        ("auto", False, logging.StreamHandler),
        ("plain", True, logging.StreamHandler),
        ("journal", False, JournalHandler),
    ],
)
def test_the_log_format_is_chosen(
    log_format: str,
    is_there: bool,
    chosen: type[logging.Handler],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    with (tmp_path / "log").open("w") as file:
        monkeypatch.setattr(sys, "stderr", file)
        about = os.fstat(file.fileno())
        stream = f"{about.st_dev}:{about.st_ino if is_there else 1}"
        handler = log_handler(log_format, {"JOURNAL_STREAM": stream})
        handler.close()
    assert type(handler) is chosen
