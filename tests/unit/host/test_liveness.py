"""When an agent counts as hung: wrong, and it is killed in a long script, or never."""

from __future__ import annotations

import math

import pytest

from zc.zkdeployment.host.liveness import Liveness, Signs

PATIENCE = 90.0


@pytest.mark.parametrize(
    ("looks", "well"),
    [
        pytest.param([(0, Signs(1)), (80, Signs(1))], True, id="a slow step has its time"),
        pytest.param([(0, Signs(1)), (91, Signs(1))], False, id="a step that never ends"),
        pytest.param([(0, Signs(1)), (91, Signs(2))], True, id="another step"),
        pytest.param(
            [(0, Signs(1, waits=True)), (9999, Signs(1, waits=True))], True, id="nothing to do"
        ),
        pytest.param(
            [(0, Signs(1, waits=True)), (9999, Signs(1))], False, id="woken, and then nothing"
        ),
        pytest.param(
            [(0, Signs(1, may_run_until=3600)), (3599, Signs(1, may_run_until=3600))],
            True,
            id="a long script within its time",
        ),
        pytest.param(
            [(0, Signs(1, may_run_until=3600)), (3601, Signs(1, may_run_until=3600))],
            False,
            id="a script that nobody ends although its time is over",
        ),
        pytest.param(
            [(0, Signs(1, may_run_until=math.inf)), (99999, Signs(1, may_run_until=math.inf))],
            True,
            id="a script without a limit",
        ),
        pytest.param(
            [
                (0, Signs(1, may_run_until=3600)),
                (3500, Signs(1, may_run_until=3600)),
                (3580, Signs(1)),
            ],
            True,
            id="patience counts from the end of the script",
        ),
    ],
)
def test_who_gets_on(looks: list[tuple[float, Signs]], well: bool) -> None:
    liveness = Liveness(PATIENCE, 0)
    verdicts = [liveness.is_well(signs, now) for now, signs in looks]
    assert verdicts[:-1] == [True] * (len(looks) - 1)
    assert verdicts[-1] is well


def test_who_got_stuck_and_goes_on_is_well_again() -> None:
    liveness = Liveness(PATIENCE, 0)
    assert not liveness.is_well(Signs(-1), 91)
    assert liveness.is_well(Signs(2), 92)
