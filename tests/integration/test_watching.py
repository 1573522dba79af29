"""A fleet that is looked at for long: what changes is seen, and outages are survived."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.support.sessions import end_session
from tests.support.syncing import Texts, other_session, publish, registered, set_version, tree

import zc.zk
from zc.zkdeployment.adapters.locks import ROOT
from zc.zkdeployment.fleet_control import resume_fleet, stop_fleet
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.reports.report import Activity, Failure, Report, encode_report
from zc.zkdeployment.views.overview import HostState, Overview
from zc.zkdeployment.watching import FleetWatch, read_overview

LIMIT = 30  # seconds until a test that waits has failed


@contextlib.contextmanager
def watching(zk: zc.zk.ZK) -> Iterator[FleetWatch]:
    with contextlib.closing(FleetWatch(zk)) as watch:
        yield watch


def until(watch: FleetWatch, wanted: Callable[[Overview], object]) -> Overview:
    """Return the first overview that is as wanted."""
    found: Overview | None = watch.current()
    while found is not None and not wanted(found):
        found = watch.wait(found, LIMIT)
    assert found is not None, watch.current()
    return found


def states(overview: Overview) -> dict[str, HostState]:
    return {host.identity.host_identifier: host.state for host in overview.hosts}


@pytest.fixture
def fleet(zk: zc.zk.ZK) -> zc.zk.ZK:
    """A fleet to which version 1 was published, for one host."""
    publish(zk, Texts())
    return zk


def test_where_there_is_no_fleet_yet_its_beginning_is_seen(zk: zc.zk.ZK) -> None:
    assert read_overview(zk).index == 0
    with watching(zk) as watch:
        assert watch.current().index == 0
        publish(zk, Texts())
        assert until(watch, lambda seen: seen.index).absent == ("h1",)


def test_what_is_published_and_who_is_absent(fleet: zc.zk.ZK) -> None:
    overview = read_overview(fleet)

    assert overview.version == overview.goal == 1
    assert overview.record is not None
    assert overview.record.by == "me@ops"
    assert overview.absent == ("h1",)
    assert overview.trouble is None


def test_a_host_comes_and_changes_and_goes(fleet: zc.zk.ZK, zk_connection: str) -> None:
    report = Report(Activity.FAILED, failure=Failure("deploying", "no", "2030-01-02T03:04:05Z"))
    with watching(fleet) as watch:
        with registered(zk_connection, "h1", name="one", version=0) as agent:
            assert states(until(watch, lambda seen: seen.hosts)) == {"h1": HostState.BEHIND}
            shown = {"name": "one", "version": 0, "error": "no", "report": encode_report(report)}
            agent.set("/hosts/h1", zc.zk.encode(shown))
            seen = until(watch, lambda seen: seen.hosts[0].error)
            assert states(seen) == {"h1": HostState.FAILED}
            assert seen.hosts[0].step == "deploying"
            assert not seen.absent
        seen = until(watch, lambda seen: not seen.hosts)
        assert seen.absent == ("h1",)
        assert [host.identity.host_name for host in seen.gone] == ["one"]
        with registered(zk_connection, "h1", name="one", version=1):
            assert not until(watch, lambda seen: seen.hosts).gone


def test_a_stop_and_its_end_and_the_next_version_are_seen(fleet: zc.zk.ZK) -> None:
    with watching(fleet) as watch:
        stop_fleet(fleet, "a fire")
        seen = until(watch, lambda seen: seen.stopped)
        assert seen.stop is not None
        assert (seen.stop.reason, seen.goal) == ("a fire", 1)
        resume_fleet(fleet)
        assert until(watch, lambda seen: not seen.stopped).version == 1
        publish(fleet, Texts(2, site=tree("2")), Limits(force=True))
        seen = until(watch, lambda seen: seen.version == 2)
        assert seen.record is not None
        assert seen.record.version == 2


def test_a_version_that_is_set_by_hand_and_published_later(fleet: zc.zk.ZK) -> None:
    with watching(fleet) as watch:
        set_version(fleet, 2)
        assert until(watch, lambda seen: seen.version == 2).record is None
        publish(fleet, Texts(2, site=tree("2")), Limits(force=True))
        assert until(watch, lambda seen: seen.record).record is not None


def test_locks_are_seen_while_they_are_held_and_waited_for(
    fleet: zc.zk.ZK, zk_connection: str
) -> None:
    marker = {"host": "h1", "name": "one", "session": "0x1", "since": 1767323045}
    marker |= {"boot": "b", "version": 1, "step": "deploying"}
    with (
        watching(fleet) as watch,
        registered(zk_connection, "h2", name="two", version=0) as agent,
    ):
        lock = f"{ROOT}/a"
        fleet.create(lock, zc.zk.encode({"owners": [marker]}), makepath=True)
        [state] = until(watch, lambda seen: seen.locks).locks
        assert state.dead
        agent.create(f"{lock}/h2-", b'{"name": "two"}', ephemeral=True, sequence=True)
        seen = until(watch, lambda seen: seen.locks and seen.locks[0].waiters)
        assert states(seen) == {"h2": HostState.WAITING}
        assert seen.hosts[0].waits_for == "/a"
        fleet.set(lock, b"{}")
        until(watch, lambda seen: seen.locks and not seen.locks[0].holders)


def test_what_was_published_is_damaged(fleet: zc.zk.ZK) -> None:
    with watching(fleet) as watch:
        fleet.set("/revisions/versions/1", b"nonsense")
        seen = until(watch, lambda seen: seen.trouble)
        assert seen.record is None


def test_an_outage_is_told_and_survived(tmp_path: Path) -> None:
    with (
        Server.start(tmp_path) as server,
        other_session(server.connection_string) as writer,
        other_session(server.connection_string) as zk,
        watching(zk) as watch,
    ):
        publish(writer, Texts())
        before = until(watch, lambda seen: seen.version == 1)
        lost = threading.Event()
        zk.client.add_listener(lambda state: lost.set())
        server.stop()
        assert lost.wait(LIMIT)
        assert watch.away is not None
        assert watch.current() is before
        server.restart()
        set_version(writer, 2)
        assert until(watch, lambda seen: seen.version == 2).record is None
        assert watch.away is None


def test_the_session_is_lost(fleet: zc.zk.ZK, zk_connection: str) -> None:
    with other_session(zk_connection) as zk, watching(zk) as watch:
        end_session(zk_connection, zk.client.client_id)
        set_version(fleet, 2)
        assert until(watch, lambda seen: seen.version == 2)


def test_a_watch_that_is_closed_lets_nobody_wait(fleet: zc.zk.ZK) -> None:
    watch = FleetWatch(fleet)
    watch.close()
    assert watch.wait(watch.current(), LIMIT) is None
    assert fleet.exists("/hosts"), "the session is still open"


def test_however_large_a_fleet_is_few_requests_are_made(tmp_path: Path) -> None:
    """A look takes as many for 5 hosts as for 200, and a change of one host one or two."""
    with (
        Server.start(tmp_path) as server,
        other_session(server.connection_string) as zk,
        other_session(server.connection_string) as agent,
    ):
        publish(zk, Texts())
        _register(agent, range(5))
        before = _requests(server, lambda: read_overview(zk))
        _register(agent, range(5, 200))
        assert _requests(server, lambda: read_overview(zk)) <= before + 1

        with watching(zk) as watch:
            changes = 20

            def change() -> None:
                for number in range(changes):
                    agent.set("/hosts/h7", zc.zk.encode({"version": number}))
                    until(watch, partial(_is_at, "h7", number))

            assert _requests(server, change) < changes * 5


def _register(zk: zc.zk.ZK, numbers: range) -> None:
    for number in numbers:
        zk.create(f"/hosts/h{number}", b'{"version": 1}', ephemeral=True)


def _is_at(host: str, version: int, overview: Overview) -> bool:
    found = overview.host(host)
    return found is not None and found.version == version


def _requests(server: Server, work: Callable[[], object]) -> int:
    before = server.received()
    work()
    return server.received() - before
