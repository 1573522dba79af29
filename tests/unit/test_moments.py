"""Moments in records: every host has to understand when a signature expires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment.moments import moment_of, text_of


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (
            datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2))),
            "2025-12-31T22:30:00Z",
        ),
        (
            datetime(2025, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))),
            "2026-01-01T04:00:00Z",
        ),
    ],
)
def test_a_moment_is_told_in_utc_whatever_the_publisher_s_zone(
    moment: datetime, text: str
) -> None:
    assert text_of(moment) == text


@given(st.integers(0, 250_000_000_000), st.integers(0, 999_999), st.integers(-14, 14))
def test_what_was_written_is_the_same_moment_to_the_second(
    seconds: int, microseconds: int, hours: int
) -> None:
    """Else a revision would expire on some hosts and not on others."""
    moment = datetime.fromtimestamp(seconds, timezone(timedelta(hours=hours)))
    text = text_of(moment.replace(microsecond=microseconds))
    assert moment_of(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04:05+00:00",
        "2026-01-02 03:04:05Z",
        "2026-02-30T03:04:05Z",
        "2026-01-02T03:04:05Z ",
        "2026-01-02T03:04:05.5Z",
    ],
)
def test_what_is_no_moment_is_not_guessed_at(text: str) -> None:
    """A host that took it for some moment could accept what has expired."""
    with pytest.raises(ValueError, match=r"does not match|unconverted data|day .* range"):
        moment_of(text)
