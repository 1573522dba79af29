"""What is known of a session that nobody hears of."""

from __future__ import annotations

from zc.zkdeployment.adapters.session_clock import SessionClock


def test_a_session_is_alive_for_as_long_as_the_last_answer_vouches_for_it() -> None:
    clock = SessionClock(3600)
    assert not clock.runs()
    clock.sends()
    assert not clock.runs()  # it was not heard yet
    clock.hears()
    assert clock.runs()
    clock.sends()
    assert clock.runs()  # what is asked takes nothing away


def test_a_session_may_end_while_an_answer_is_on_its_way() -> None:
    clock = SessionClock(0)
    clock.sends()
    clock.hears()
    assert not clock.runs()
