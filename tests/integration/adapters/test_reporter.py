"""What an agent reports reaches its host node: seldom, at the end at once, and never twice."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kazoo.exceptions import NoNodeError
from kazoo.protocol.states import KazooState
from tests.faults.fleets import until
from tests.support.sessions import end_session

import zc.zk
from zc.zkdeployment.adapters.host_node import HostNode
from zc.zkdeployment.adapters.reporter import Reporter
from zc.zkdeployment.errors import CommandFailed
from zc.zkdeployment.lab.relay import Relay
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.reports.report import LARGEST, Activity, Drift, Report, decode_report

PATH = "/hosts/4242"
SHORT = 2.0  # seconds of a session that a test lets expire


class Reporting:
    """A host node with a reporter, and how often that asked for it to be written."""

    def __init__(self, zk: zc.zk.ZK, printed: Callable[[], str] = lambda: "") -> None:
        self.zk = zk
        self.writes = 0
        self.reporter = Reporter()
        self.reporter.reads(printed)
        self.reporter.rests(1)
        shown = {"name": "host42", "version": 1}
        self.node = HostNode(zk, PATH, shown, self.reporter.current)
        self.node.create()
        self.reporter.write_by(zk.client, self._write)

    def _write(self) -> None:
        self.writes += 1
        self.node.show_report()


@pytest.fixture
def relay(zookeeper_server: Server) -> Iterator[Relay]:
    with Relay(zookeeper_server) as relay:
        yield relay


@pytest.fixture
def reporting(
    zk: zc.zk.ZK, zk_connection: str, relay: Relay
) -> Iterator[Callable[..., Reporting]]:
    """Returns a function that makes a reporter, through the relay, in a fleet."""
    zk.import_tree("/hosts\n  version = 1\n")
    chroot = zk_connection.partition("/")[2]
    with contextlib.ExitStack() as stack:

        def make(**options: Any) -> Reporting:
            made = Reporting(zc.zk.ZK(f"{relay.connection_string}/{chroot}", SHORT), **options)
            stack.callback(made.zk.close)
            stack.callback(made.reporter.close)
            return made

        yield make


def shown(zk: zc.zk.ZK) -> Report | None:
    try:
        return decode_report(zk.get_properties(PATH).get("report"))
    except NoNodeError:  # a session ended, and the next one did not begin yet
        return None


def test_a_host_without_reports_shows_what_it_always_did(zk: zc.zk.ZK) -> None:
    zk.import_tree("/hosts\n  version = 1\n")
    node = HostNode(zk, PATH, {"name": "host42", "version": 1})
    node.create()
    node.show_report()
    assert zk.get_properties(PATH) == {"name": "host42", "version": 1}
    assert zk.client.get(PATH)[1].version == 0, "nothing was written for it"


def test_steps_are_seen_and_the_end_is_written_with_the_version(
    zk: zc.zk.ZK, reporting: Callable[..., Reporting]
) -> None:
    one = reporting()
    before = shown(zk)
    assert before is not None
    assert (before.activity, before.version) == (Activity.IDLE, 1)

    one.reporter.begins(2)
    one.reporter.step("deploying /x 0")
    until(lambda: (now := shown(zk)) and now.step == "deploying /x 0", "the step is seen")
    assert zk.get_properties(PATH)["version"] == 1

    count = zk.client.get(PATH)[1].version
    one.reporter.reached(2)
    one.node.note(version=2)
    one.node.show()
    end = shown(zk)
    assert zk.get_properties(PATH)["version"] == 2
    assert end is not None
    assert (end.activity, end.version, end.results[-1].step) == (
        Activity.IDLE,
        2,
        "deploying /x 0",
    )
    until(lambda: one.reporter.current() == shown(zk), "all is written")
    assert zk.client.get(PATH)[1].version <= count + 2


def test_a_thousand_steps_are_few_writes_and_a_small_node(
    zk: zc.zk.ZK, reporting: Callable[..., Reporting]
) -> None:
    one = reporting(printed=lambda: "\N{SNOWMAN}" * 4000 + "\n")
    one.reporter.begins(2)
    for n in range(1000):
        one.reporter.step(f"deploying /x {'y' * 300} {n}")
    failure = CommandFailed(("x",), "", "\N{SNOWMAN} no\n" * 100_000)
    one.reporter.failed(failure)
    until(lambda: (now := shown(zk)) and now.failure is not None, "the end is seen")
    assert one.writes <= 10
    assert len(zk.client.get(PATH)[0]) < LARGEST + 200


def test_what_a_program_prints_is_seen_while_it_runs(
    zk: zc.zk.ZK, reporting: Callable[..., Reporting]
) -> None:
    printed = ["waiting"]
    one = reporting(printed=lambda: "\n".join(printed))
    one.reporter.begins(2)
    until(lambda: (now := shown(zk)) and now.output == ("waiting",), "it is seen")
    printed.append("still waiting")
    until(lambda: (now := shown(zk)) and now.output[1:] == ("still waiting",), "more is seen")
    one.reporter.reached(2)
    until(lambda: (now := shown(zk)) and now.activity is Activity.IDLE, "the end is seen")
    assert "output" not in zk.get_properties(PATH)["report"]


def test_while_zookeeper_is_away_nothing_is_asked_and_then_the_last_state_is_written(
    zk: zc.zk.ZK, relay: Relay, reporting: Callable[..., Reporting]
) -> None:
    one = reporting()
    away, back = threading.Event(), threading.Event()

    def listener(state: str) -> None:
        (back if state == KazooState.CONNECTED else away).set()

    one.zk.client.add_listener(listener)
    relay.hold()
    assert away.wait(20)
    writes = one.writes
    one.reporter.begins(2)
    for n in range(10):
        one.reporter.step(f"deploying /x {n}")
    one.reporter.reached(2)
    one.reporter.verified(Drift("now", ("package web is not installed",)))
    assert not back.wait(1.5), "longer than it takes to write"
    assert one.writes == writes

    relay.release()
    relay.cut()
    until(lambda: (now := shown(zk)) and now.drift is not None, "the last state is written")
    assert one.reporter.current() == shown(zk)


def test_a_session_that_ends_neither_loses_the_report_nor_doubles_the_node(
    zk: zc.zk.ZK, zookeeper_server: Server, reporting: Callable[..., Reporting]
) -> None:
    one = reporting()
    one.reporter.begins(2)
    one.reporter.step("deploying /x 0")
    until(lambda: (now := shown(zk)) and now.step == "deploying /x 0", "the step is seen")
    lost = threading.Event()
    one.zk.client.add_listener(lambda state: lost.set() if state == KazooState.LOST else None)
    client_id = one.zk.client.client_id
    end_session(zookeeper_server.connection_string, client_id)
    one.reporter.failed(RuntimeError("no"))
    until(
        lambda: (
            zk.get_children("/hosts") == ["4242"]
            and zk.client.exists(PATH).ephemeralOwner not in (0, client_id[0])
            and shown(zk) == one.reporter.current()
        ),
        "the node is back, with the report",
    )
    assert zk.get_properties(PATH)["version"] == 1


def test_a_reporter_that_is_closed_writes_nothing_any_more(
    zk: zc.zk.ZK, reporting: Callable[..., Reporting]
) -> None:
    one = reporting()
    one.reporter.close()
    one.reporter.begins(2)
    assert one.writes == 0
    one.reporter.close()
