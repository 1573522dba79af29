"""What is kept of what a program prints."""

from __future__ import annotations

import os
import tempfile
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment.adapters.output import KEPT, Output, printable

LARGE = 4 * 1024 * 1024 + 1


def size(output: Output) -> int:
    return os.fstat(output.fileno()).st_size


@pytest.mark.parametrize("length", [0, 1, KEPT, KEPT + 1, 2 * KEPT])
def test_output_up_to_the_limit_is_complete(length: int) -> None:
    with Output() as output:
        printed = bytes(ord("a") + n % 26 for n in range(length))
        os.write(output.fileno(), printed)

        assert output.text() == printed.decode()


def test_of_longer_output_the_middle_is_left_out_and_counted() -> None:
    with Output() as output:
        os.write(output.fileno(), b"a" * KEPT + b"x" * 17 + b"z" * KEPT)

        assert output.text() == "a" * KEPT + "\n[… 17 bytes left out …]\n" + "z" * KEPT


def test_a_large_output_does_not_stay_on_the_disk() -> None:
    with Output() as output:
        for letter in (b"a", b"b", b"c"):
            os.write(output.fileno(), letter * LARGE)
            output.trim()
            assert size(output) == 0
        os.write(output.fileno(), b"end")

        left_out = 3 * LARGE + 3 - 2 * KEPT
        assert output.text() == (
            "a" * KEPT + f"\n[… {left_out} bytes left out …]\n" + "c" * (KEPT - 3) + "end"
        )


def test_a_small_output_is_left_alone_while_the_program_runs() -> None:
    with Output() as output:
        os.write(output.fileno(), b"hello")
        output.trim()

        assert size(output) == 5


def test_a_program_that_truncates_its_output_does_no_harm() -> None:
    """``echo >/dev/stderr`` does that to an output that is a file."""
    with Output() as output:
        os.write(output.fileno(), b"lost")
        os.truncate(f"/proc/self/fd/{output.fileno()}", 0)
        os.write(output.fileno(), b"kept")

        assert output.text() == "kept"


@given(st.lists(st.binary(max_size=20) | st.just(b"x" * KEPT), max_size=6))
def test_however_it_is_written_and_looked_at_both_ends_are_kept(parts: list[bytes]) -> None:
    whole = b"".join(parts)
    with Output() as output:
        for part in parts:
            os.write(output.fileno(), part)
            output.text()
        text = output.text()

    head, tail = whole[:KEPT], whole[-KEPT:] if len(whole) > KEPT else b""
    assert text.startswith(printable(head.decode(errors="backslashreplace"))[: KEPT // 2])
    assert text.endswith(printable(tail.decode(errors="backslashreplace"))[-KEPT // 2 :])
    assert ("left out" in text) == (len(whole) > 2 * KEPT)


@given(st.text())
def test_printable_text_has_nothing_but_text_tabs_and_newlines(text: str) -> None:
    shown = printable(text)

    assert printable(shown) == shown
    assert not any(ord(c) < 32 and c not in "\t\n" for c in shown)
    shown.encode()


def test_more_is_kept_of_what_has_to_be_whole() -> None:
    with Output(3 * KEPT) as output:
        os.write(output.fileno(), b"x" * 6 * KEPT)
        assert output.text() == "x" * 6 * KEPT


def test_the_end_of_what_was_printed_so_far_can_be_seen_meanwhile() -> None:
    """People watch a script while it runs, whatever was taken from its file already."""
    with Output() as output:
        assert output.end(10) == ""
        os.write(output.fileno(), b"one\ntwo\n")
        assert output.end(100) == "one\ntwo\n"
        assert output.end(4) == "two\n"

        os.write(output.fileno(), b"a" * LARGE + b"three\xff\n")
        output.trim()
        assert output.end(7) == "three\\xff\n"
        os.write(output.fileno(), b"four\n")
        assert output.end(7) == "\\xff\nfour\n"
        assert output.text().endswith("three\\xff\nfour\n")
        assert output.end(5) == "four\n"
    assert output.end(5) == "", "another file may have its number by now"


def test_who_looks_at_an_output_meanwhile_finds_no_other_file() -> None:
    """The number of a closed file may be that of another one, a secret say."""
    looks: list[str] = []
    done = threading.Event()
    current: list[Output] = []

    def look() -> None:
        while not done.is_set():
            looks.extend(output.end(10) for output in current[-1:])

    looking = threading.Thread(target=look)
    looking.start()
    for _ in range(200):
        with Output() as output:
            os.write(output.fileno(), b"printed\n")
            current.append(output)
        with tempfile.TemporaryFile() as other:
            other.write(b"secret")
            other.flush()
    done.set()
    looking.join()
    assert set(looks) <= {"printed\n", ""}
