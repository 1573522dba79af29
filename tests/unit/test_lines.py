"""Texts of others in one line: nothing in them reaches a terminal as more than text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment.lines import one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the disk is full", "the disk is full"),
        ("  two\n lines\r\n", "two lines"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("\u202eright to left, \x00 \ud800", "right to left,"),
        ("\n\t \x7f", ""),
    ],
)
def test_what_could_disturb_a_terminal_is_left_out(text: str, shown: str) -> None:
    assert one_line(text) == shown


@given(st.text(st.characters()), st.integers(1, 20))
def test_it_is_printable_and_bounded(text: str, longest: int) -> None:
    for shown in (one_line(text), one_line(text, longest)):
        assert shown.isprintable()
        assert shown == " ".join(shown.split())
    assert len(one_line(text, longest)) <= longest


def test_who_reads_it_sees_that_it_was_cut() -> None:
    assert one_line("a very long story", 10) == "a very lo…"
