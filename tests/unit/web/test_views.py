"""What browsers are told, in small: they end up with the whole, however it changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment.model import Identity, Manifest, TargetDeployment
from zc.zkdeployment.reports.report import Activity, Failure, Report, encode_report
from zc.zkdeployment.revisions.fleet_diff import compare
from zc.zkdeployment.views.lock_states import Holder, LockState
from zc.zkdeployment.views.overview import Sight, overview_of
from zc.zkdeployment.web.views import State, diff_of, difference, host_of, state_of

_AT = "2026-01-02T03:04:05Z"
_names = st.sampled_from(("h1", "h2", "h3", "h4"))
_hosts = st.dictionaries(
    _names,
    st.fixed_dictionaries(
        {"name": st.sampled_from(("one", "two")), "version": st.integers(1, 2)},
        optional={"error": st.text(max_size=3)},
    ),
)


@st.composite
def _states(draw: st.DrawFn) -> State:
    locks = draw(st.sampled_from(((), (LockState("node", "/a", (_holder(),), ()),))))
    sight = Sight(
        _AT, {"version": draw(st.integers(1, 2))}, 1, None, draw(_hosts), locks, None, None
    )
    return state_of(overview_of(sight), draw(st.sampled_from((None, _AT))))


def _holder() -> Holder:
    return Holder("h1", "one", None, alive=False)


def _told(known: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
    """Return what a browser knows that was told news: see ``static/store.js``."""
    hosts = (
        {}
        if news["whole"]
        else {k: v for k, v in known["hosts"].items() if k not in news.get("gone", ())}
    )
    return {
        "fleet": news.get("fleet", known.get("fleet")),
        "locks": news.get("locks", known.get("locks")),
        "hosts": {**hosts, **news.get("hosts", {})},
    }


@given(st.lists(_states(), min_size=1, max_size=4))
def test_whoever_hears_differences_knows_all(states: list[State]) -> None:
    known: dict[str, Any] = {"hosts": {}}
    before = None
    for state in states:
        known = _told(known, difference(before, state))
        assert known == {"fleet": state.fleet, "locks": state.locks, "hosts": dict(state.hosts)}
        before = state


@given(_states())
def test_nothing_is_told_where_nothing_changed(state: State) -> None:
    assert difference(state, state) == {"whole": False, "at": _AT}


def _fleet(**host: object) -> Sight:
    return Sight(_AT, {"version": 2}, 1, None, {"h1": host}, targets=frozenset({"h1", "h9"}))


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ("\n  first\nsecond", "first"),
        ("", "an error without a text"),
        ("x" * 900, "x" * 299 + "…"),
    ],
)
def test_a_row_shows_the_first_line_of_an_error(error: str, shown: str) -> None:
    state = state_of(overview_of(_fleet(error=error)), None)
    assert state.hosts["h1"]["error"] == shown


def test_a_host_is_shown_with_its_failure() -> None:
    report = Report(Activity.FAILED, 2, failure=Failure("deploy /a", "exit 3", _AT, ("no room",)))
    overview = overview_of(_fleet(name="one", error="e", report=encode_report(report)))
    found = host_of(overview, "h1")
    assert found
    assert found["failure"]["output"] == ("no room",)
    assert found["why"]["next_steps"]
    assert not found["gone"]


def test_a_target_that_nobody_is_has_a_reason_and_an_unknown_one_has_none() -> None:
    overview = overview_of(_fleet(name="one"))
    absent = host_of(overview, "h9")
    assert absent
    assert "h9" in absent["why"]["cause"]
    assert host_of(overview, "h8") is None


def test_a_host_that_went_away_is_shown_as_it_was() -> None:
    seen = overview_of(_fleet(name="one", version=1)).hosts
    overview = overview_of(Sight(_AT, {"version": 2}, 1), gone=seen)
    found = host_of(overview, "h1")
    assert found
    assert found["gone"]
    assert (found["version"], found["why"]) == ("1", None)
    assert seen[0].identity == Identity("h1", "one")


@pytest.mark.parametrize(
    "node",
    [
        {"name": {"a": 1}, "role": ["x"], "version": [1]},
        {"name": "x" * 10**5, "role": "y" * 10**5, "version": "z" * 10**5},
        {"version": 10**4000, "report": {"activity": "deploying", "seconds": 10**400}},
        {"report": {"activity": "failed", "results": [{"seconds": 10**400}], "failure": 1}},
        {"name": "\ud800", "error": "\ud800", "report": {"activity": "idle", "step": "\ud800"}},
    ],
    ids=["kinds", "long", "numbers", "results", "surrogates"],
)
def test_a_host_that_writes_nonsense_is_shown_and_hurts_nobody(node: dict[str, Any]) -> None:
    overview = overview_of(_fleet(**node))
    state = state_of(overview, None)
    text = json.dumps([difference(None, state), host_of(overview, "h1")])
    assert len(text) < 20_000


def test_of_many_changes_the_first_are_told_and_how_many_there_are() -> None:
    def manifests(version: str) -> dict[str, Manifest]:
        return {
            f"h{number}": Manifest(
                f"h{number}", (TargetDeployment("/a", "web", None, version, 1),)
            )
            for number in range(1000)
        }

    told = diff_of(compare(manifests("1"), manifests("2")))
    assert len(told["changes"]) == 300
    assert told["counts"] == {"change": 1000}


def test_versions_are_told_to_the_last_digit() -> None:
    version = 2**53 + 1
    holder = Holder("h1", "one", None, alive=True, version=version)
    locks = (LockState("node", "/a", (holder,), ()),)
    stop = {"by": "ann", "at": _AT, "reason": None, "version": version, "changes": 0}
    properties = {"version": None, "stopped": stop}
    overview = overview_of(
        Sight(_AT, properties, 1, None, {"h1": {"version": version}}, locks=locks)
    )
    state = state_of(overview, None)
    found = host_of(overview, "h1")
    assert found
    told = (
        state.fleet["goal"],
        state.fleet["stop"]["version"],
        state.hosts["h1"]["version"],
        state.locks[0]["holders"][0]["version"],
        found["version"],
        found["goal"],
    )
    assert set(told) == {"9007199254740993"}
