"""What a monitoring system is told of a fleet."""

from __future__ import annotations

from typing import Any

from tests.support.overviews import AT, fleet, publication

from zc.zkdeployment.metrics.fleet_metrics import MOST_NAMED, MOST_VERSIONS, fleet_metrics
from zc.zkdeployment.reports.report import Activity, Drift, Report, encode_report
from zc.zkdeployment.views.lock_states import Holder, LockState, Waiter
from zc.zkdeployment.views.overview import Overview

LATER = "2024-05-06T07:18:09Z"  # ten minutes after it was looked at


def numbers(overview: Overview, away: str | None = None) -> dict[str, str]:
    text = fleet_metrics(overview, LATER, away)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {
        name.removeprefix("zkdeploy_fleet_"): value
        for name, value in (line.rsplit(" ", 1) for line in lines)
    }


def host(version: object, report: Report | None = None, **properties: object) -> dict[str, Any]:
    told = {"report": encode_report(report)} if report else {}
    return {"name": "web", "version": version, **told, **properties}


def test_a_fleet_on_its_way() -> None:
    busy = Report(Activity.DEPLOYING, 2, began=AT, seconds=None)
    done = Report(Activity.IDLE, 2, began=AT, seconds=20.0)
    drift = Drift(AT, ("a is gone", "b is gone"), ("a is gone",), unrepaired="exit 3")
    drifted = Report(Activity.IDLE, 2, seconds=40.0, drift=drift)
    hosts = {
        "h1": host(2, done),
        "h2": host(1, busy),
        "h3": host(1, error="no"),
        "h4": host(2, drifted),
    }
    holder = Holder("h9", "web9", AT, alive=False)
    lock = LockState("node", "/web", (holder,), (Waiter("h2", "web2", AT),))
    found = numbers(
        fleet(
            2,
            3,
            hosts,
            newest=publication(2),
            targets=frozenset({"h1", "h7"}),
            locks=(lock,),
        )
    )
    assert found == {
        'info{version="2",source="git://fleet",by="ada@ops"}': "1",
        "stopped": "0",
        "settled": "0",
        "changed_timestamp_seconds": "1714979289",
        "published_timestamp_seconds": "1714979229",
        "publish_refused": "0",
        'hosts{state="failed"}': "1",
        'hosts{state="drifted"}': "1",
        'hosts{state="waiting"}': "0",
        'hosts{state="deploying"}': "1",
        'hosts{state="stopped"}': "0",
        'hosts{state="behind"}': "0",
        'hosts{state="current"}': "1",
        "hosts_done": "2",
        "hosts_absent": "1",
        'hosts_at{version="2"}': "2",
        'hosts_at{version="1"}': "2",
        'host_problem{host="h3",name="web",state="failed"}': "1",
        'host_problem{host="h4",name="web",state="drifted"}': "1",
        "drift_found": "1",
        "drift_unrepaired": "1",
        'deployment_seconds{of="median"}': "30",
        'deployment_seconds{of="max"}': "40",
        "deploying_seconds": "600",
        "locks_held": "1",
        "locks_dead": "1",
        "lock_waiters": "1",
        "lock_wait_seconds": "600",
        "zookeeper_away": "0",
    }


def test_however_large_a_fleet_is_it_has_few_metrics() -> None:
    hosts = {f"h{n}": host(str(n), error="no") for n in range(1000)}
    found = numbers(fleet(None, 3, hosts))
    assert len([name for name in found if name.startswith("host_problem")]) == MOST_NAMED
    versions = [name for name in found if name.startswith("hosts_at")]
    assert len(versions) == MOST_VERSIONS + 1
    assert found['hosts_at{version="other"}'] == str(1000 - MOST_VERSIONS)
    assert (found["stopped"], found['hosts{state="failed"}']) == ("1", "1000")


def test_no_version_that_a_host_may_say_it_has_spoils_all_metrics() -> None:
    """Prometheus refuses the whole answer where two numbers have the same name and labels."""
    versions = ["other", *("x" * 300 + str(n) for n in range(5)), *range(MOST_VERSIONS + 5)]
    hosts = {f"h{n}": host(version) for n, version in enumerate(versions)}
    hosts |= {f"more{n}": host("other") for n in range(9)}
    text = fleet_metrics(fleet(1, 3, hosts), LATER)
    series = [line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))
    found = numbers(fleet(1, 3, hosts))
    assert found["hosts_at{version=\"'other'\"}"] == "10"
    assert found[f'hosts_at{{version="{"x" * 200}"}}'] == "5"
    at = [int(number) for name, number in found.items() if name.startswith("hosts_at")]
    assert sum(at) == len(hosts)


def test_hosts_whose_names_begin_alike_are_not_named_twice() -> None:
    hosts = {"h" * 250 + str(n): host(1, error="no") for n in range(3)}
    text = fleet_metrics(fleet(1, 3, hosts), LATER)
    assert text.count("zkdeploy_fleet_host_problem{") == 1


def test_there_is_no_fleet_yet() -> None:
    found = numbers(fleet(None, 0, {}, changed=None))
    assert (found["stopped"], found["settled"]) == ("0", "0")
    assert "published_timestamp_seconds" not in found


def test_while_zookeeper_is_away_that_is_told() -> None:
    found = numbers(fleet(), away=AT)
    assert found["zookeeper_away"] == "1"
    assert found["zookeeper_away_timestamp_seconds"] == "1714979289"
