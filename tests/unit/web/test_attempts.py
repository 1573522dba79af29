"""Guessing tokens takes for ever, and keeps no operator out."""

from __future__ import annotations

import pytest

from zc.zkdeployment.web.attempts import MOST, Attempts, TooManyTokens
from zc.zkdeployment.web.tokens import Tokens

_ANN = "a" * 32
_BOB = "b" * 32


@pytest.fixture
def attempts() -> Attempts:
    return Attempts(Tokens({_ANN: "ann", _BOB: "bob"}))


def _guess(attempts: Attempts, times: int, now: float) -> int:
    """Return how many of so many wrong tokens are judged."""
    judged = 0
    for number in range(times):
        try:
            assert attempts.operator(f"{number:032}", now) is None
            judged += 1
        except TooManyTokens:
            continue
    return judged


def test_some_wrong_tokens_are_judged_and_then_one_a_second(attempts: Attempts) -> None:
    assert _guess(attempts, 1000, 5.0) == MOST
    assert _guess(attempts, 1000, 5.5) == 0
    assert _guess(attempts, 1000, 6.0) == 1
    assert _guess(attempts, 1000, 16.0) == 10
    assert _guess(attempts, 1000, 1e6) == MOST


def test_nobody_learns_that_a_guess_was_right_once_there_were_too_many(attempts: Attempts) -> None:
    _guess(attempts, MOST, 0.0)
    with pytest.raises(TooManyTokens, match="try again"):
        attempts.operator(_BOB, 0.0)
    assert attempts.operator(_BOB, 1.0) == "bob"


def test_who_was_heard_before_is_heard_while_others_guess(attempts: Attempts) -> None:
    assert attempts.operator(_ANN, 0.0) == "ann"
    _guess(attempts, 1000, 0.0)
    assert attempts.operator(_ANN, 0.0) == "ann"


def test_right_tokens_are_not_counted(attempts: Attempts) -> None:
    assert {attempts.operator(_ANN, 0.0) for _ in range(10 * MOST)} == {"ann"}
    assert _guess(attempts, 1000, 0.0) == MOST
