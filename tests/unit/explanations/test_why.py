"""Causes in order of weight, in words that escape nothing and commands that exist."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.commands import check_commands
from tests.support.overviews import AT, fleet, publication

from zc.zkdeployment.cli.hosts_table import hosts_lines
from zc.zkdeployment.cli.status_format import Details, facts, host_facts, output_lines
from zc.zkdeployment.explanations import advice
from zc.zkdeployment.explanations.why import (
    explain_absent,
    explain_fleet,
    explain_host,
    explain_node,
)
from zc.zkdeployment.publication.refusals import Refusal
from zc.zkdeployment.reports.report import Activity, Drift, Failure, Report, Result, encode_report
from zc.zkdeployment.views.lock_states import Holder, LockState, Waiter
from zc.zkdeployment.views.overview import Overview, Sight, overview_of

BUSY = {
    "name": "one",
    "version": 1,
    "report": encode_report(
        Report(Activity.DEPLOYING, 2, "deploying /app 0", AT, output=("tick",))
    ),
}
DRIFTED = {
    "name": "two",
    "version": 2,
    "report": encode_report(Report(Activity.IDLE, 2, drift=Drift(AT, ("/opt/web is gone",)))),
}
UNREPAIRED = {
    "name": "two",
    "version": 2,
    "report": encode_report(
        Report(Activity.IDLE, 2, drift=Drift(AT, ("/opt/web is gone",), unrepaired="no web-2"))
    ),
}
FAILED = {
    "name": "three",
    "version": 1,
    "error": "Command failed: /opt/web/bin/zookeeper-deploy /app 0 (took longer than 60 s)",
    "report": encode_report(
        Report(
            Activity.FAILED,
            2,
            "deploying /app 0",
            AT,
            results=(Result("install web", True, 1.25, AT),),
            failure=Failure("deploying /app 0", "no", AT, ("boom",)),
        )
    ),
}


def lock(*holders: tuple[str, bool], waiters: tuple[str, ...] = ()) -> LockState:
    held = tuple(Holder(name, name, AT, alive, step="deploying") for name, alive in holders)
    return LockState("node", "/app", held, tuple(Waiter(name, name, AT) for name in waiters))


def at(version: Any, index: int = 2, **more: Any) -> Overview:
    more.setdefault("newest", publication(2))
    return fleet(version, index, **more)


FLEETS = {
    "no fleet yet": (overview_of(Sight(AT)), "no fleet yet"),
    "done": (at(2, hosts={"h1": {"version": 2}}), "waits for nothing"),
    "stopped by hand": (
        at(
            None, stopped={"by": "a@b", "at": AT, "reason": "fire", "version": "x'y", "changes": 1}
        ),
        "a@b stopped it at version",
    ),
    "stopped without a reason": (
        at(None, stopped={"by": "a@b", "at": AT, "reason": None, "version": 2, "changes": 1}),
        "gave no reason",
    ),
    "a host failed": (at(None, hosts={"h1": BUSY, "h3": FAILED}), "three (h3) failed at the step"),
    "nobody knows": (at(None, hosts={"h1": {"version": 1}}), "nobody says why"),
    "held": (at(False), "hold still"),
    "no version": (at(True), "no agent can deploy that"),
    "failed, and goes on": (at(2, hosts={"h1": BUSY, "h3": FAILED}), "three (h3) failed"),
    "a dead host": (
        at(2, hosts={"h1": {"version": 1}}, locks=(lock(("h9", False), waiters=("h1",)),)),
        "the lock of /app is held by h9 since",
    ),
    "a dead host among two": (
        at(2, hosts={"h1": BUSY}, locks=(lock(("h1", True), ("h9", False)),)),
        "the lock of /app is held by h9 since",
    ),
    "at work": (at(2, hosts={"h1": BUSY, "h2": DRIFTED}), "one (h1) is at 'deploying /app 0'"),
    "not begun": (at(2, hosts={"h1": {"version": 1}}), "h1 did not begin with it yet"),
    "by hand": (at(2, hosts={"h1": {"version": 2}}, newest=None), "was set by hand"),
    "drift": (at(2, hosts={"h2": DRIFTED}), "two (h2) has drifted"),
    "drift that cannot be repaired": (at(2, hosts={"h2": UNREPAIRED}), "two (h2) has drifted"),
    "absent": (
        at(2, hosts={"h1": {"version": 2}}, targets=frozenset({"h1", "h9"})),
        "The tree expects h9",
    ),
    "refused": (
        overview_of(Sight(AT, {"version": 2}, 2, refusal=Refusal("me@ops", AT, 3, "no", 2))),
        "A publisher was refused: me@ops wanted to publish version 3",
    ),
    "damaged": (overview_of(Sight(AT, {"version": 2}, 2, trouble="cut")), "cannot be read: cut"),
}


@pytest.mark.parametrize(("overview", "cause"), FLEETS.values(), ids=FLEETS)
def test_the_cause_is_named_and_the_commands_exist(overview: Overview, cause: str) -> None:
    explanation = explain_fleet(overview)
    assert cause in explanation.cause
    check_commands(explanation)
    assert explanation.next_steps or "waits for nothing" in explanation.cause
    for host in overview.hosts:
        check_commands(explain_host(overview, host))
    for path in ("/app", "/nothing"):
        check_commands(explain_node(overview, path))
    check_commands(explain_absent(overview, "h9"))


def test_other_causes_are_told_too() -> None:
    overview = at(None, hosts={"h2": DRIFTED, "h3": FAILED}, targets=frozenset({"h9"}))
    details = explain_fleet(overview).details
    assert "| boom" in details
    assert any(line.startswith("also: two (h2) has drifted") for line in details)
    assert any(line.startswith("also: The tree expects h9") for line in details)


def test_a_repair_that_failed_says_why_and_is_not_offered_again() -> None:
    explanation = explain_fleet(at(2, hosts={"h2": UNREPAIRED}))
    assert explanation.details == ("its repair failed: no web-2",)
    assert not any("drift = repair" in step for step in explanation.next_steps)
    assert any("mend on two (h2)" in step for step in explanation.next_steps)


def test_who_failed_first_is_named_first() -> None:
    """It stopped the fleet; others were at work yet, and failed after it."""
    later = encode_report(
        Report(Activity.FAILED, 2, failure=Failure("deploying", "no", "2024-05-06T07:09:09Z"))
    )
    hosts = {"h0": {"name": "a", "error": "no", "report": later}, "h3": FAILED}
    explanation = explain_fleet(at(None, hosts=hosts))
    assert explanation.cause.startswith("The fleet is stopped: three (h3) failed")
    assert "also failed: a (h0)" in explanation.details


def test_nobody_goes_back_before_the_first_publication() -> None:
    for newest, possible in ((publication(2, 1), False), (publication(2, 2), True)):
        steps = explain_fleet(at(None, hosts={"h3": FAILED}, newest=newest)).next_steps
        assert any("zkdeploy rollback" in step for step in steps) is possible


def test_one_host_at_work_is_one() -> None:
    busy = {name: {**BUSY, "name": name} for name in ("h1", "h2")}
    assert "1 more host is at work" in explain_fleet(at(2, hosts=busy)).details


def test_whom_most_wait_for_is_named() -> None:
    hosts = {name: {**BUSY, "name": name} for name in ("h1", "h2")}
    held = lock(("h2", True), waiters=("h3", "h4"))
    explanation = explain_fleet(at(2, hosts=hosts, locks=(held,)))
    assert "h2 is at 'deploying /app 0'" in explanation.cause
    assert "2 hosts wait for it" in explanation.cause
    assert "| tick" in explanation.details


def test_a_waiting_host_is_told_whom_it_waits_for() -> None:
    hosts = {"h1": BUSY, "h2": {"version": 1}}
    overview = at(2, hosts=hosts, locks=(lock(("h1", True), waiters=("h2",)),))
    waiting = overview.host("h2")
    assert waiting is not None
    cause = explain_host(overview, waiting).cause
    assert cause.startswith(f"h2 waits since {AT} (0 s) for the lock of /app.")
    assert "held by h1" in cause
    assert "one (h1) is at 'deploying /app 0'" in cause


def test_a_host_that_failed_tells_output_and_times() -> None:
    overview = at(None, hosts={"h3": FAILED})
    explanation = explain_host(overview, overview.hosts[0])
    assert "| boom" in explanation.details
    assert "before: install web took 1.2 s" in explanation.details
    assert any("a larger timeout" in step for step in explanation.next_steps)
    assert any(step.endswith("zkdeploy resume 2") for step in explanation.next_steps)


@pytest.mark.parametrize(
    ("error", "advised"),
    [
        ("version 2: it is not signed, and this host accepts signed revisions only", "--sign KEY"),
        ("version 2: signed with key 'x', which this host does not trust", "public-keys"),
        ("version 2: its signature expired at 2030", "--sign KEY"),
        ("version 2 was not published: … this host accepts signed ones only", "--sign KEY"),
        ("Failed to install web-9 (installed: nothing)", "package repository"),
        ("Command failed: yum -y install web-9", "package repository"),
        ("Command failed: /opt/a/bin/x (took longer than 5 s)", "larger timeout"),
        ("/app: n must be", "zkdeploy sync --force SOURCE"),
        ("the database is not signed in", "zkdeploy sync --force SOURCE"),
    ],
)
def test_what_helps_depends_on_the_error(error: str, advised: str) -> None:
    overview = at(None, hosts={"h1": {"version": 1, "error": error}})
    steps = explain_fleet(overview).next_steps
    assert advised in steps[0] or advised in steps[1]


@pytest.mark.parametrize(
    ("version", "text"),
    [(42, "42"), (1.5, "1.5"), ("42", "'\"42\"'"), ("it's", "'\"it'\"'\"'s\"'"), (None, "None")],
)
def test_versions_are_written_as_commands_read_them(version: Any, text: str) -> None:
    assert advice.literal(version) == text


def test_long_and_hostile_texts_stay_short_and_in_one_line() -> None:
    hosts = {"h1": {"name": "x" * 5000, "version": 1, "error": "a\nb" * 2000}}
    explanation = explain_fleet(at(None, hosts=hosts))
    assert "\n" not in explanation.cause
    assert len(explanation.cause) < 1000


_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
_report = st.fixed_dictionaries(
    {"activity": st.sampled_from([each.value for each in Activity])},
    optional={
        "step": _value,
        "since": _value,
        "waits_for": _value,
        "output": _value,
        "failure": st.fixed_dictionaries({}, optional={"step": _value, "at": _value}),
        "drift": st.fixed_dictionaries({}, optional={"found": st.lists(_value)}),
    },
)


@given(
    st.fixed_dictionaries(
        {}, optional={"name": _value, "role": _value, "version": _value, "error": _value}
    ),
    _report,
    _value,
    _value,
)
def test_whatever_nodes_hold_something_is_said(
    node: dict[str, Any], report: dict[str, Any], version: Any, stopped: Any
) -> None:
    hosts = {"h1": {**node, "report": report}}
    overview = fleet(version, hosts=hosts, stopped=stopped, newest=publication(2))
    assert "\n" not in explain_fleet(overview).cause
    [host] = overview.hosts
    assert "\n" not in explain_host(overview, host).cause
    assert list(facts(overview))
    assert list(host_facts(overview, Details(host, ())))
    assert hosts_lines(overview, all_hosts=True)
    assert output_lines(host)
