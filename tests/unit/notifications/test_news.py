"""What people are told of a fleet, and what they are not told twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.overviews import fleet, publication

from zc.zkdeployment.model import Version
from zc.zkdeployment.notifications.events import LONGEST, MOST_NAMED, Event, Kind
from zc.zkdeployment.notifications.host_news import MOST_REMEMBERED
from zc.zkdeployment.notifications.messages import summary
from zc.zkdeployment.notifications.news import MOST_PUBLISHED, news, told_of
from zc.zkdeployment.notifications.outbox import Outbox, decode_outbox, encode_outbox
from zc.zkdeployment.reports.report import Activity, Drift, Failure, Report, encode_report
from zc.zkdeployment.revisions.ledger import Publication
from zc.zkdeployment.views.overview import Overview

OK = {"name": "web1", "version": 1}
BEHIND = {"name": "web1", "version": 0}
FAILED = {"name": "web1", "version": 0, "error": "Command failed: /opt/web/bin/zookeeper-deploy"}
STOP = {"by": "ada@ops", "at": "2024-05-06T07:08:00Z", "reason": "smoke", "version": 1}


def told(before: Overview, *after: Overview) -> list[list[str]]:
    """Return what is told of a fleet at each look after the first, in words."""
    remembered = told_of(before)
    lines = []
    for overview in after:
        events, remembered = news(remembered, overview)
        lines.append([line(event) for event in events])
    return lines


def line(event: Event) -> str:
    return " | ".join([summary(event), *(f"{about.name} {about.text}" for about in event.hosts)])


def drifted(*found: str, at: str = "1") -> dict[str, Any]:
    report = Report(Activity.IDLE, 1, drift=Drift(at, found))
    return {**OK, "report": encode_report(report)}


def unrepaired(why: str, *found: str, at: str = "1") -> dict[str, Any]:
    """A host that tries a repair again looks like it does all the time: it is told once."""
    report = Report(Activity.IDLE, 1, drift=Drift(at, found, unrepaired=why))
    return {**OK, "report": encode_report(report)}


def repaired(*what: str, at: str = "1") -> dict[str, Any]:
    report = Report(Activity.IDLE, 1, drift=Drift("2", (), what, at))
    return {**OK, "report": encode_report(report)}


def test_a_fleet_that_is_looked_at_first_is_no_news() -> None:
    assert told(fleet(None, 7, {"h1": FAILED}), fleet(None, 7, {"h1": FAILED})) == [[]]


def test_a_release_from_its_publication_to_its_end() -> None:
    new = publication(2, 2)
    on_its_way = fleet(2, 3, newest=new)
    done = fleet(2, 3, {"h1": {**OK, "version": 2}}, newest=new)
    assert told(fleet(newest=publication(1)), on_its_way, done, done) == [
        ["2 was published, by ada@ops: Faster caches"],
        ["all hosts reached 2"],
        [],
    ]


def test_what_a_person_says_about_a_publication_counts_before_the_commit() -> None:
    new = publication("2", 2, "after the outage")
    assert told(fleet(), fleet("2", 3, newest=new)) == [
        ["'2' was published, by ada@ops: after the outage"]
    ]


def test_who_is_missing_is_said_when_the_others_are_done() -> None:
    new = publication(2, 2)
    hosts = {"h1": {**OK, "version": 2}}
    targets = frozenset({"h1", "h2"})
    [[_, done]] = told(fleet(), fleet(2, 3, hosts, newest=new, targets=targets))
    assert done == "all hosts reached 2: except what nobody registered as: h2"


def test_a_failure_stops_the_fleet_and_is_mended() -> None:
    before = fleet(2, 3, {"h1": BEHIND})
    stopped = fleet(None, 4, {"h1": FAILED})
    going_on = fleet(2, 5, {"h1": BEHIND})
    done = fleet(2, 5, {"h1": {**OK, "version": 2}})
    why = FAILED["error"]
    assert told(before, stopped, going_on, done) == [
        [
            f"all stop, on the way to an unknown version: failed on web1: {why}",
            f"1 host failed, on the way to an unknown version | web1 {why}",
        ],
        ["the fleet goes on, to 2"],
        ["1 host recovered | web1 its error is gone", "all hosts reached 2"],
    ]


def test_the_same_error_after_another_try_is_told_again() -> None:
    broken, mending = fleet(None, 4, {"h1": FAILED}), fleet(2, 5, {"h1": BEHIND})
    again = fleet(None, 6, {"h1": FAILED})
    assert [len(lines) for lines in told(broken, mending, again, again)] == [1, 2, 0]


def test_a_stop_by_a_person_says_who_and_why() -> None:
    stopped = fleet(None, 3, stopped={**STOP, "changes": 2})
    assert told(fleet(), stopped, fleet(1, 4)) == [
        ["all stop, on the way to 1, by ada@ops: smoke"],
        ["the fleet goes on, to 1", "all hosts reached 1"],
    ]


def test_a_version_that_was_set_by_hand_was_not_published() -> None:
    assert told(fleet(newest=publication(1)), fleet(9, 3, newest=publication(1))) == [
        ["the version was set to 9, without publishing it"]
    ]


def test_all_that_happened_since_somebody_looked_last_is_told_at_once() -> None:
    """A sender that takes over after a while finds another fleet."""
    hosts = {"h1": {**OK, "version": 3}, "h2": {**FAILED, "name": "web2"}}
    [lines] = told(fleet(newest=publication(1)), fleet(None, 9, hosts, newest=publication(3, 3)))
    assert [each.split(":")[0] for each in lines] == [
        "3 was published, by ada@ops",
        "all stop, on the way to 3",
        "1 host failed, on the way to 3 | web2 Command failed",
    ]


def after_a_while(before: Overview, now: Overview, *ledger: Publication) -> list[str]:
    """Return what the next sender tells where none ran for a while."""
    events, remembered = news(told_of(before), now, ledger, late=True)
    assert news(remembered, now, ledger, late=True) == ((), remembered), "nothing is told twice"
    return [line(event) for event in events]


OLD = "2024-05-06T06:00:00Z"  # an hour before the fleet is looked at


def published(version: Version, serial: int, was: Version = 1, at: str = OLD) -> Publication:
    return replace(publication(version, serial), was=was, at=at)


def test_every_publication_is_told_of_those_that_nobody_looked_at() -> None:
    ledger = [published(1, 1), published(2, 2), published(3, 3), published(2, 4)]
    now = fleet(2, 5, {"h1": {**OK, "version": 2}}, newest=ledger[-1])
    assert after_a_while(fleet(newest=ledger[0]), now, *ledger) == [
        f"2 was published, by ada@ops: Faster caches (told late, of {OLD})",
        f"3 was published, by ada@ops: Faster caches (told late, of {OLD})",
        f"2 was published, by ada@ops: Faster caches (told late, of {OLD})",
        "all hosts reached 2 (told late)",
    ]


def test_going_back_to_where_the_fleet_was_told_to_be_ends_too() -> None:
    ledger = [published(1, 1), published(2, 2), published(1, 3)]
    lines = after_a_while(fleet(newest=ledger[0]), fleet(1, 4, newest=ledger[-1]), *ledger)
    assert lines[-1] == "all hosts reached 1 (told late)"


def test_a_stop_that_came_and_went_leaves_a_trace_that_is_told() -> None:
    assert after_a_while(fleet(1, 2), fleet(1, 4)) == [
        "something came and went while nobody looked, before 1:"
        " /hosts was set 2 times more, to stop the fleet or to resume it, say (told late)"
    ]
    ledger = [published(1, 1), published(2, 2, was=None)]
    [gap, *_] = after_a_while(fleet(newest=ledger[0]), fleet(2, 4, newest=ledger[1]), *ledger)
    assert gap == (
        "something came and went while nobody looked, before 2: the fleet was stopped when 2 was"
        " published; /hosts was set once more, to stop the fleet or to resume it, say (told late)"
    )


@pytest.mark.parametrize(
    ("version", "index", "serial"), [(1, 2, 1), (None, 3, 1), (9, 3, 1), (2, 3, 2)]
)
def test_what_explains_itself_leaves_no_trace(version: Version, index: int, serial: int) -> None:
    newest = published(serial, serial)
    lines = after_a_while(fleet(newest=published(1, 1)), fleet(version, index, newest=newest))
    assert not any("came and went" in each for each in lines)


def test_however_much_was_missed_the_last_of_it_is_told_and_the_rest_counted() -> None:
    ledger = [published(n, n) for n in range(1, 101)]
    lines = after_a_while(fleet(newest=ledger[0]), fleet(100, 101, newest=ledger[-1]), *ledger)
    assert len(lines) == MOST_PUBLISHED + 1
    assert lines[0].startswith("something came and went while nobody looked, before 100: 89 more")
    assert lines[1].startswith("91 was published")


def test_what_happened_just_now_is_not_late() -> None:
    """Another one took over at once."""
    ledger = [published(1, 1), published(2, 2, at="2024-05-06T07:07:59Z")]
    [new] = after_a_while(fleet(newest=ledger[0]), fleet(2, 3, newest=ledger[1]), *ledger)
    assert new == "2 was published, by ada@ops: Faster caches"
    failed = Report(Activity.FAILED, 2, failure=Failure("web", "no", "2024-05-06T07:08:00Z"))
    stopped = fleet(None, 3, {"h1": {**FAILED, "report": encode_report(failed)}})
    assert not any("late" in each for each in after_a_while(fleet(), stopped))


def test_two_publications_at_once_are_two_events() -> None:
    ledger = [published(1, 1), published(2, 2), published(3, 3)]
    events, _ = news(told_of(fleet(newest=ledger[0])), fleet(3, 4, newest=ledger[2]), ledger)
    assert [(event.version, event.happened, event.late) for event in events] == [
        (2, OLD, False),
        (3, OLD, False),
    ]


def test_a_ledger_that_was_not_read_hides_nothing_of_the_last_publication() -> None:
    now = fleet(3, 4, newest=published(3, 3))
    assert [event.version for event in news(told_of(fleet()), now)[0]] == [3]


def test_who_sees_an_older_fleet_than_was_told_says_nothing() -> None:
    """Servers of ZooKeeper lag behind each other."""
    remembered = told_of(fleet(2, 5))
    assert news(remembered, fleet(1, 4, {"h1": FAILED})) == ((), remembered)


def test_a_thousand_failures_are_one_message() -> None:
    hosts = {f"h{n}": {**FAILED, "name": f"web{n}"} for n in range(1000)}
    events, remembered = news(told_of(fleet(None, 3, {})), fleet(None, 3, hosts))
    assert [(event.kind, event.count, len(event.hosts)) for event in events] == [
        (Kind.ERROR, 1000, MOST_NAMED)
    ]
    assert news(remembered, fleet(None, 3, hosts))[0] == ()


def test_however_many_hosts_there_are_little_is_remembered() -> None:
    hosts = {f"h{n}": FAILED for n in range(MOST_REMEMBERED + 10)}
    assert len(told_of(fleet(None, 3, hosts)).failing) == MOST_REMEMBERED


def test_what_hosts_say_is_bounded_and_in_one_line() -> None:
    error = {**FAILED, "name": "n" * 1000, "error": "a\n\x1b[31mb" + "c" * 10_000}
    _, failed = news(told_of(fleet(1, 3)), fleet(None, 4, {"h1": error}))[0]
    [about] = failed.hosts
    assert len(about.name) == 100
    assert (len(about.text), about.text[:10]) == (LONGEST, "a [31mbccc"[:10])


def test_a_host_that_is_restarted_while_it_fails_is_not_told_twice() -> None:
    failing = fleet(None, 4, {"h1": FAILED})
    assert told(failing, fleet(None, 4, {}), failing) == [[], []]


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        (
            [drifted("a is gone")],
            [["on 1 host something was not as it was deployed | web1 a is gone"]],
        ),
        (
            [drifted("a is gone"), drifted("a is gone", at="2")],
            [["on 1 host something was not as it was deployed | web1 a is gone"], []],
        ),
        (
            [drifted("a is gone", "b is gone")],
            [["on 1 host something was not as it was deployed | web1 a is gone and 1 more"]],
        ),
        (
            [
                repaired("a is gone"),
                repaired("a is gone"),
                repaired("a is gone", at="3"),
                drifted(),
            ],
            [
                ["on 1 host something was not as it was deployed | web1 repaired: a is gone"],
                [],
                ["on 1 host something was not as it was deployed | web1 repaired: a is gone"],
                [],
            ],
        ),
        (
            [drifted("a is gone"), repaired("a is gone"), drifted()],
            [
                ["on 1 host something was not as it was deployed | web1 a is gone"],
                ["1 host recovered | web1 repaired: a is gone"],
                [],
            ],
        ),
        (
            [
                drifted("a is gone"),
                unrepaired("exit 3", "a is gone"),
                unrepaired("exit 3", "a is gone", at="2"),
                repaired("a is gone"),
            ],
            [
                ["on 1 host something was not as it was deployed | web1 a is gone"],
                [
                    "on 1 host something was not as it was deployed"
                    " | web1 a is gone; its repair failed: exit 3"
                ],
                [],
                ["1 host recovered | web1 repaired: a is gone"],
            ],
        ),
        (
            [drifted("a is gone"), OK, drifted()],
            [
                ["on 1 host something was not as it was deployed | web1 a is gone"],
                [],
                ["1 host recovered | web1 it is as it was deployed again"],
            ],
        ),
    ],
)
def test_drift_is_told_when_it_comes_and_when_it_goes(
    looks: list[dict[str, Any]], expected: list[list[str]]
) -> None:
    """An agent that was restarted has not looked yet: that is no recovery."""
    assert told(fleet(), *(fleet(hosts={"h1": look}) for look in looks)) == expected


def test_hosts_that_never_were_done_do_not_end_a_release() -> None:
    assert told(fleet(1, 2, {}), fleet(2, 3, {})) == [
        ["the version was set to 2, without publishing it"]
    ]


def test_done_is_told_once_whatever_hosts_come_and_go() -> None:
    done, more = fleet(), fleet(hosts={"h1": OK, "h2": {"name": "web2", "version": 0}})
    assert told(replace(done, hosts=()), done, more, done) == [["all hosts reached 1"], [], []]


_hosts = st.fixed_dictionaries(
    {"name": st.just("web")},
    optional={
        "version": st.integers(1, 2),
        "error": st.sampled_from(["no space left", "exit 3"]),
        "report": st.sampled_from([drifted(), drifted("a is gone"), repaired("a is gone")]).map(
            lambda host: host["report"]
        ),
    },
)
_fleets = st.tuples(
    st.sampled_from([1, 2, None, False]),
    st.dictionaries(st.sampled_from(["h1", "h2", "h3"]), _hosts),
    st.integers(1, 3),
)


@given(st.lists(_fleets, min_size=2, max_size=6), st.booleans())
def test_whoever_looks_again_or_takes_over_has_nothing_new_to_tell(
    looks: list[tuple[Any, dict[str, Any], int]], late: bool
) -> None:
    ledger = [publication(serial, serial) for serial in range(1, 4)]
    remembered = None
    for index, (version, hosts, serial) in enumerate(looks, 2):
        overview = fleet(version, index, hosts, newest=publication(serial, serial))
        if remembered is None:
            remembered = told_of(overview)
        events, remembered = news(remembered, overview, ledger, late=late)
        outbox = decode_outbox(encode_outbox(Outbox("x", remembered).add(events, remembered)))
        assert outbox is not None
        assert tuple(each.event for each in outbox.waiting) == events
        assert news(outbox.told, overview, ledger, late=late) == ((), remembered)
        told_apart = {(event.kind, event.hosts, event.version) for event in events}
        assert len(told_apart) == len(events)
