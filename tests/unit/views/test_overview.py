"""How hosts are, by what their nodes and the locks tell, and what is shown of a fleet."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.overviews import AT, fleet, publication

from zc.zkdeployment.publication.refusals import Refusal, decode_refusal, encode_refusal
from zc.zkdeployment.reports.report import Activity, Drift, Failure, Report, encode_report
from zc.zkdeployment.views.lock_states import Holder, LockState, Waiter
from zc.zkdeployment.views.overview import HostState, Overview, Sight, overview_of

DRIFT = Drift(AT, ("/opt/web is gone", "/etc/web is gone"))


def told(report: Report, **properties: Any) -> dict[str, Any]:
    return {"name": "one", "version": 1, **properties, "report": encode_report(report)}


def lock(holder: str | None = None, *waiters: str, alive: bool = True) -> LockState:
    holders = (Holder(holder, holder, AT, alive, step="deploying"),) if holder else ()
    return LockState("node", "/app", holders, tuple(Waiter(name, name, AT) for name in waiters))


@pytest.mark.parametrize(
    ("node", "version", "locks", "state"),
    [
        ({"version": 1}, 1, (), HostState.CURRENT),
        ({"version": 1}, 2, (), HostState.BEHIND),
        ({"version": 1}, False, (), HostState.STOPPED),
        ({"version": 1}, None, (), HostState.STOPPED),
        ({"version": 2}, None, (), HostState.CURRENT),
        ({"version": None}, 1, (), HostState.BEHIND),
        ({"version": True}, 1, (), HostState.BEHIND),
        ({"version": 1, "error": "no"}, 1, (), HostState.FAILED),
        ({"version": 1, "error": 3}, 1, (), HostState.FAILED),
        ({"version": 1}, 2, (lock("h1"),), HostState.DEPLOYING),
        ({"version": 1}, 2, (lock("h2", "h1"),), HostState.WAITING),
        ({"version": 1}, 2, (lock("h1"), lock("h2", "h1")), HostState.WAITING),
        ({"version": 1}, 2, (lock("h1", alive=False),), HostState.BEHIND),
        (told(Report(Activity.DEPLOYING, 2)), 2, (), HostState.DEPLOYING),
        (told(Report(Activity.WAITING, 2)), 2, (), HostState.WAITING),
        (told(Report(Activity.DEPLOYING, 2)), None, (), HostState.DEPLOYING),
        (told(Report(Activity.IDLE, 1)), 1, (), HostState.CURRENT),
        (told(Report(Activity.IDLE, 1, drift=DRIFT)), 1, (), HostState.DRIFTED),
        (
            told(Report(Activity.IDLE, 1, drift=Drift(AT, (), ("a",), AT))),
            1,
            (),
            HostState.CURRENT,
        ),
        (told(Report(Activity.DEPLOYING, 2, drift=DRIFT)), 2, (), HostState.DEPLOYING),
        (told(Report(Activity.FAILED, 2), error="no"), 2, (), HostState.FAILED),
        (told(Report(Activity.FAILED, 2)), 2, (), HostState.BEHIND),
        ({"version": 1, "report": "nonsense"}, 1, (), HostState.CURRENT),
        ({}, 1, (), HostState.BEHIND),
    ],
)
def test_a_host_is_as_its_node_and_the_locks_tell(
    node: dict[str, Any], version: Any, locks: tuple[LockState, ...], state: HostState
) -> None:
    [host] = fleet(version, hosts={"h1": node}, newest=publication(2), locks=locks).hosts
    assert host.state is state


def test_what_a_host_does_and_since_when() -> None:
    later = "2024-05-06T07:08:10Z"
    report = Report(
        Activity.FAILED, 2, "later step", later, failure=Failure("deploying /app 0", "no", AT)
    )
    [host] = fleet(2, hosts={"h1": told(report, error="no")}).hosts
    assert (host.step, host.since) == ("deploying /app 0", AT)
    [host] = fleet(2, hosts={"h1": {"version": 1}}, locks=(lock("h1"),)).hosts
    assert (host.step, host.since) == ("deploying", AT)
    [host] = fleet(2, hosts={"h1": {"version": 1}}, locks=(lock("h2", "h1"),)).hosts
    assert (host.waits_for, host.since) == ("/app", AT)
    [host] = fleet(1, hosts={"h1": told(Report(Activity.IDLE, 1, drift=DRIFT))}).hosts
    assert host.since == AT


def test_problems_come_first_and_then_names() -> None:
    nodes = {
        "1": {"name": "c", "version": 2},
        "2": {"name": "b", "version": 1},
        "3": {"name": "a", "version": 1},
        "4": {"name": "d", "version": 1, "error": "no"},
    }
    overview = fleet(2, hosts=nodes)
    assert [host.identity.host_name for host in overview.hosts] == ["d", "a", "b", "c"]
    assert {state.value: n for state, n in overview.counts().items() if n} == {
        "failed": 1,
        "behind": 2,
        "current": 1,
    }
    assert (overview.done, overview.settled) == (1, False)


def test_absent_are_targets_that_nobody_is() -> None:
    nodes = {"h1": {"name": "one"}, "h2": {"name": "two", "role": "web"}}
    targets = frozenset({"h1", "one", "web", "two", "h9", "cache"})
    assert fleet(1, hosts=nodes, targets=targets).absent == ("cache", "h9")


def test_the_goal_of_a_stopped_fleet_is_what_it_had_before() -> None:
    stopped = {"by": "a@b", "at": AT, "reason": "fire", "version": 7, "changes": 1}
    overview = fleet(None, 2, stopped=stopped, newest=publication(6))
    assert overview.stop is not None
    assert (overview.goal, overview.stop.reason, overview.stopped) == (7, "fire", True)
    void = fleet(None, 3, stopped=stopped, newest=publication(6))
    assert (void.goal, void.stop) == (6, None)
    assert fleet(None).goal is None
    assert fleet(False, newest=publication(6)).goal == 6


def test_a_refusal_counts_until_the_fleet_moves() -> None:
    refusal = Refusal("me@ops", AT, 3, "no " * 1000, 5)
    kept = decode_refusal(encode_refusal(refusal))
    assert kept is not None
    assert len(kept.reason) <= 1000
    assert overview_of(Sight(AT, {"version": 1}, 5, refusal=kept)).refusal is kept
    assert overview_of(Sight(AT, {"version": 1}, 6, refusal=kept)).refusal is None
    assert decode_refusal({"by": "me"}) is None


def test_a_host_is_found_by_identifier_or_by_a_name_that_is_its_own() -> None:
    nodes = {"h1": {"name": "one"}, "h2": {"name": "same"}, "h3": {"name": "same"}}
    overview = fleet(1, hosts=nodes)
    found = overview.host("one")
    assert found is not None
    assert found.identity.host_identifier == "h1"
    assert overview.host("h2") is not None
    assert overview.host("same") is None, "it could be either"


def test_there_may_be_no_fleet() -> None:
    overview = overview_of(Sight(AT))
    assert (overview.index, overview.stopped, overview.settled) == (0, False, False)


_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from(["name", "role", "version", "error", "report", "x"]), _value, max_size=4
    ),
    _value,
)
def test_nothing_that_a_node_can_hold_is_too_much(node: dict[str, Any], version: Any) -> None:
    overview: Overview = fleet(version, hosts={"h1": node})
    assert len(overview.hosts) == 1
