"""When a host looks for drift, and how often it repairs what does not stay repaired."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment.host.rhythm import LONGEST_PAUSE, Rhythm, rhythm_of

HOUR = 3600.0


def test_a_thousand_hosts_that_were_done_together_look_at_different_moments() -> None:
    """Else they would all ask their package managers at once, on machines that they share."""
    minutes = Counter(
        int(rhythm_of(f"0015C5F4{number:04X}", HOUR).after(12345.0) // 60)
        for number in range(1000)
    )
    assert len(minutes) >= 60
    assert max(minutes.values()) < 50


@given(
    st.floats(1.0, 1e5),
    st.floats(0.0, 1e5),
    st.floats(0.0, 1e6),
)
def test_a_host_looks_once_per_interval_and_never_at_once(
    interval: float, offset: float, now: float
) -> None:
    rhythm = Rhythm(interval, offset)
    first = rhythm.after(now)
    slack = 1e-6 * (1 + now)
    assert interval / 2 - slack <= first - now <= 1.5 * interval + slack
    assert abs(rhythm.after(first) - first - interval) < slack
    assert -slack <= rhythm.next_turn(now) - now <= interval + slack


def test_what_cannot_be_repaired_is_tried_less_and_less_often_but_daily() -> None:
    rhythm = Rhythm(HOUR)
    tries = []
    last, repairs = 0.0, 0
    for look in range(1, 100):
        now = look * HOUR
        if rhythm.may_repair(repairs, last, now):
            tries.append(look)
            last, repairs = now + 20.0, repairs + 1  # it takes a moment
    assert tries[:6] == [1, 2, 4, 8, 16, 32]
    assert {later - earlier for earlier, later in pairwise(tries[6:])} == {24}


def test_who_looks_once_a_week_repairs_at_each_look() -> None:
    week = 7 * 24 * HOUR
    assert week > LONGEST_PAUSE
    assert Rhythm(week).may_repair(9, 0.0, week)
