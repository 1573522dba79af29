"""When a rollout is over, and how long it is said to take yet."""

from __future__ import annotations

import pytest
from tests.support.overviews import fleet, publication

from zc.zkdeployment.explanations.rollouts import Rollout, Verdict, remaining_seconds
from zc.zkdeployment.model import Version
from zc.zkdeployment.views.overview import Overview


def at(version: Version, targets: frozenset[str] = frozenset(), **hosts: Version) -> Overview:
    nodes = {name: {"name": name, "version": reached} for name, reached in hosts.items()}
    return fleet(version, hosts=nodes, newest=publication(2), targets=targets)


@pytest.mark.parametrize(
    ("overview", "verdict"),
    [
        pytest.param(at(2, h1=2, h2=2), Verdict.DONE, id="all are done"),
        pytest.param(at(2, h1=2, h2=1), Verdict.RUNNING, id="one is not"),
        pytest.param(at(2, h1=2), Verdict.RUNNING, id="one has vanished"),
        pytest.param(at(2, h1=2, h2=2, h3=1), Verdict.RUNNING, id="another one came"),
        pytest.param(at(None, h1=2, h2=2), Verdict.STOPPED, id="all stop"),
        pytest.param(at(False, h1=2, h2=2), Verdict.RUNNING, id="held"),
        pytest.param(at(3, h1=2, h2=2), Verdict.SUPERSEDED, id="another version"),
        pytest.param(at(2, frozenset({"h9"}), h1=2, h2=2), Verdict.DONE, id="one never came"),
    ],
)
def test_a_rollout_is_over_when_all_that_were_there_are_done(
    overview: Overview, verdict: Verdict
) -> None:
    assert Rollout(2, at(1, h1=1, h2=1).hosts).judge(overview) is verdict


def test_targets_that_never_came_are_waited_for_if_that_is_wanted() -> None:
    rollout = Rollout(2, all_targets=True)
    overview = at(2, frozenset({"h1", "h9"}), h1=2)
    assert rollout.judge(overview) is Verdict.RUNNING
    assert rollout.missing(overview) == ("h9",)
    assert rollout.total(overview) == 2
    assert rollout.judge(at(2, frozenset({"h1", "h9"}), h1=2, h9=2)) is Verdict.DONE


def test_where_no_host_is_at_all_nothing_is_done() -> None:
    assert Rollout(2).judge(at(2, frozenset({"h1"}))) is Verdict.RUNNING
    assert Rollout(2).judge(at(2)) is Verdict.DONE, "the tree wants nothing"


def test_a_host_with_an_error_is_not_done() -> None:
    overview = fleet(2, hosts={"h1": {"version": 2, "error": "no"}}, newest=publication(2))
    assert Rollout(2).judge(overview) is Verdict.RUNNING


@pytest.mark.parametrize(
    ("finished", "left", "now", "seconds"),
    [
        pytest.param((), 4, 60.0, None, id="nothing is known before the first one"),
        pytest.param((10.0,), 3, 10.0, 30.0, id="each takes as long as the first"),
        pytest.param((10.0, 20.0), 2, 24.0, 16.0, id="the next one has begun"),
        pytest.param((10.0, 20.0), 2, 60.0, 10.0, id="the next one is late"),
        pytest.param((10.0, 20.0), 1, 60.0, 0.0, id="the last one is late"),
        pytest.param((10.0, 10.0, 10.0, 10.0), 4, 10.0, 10.0, id="several at once"),
        pytest.param((10.0,), 0, 99.0, 0.0, id="none is left"),
    ],
)
def test_the_rest_is_estimated_from_what_was_seen(
    finished: tuple[float, ...], left: int, now: float, seconds: float | None
) -> None:
    assert remaining_seconds(finished, left, now) == seconds
