"""Telling webhooks of a fleet: what is sent, again if need be, and by whom."""

from __future__ import annotations

import base64
import contextlib
import logging
import re
import runpy
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.receivers import DRIP, LIMIT, SILENCE, Message, Receiver, receiving
from tests.support.sessions import end_session
from tests.support.syncing import TREE, Texts, publish

import zc.zk
from zc.zkdeployment.adapters.webhooks import NotSent, address_of, send
from zc.zkdeployment.fleet_control import resume_fleet, stop_fleet
from zc.zkdeployment.lab.relay import TRANSACTION, Relay
from zc.zkdeployment.lab.tls import Authority
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.notifications.events import Kind, Told
from zc.zkdeployment.notifications.messages import headers
from zc.zkdeployment.notifications.outbox import Outbox, encode_outbox
from zc.zkdeployment.notifying import Notifier
from zc.zkdeployment.settings.notify_settings import NotifySettings, Webhook
from zc.zkdeployment.sync import State
from zc.zkdeployment.watching import FleetWatch

SECRET = bytes(range(32))
GATHER = 0.1  # seconds

Notify = Callable[..., contextlib.AbstractContextManager[Notifier]]


def to(receiver: Receiver, name: str = "ops", **more: object) -> Webhook:
    webhook = Webhook(name, receiver.url, secret=SECRET)
    return replace(webhook, **more)  # type: ignore[arg-type] # fields of its own


@pytest.fixture
def fleet(zk: zc.zk.ZK) -> zc.zk.ZK:
    zk.import_tree("/hosts\n  version = 1\n")
    register(zk, "h1", version=1)
    return zk


def register(zk: zc.zk.ZK, identifier: str, **properties: object) -> None:
    data = zc.zk.encode({"name": f"web-{identifier}", **properties})
    path = f"/hosts/{identifier}"
    if zk.exists(path):
        zk.set(path, data)
    else:
        zk.create(path, data, ephemeral=True)


@pytest.fixture
def notify(zk_connection: str, caplog: pytest.LogCaptureFixture) -> Notify:
    """Return what has a notifier run, in a session of its own, that looks before it returns."""
    caplog.set_level(logging.INFO, "zc.zkdeployment.notify")

    @contextlib.contextmanager
    def run(
        *webhooks: Webhook,
        waits: bool = False,
        connection: str = zk_connection,
        lag: float = GATHER,
    ) -> Iterator[Notifier]:
        with (
            contextlib.closing(zc.zk.ZK(connection)) as own,
            contextlib.closing(FleetWatch(own)) as watch,
        ):
            settings = NotifySettings(webhooks, "lab", GATHER)
            notifier = Notifier(own, watch, settings, lag=lag)
            notifier.start()
            try:
                _wait_for_place(own, 2 if waits else 1)
                yield notifier
            finally:
                notifier.close()

    return run


def _wait_for_place(zk: zc.zk.ZK, number: int) -> None:
    """Wait until so many are in line, and what was told is written down."""
    changed = threading.Event()
    while True:
        if zk.exists("/notifiers", lambda _: changed.set()):
            names = zk.get_children("/notifiers", lambda _: changed.set())
            data, _ = zk.get("/notifiers", lambda _: changed.set())
            if len(names) >= number and data:
                return
        assert changed.wait(LIMIT)
        changed.clear()


def test_each_event_is_told_and_signed(fleet: zc.zk.ZK, notify: Notify) -> None:
    with receiving() as receiver, notify(to(receiver)):
        stop_fleet(fleet, "smoke in the cellar")
        [stopped] = receiver.wait_for("stopped")
        resume_fleet(fleet)
        resumed, done = receiver.wait_for("resumed", "done")
    assert stopped.document["reason"] == "smoke in the cellar"
    assert stopped.document["fleet"] == "lab"
    assert stopped.document["id"] == stopped.identifier
    assert (resumed.document["version"], done.document["version"]) == (1, 1)
    assert all(each.is_signed_with(SECRET) for each in (stopped, resumed, done))
    assert not stopped.is_signed_with(SECRET[::-1])
    assert stopped.headers["content-type"] == "application/json"
    assert len({each.identifier for each in (stopped, resumed, done)}) == 3


def test_a_publication_is_told_and_takes_nothing_away_of_what_was(
    fleet: zc.zk.ZK, notify: Notify
) -> None:
    with receiving() as receiver, notify(to(receiver)):
        assert publish(fleet, Texts(2, site=TREE)).state is State.PUBLISHED
        receiver.wait_for("published")
        register(fleet, "h1", version=2)
        receiver.wait_for("done")
        assert len(fleet.get_children("/notifiers")) == 1
        assert publish(fleet, Texts(3, site="/notifiers : web\n" + TREE)).state is State.REFUSED
    assert receiver.came.empty()


def test_a_chat_gets_a_text_in_which_nothing_is_markup(fleet: zc.zk.ZK, notify: Notify) -> None:
    with receiving() as receiver, notify(to(receiver, form="slack", secret=None)):
        register(fleet, "h1", version=1, error="<!channel> & <http://evil|click>\x1b[31m")
        message = receiver.wait()
    assert message.document == {
        "text": "[lab] 1 host failed, on the way to 1\n"
        "- web-h1: &lt;!channel&gt; &amp; &lt;http://evil|click&gt; [31m"
    }
    assert "webhook-signature" not in message.headers


def test_who_wants_some_events_gets_those(fleet: zc.zk.ZK, notify: Notify) -> None:
    with receiving() as receiver, receiving() as other:
        some = to(receiver, "some", kinds=frozenset({Kind.DONE}))
        with notify(some, to(other, "all")):
            stop_fleet(fleet)
            other.wait_for("stopped")
            resume_fleet(fleet)
            receiver.wait_for("done")
            other.wait_for("resumed", "done")
    assert receiver.came.empty()


@pytest.mark.parametrize("answer", [500, 503, 429, SILENCE, DRIP])
def test_what_is_not_taken_is_sent_again_as_the_same_event(
    fleet: zc.zk.ZK, notify: Notify, answer: int
) -> None:
    with receiving(answer) as receiver, notify(to(receiver, timeout=0.5)):
        stop_fleet(fleet)
        first, second = receiver.wait_for("stopped", "stopped")
    assert (first.status, second.status) == (answer, 200)
    assert (first.identifier, first.body) == (second.identifier, second.body)
    assert second.is_signed_with(SECRET)


@pytest.mark.parametrize("answer", [400, 404, 302])
def test_what_will_never_be_taken_holds_up_nothing(
    fleet: zc.zk.ZK, notify: Notify, caplog: pytest.LogCaptureFixture, answer: int
) -> None:
    with receiving(answer) as receiver, notify(to(receiver)):
        receiver.headers["Location"] = f"{receiver.url}/elsewhere"
        stop_fleet(fleet, "smoke")
        receiver.wait_for("stopped")
        resume_fleet(fleet)
        messages = receiver.wait_for("resumed", "done")
    assert {each.path for each in messages} == {"/hook"}
    [given_up] = [each.message for each in caplog.records if each.levelname == "ERROR"]
    assert given_up.startswith("Not told ops, and given up: all stop")
    assert f"status {answer}" in given_up
    assert given_up.isprintable()


def test_a_receiver_that_is_down_holds_up_no_other(fleet: zc.zk.ZK, notify: Notify) -> None:
    with receiving() as gone:
        pass
    with receiving() as receiver, notify(to(gone, "gone"), to(receiver)):
        stop_fleet(fleet)
        receiver.wait_for("stopped")


def test_a_failure_that_all_hosts_share_is_one_message(fleet: zc.zk.ZK, notify: Notify) -> None:
    with receiving() as receiver, notify(to(receiver)):
        stop_fleet(fleet)
        receiver.wait_for("stopped")
        for number in range(30):
            register(fleet, f"h{number}", version=0, error="no space left")
        seen = 0
        while seen < 30:
            seen += receiver.wait_for("error")[0].document["count"]
    assert receiver.came.empty()


def test_of_several_one_tells_and_another_goes_on_where_it_ends(
    fleet: zc.zk.ZK, notify: Notify
) -> None:
    with receiving() as receiver, contextlib.ExitStack() as first:
        first.enter_context(notify(to(receiver)))
        with notify(to(receiver), waits=True):
            stop_fleet(fleet)
            receiver.wait_for("stopped")
            first.close()
            resume_fleet(fleet)
            receiver.wait_for("resumed", "done")
    assert receiver.came.empty()


def test_what_nobody_told_while_none_ran_is_told_by_the_next(
    fleet: zc.zk.ZK, notify: Notify
) -> None:
    with receiving() as receiver:
        with notify(to(receiver)):
            pass
        stop_fleet(fleet, "smoke")
        register(fleet, "h1", version=1, error="no space left")
        with notify(to(receiver)):
            receiver.wait_for("stopped", "error")
        with notify(to(receiver)):
            register(fleet, "h1", version=1)
            receiver.wait_for("recovered")
    assert receiver.came.empty()


def test_what_came_and_went_while_none_ran_is_told_late_and_once(
    fleet: zc.zk.ZK, notify: Notify
) -> None:
    with receiving() as receiver:
        with notify(to(receiver)):
            pass
        for version in (2, 3):
            assert publish(fleet, Texts(version, site=TREE)).state is State.PUBLISHED
            register(fleet, "h1", version=version)
        stop_fleet(fleet)
        resume_fleet(fleet)
        with notify(to(receiver)):
            missed, second, third, done = receiver.wait_for(
                "missed", "published", "published", "done"
            )
        with notify(to(receiver)):
            stop_fleet(fleet)
            [stopped] = receiver.wait_for("stopped")
    assert "/hosts was set 2 times more" in missed.document["reason"]
    assert missed.document["late"]
    assert done.document["late"]
    assert [each.document["version"] for each in (second, third)] == [2, 3]
    assert second.document["happened"] <= third.document["happened"]
    assert not stopped.document["late"], "it happened just now"
    assert receiver.came.empty()


def test_a_ledger_that_cannot_be_read_keeps_nothing_else_from_being_told(
    fleet: zc.zk.ZK, notify: Notify
) -> None:
    assert publish(fleet, Texts(2, site=TREE)).state is State.PUBLISHED
    with receiving() as receiver, notify(to(receiver)):
        fleet.set("/revisions", b"[]")
        stop_fleet(fleet)
        receiver.wait_for("stopped")


def test_the_example_in_the_documents_takes_what_is_sent_and_nothing_else(
    fleet: zc.zk.ZK, notify: Notify, tmp_path: Path
) -> None:
    page = (Path(__file__).parents[2] / "docs/monitoring.md").read_text()
    [example] = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "example.py").write_text(example)
    is_genuine = runpy.run_path(str(tmp_path / "example.py"))["is_genuine"]
    secret = f"whsec_{base64.b64encode(SECRET).decode()}\n"
    with receiving() as receiver, notify(to(receiver)):
        stop_fleet(fleet)
        [message] = receiver.wait_for("stopped")
    assert is_genuine(message.headers, message.body, secret)
    assert not is_genuine(message.headers, message.body + b" ", secret)
    old = {**message.headers, **headers(message.identifier, message.body, SECRET, 1_700_000_000)}
    assert not is_genuine(old, message.body, secret), "somebody sends it again, years later"
    forged = {**message.headers, "webhook-signature": "v1,\u00e4"}
    assert not is_genuine(forged, message.body, secret)


def test_what_was_to_be_sent_when_the_sender_ended_is_sent_by_the_next(
    fleet: zc.zk.ZK, notify: Notify
) -> None:
    with receiving(503) as receiver:
        with notify(to(receiver)):
            stop_fleet(fleet)
            [refused] = receiver.wait_for("stopped")
        with notify(to(receiver)):
            [taken] = receiver.wait_for("stopped")
    assert refused.identifier == taken.identifier


def test_a_sender_whose_session_ended_goes_on_in_the_next_one(
    fleet: zc.zk.ZK, notify: Notify, zk_connection: str
) -> None:
    with receiving() as receiver, notify(to(receiver)) as notifier:
        stop_fleet(fleet)
        receiver.wait_for("stopped")
        end_session(zk_connection, notifier.zk.client.client_id)
        resume_fleet(fleet)
        receiver.wait_for("resumed", "done")
    assert receiver.came.empty()


def test_a_connection_that_is_lost_loses_and_repeats_nothing(
    fleet: zc.zk.ZK, notify: Notify, zookeeper_server: Server, zk_connection: str
) -> None:
    """Whether the events were written down is not known then."""
    chroot = zk_connection.partition("/")[2]
    with (
        Relay(zookeeper_server) as relay,
        receiving() as receiver,
        notify(to(receiver), connection=f"{relay.connection_string}/{chroot}"),
    ):
        relay.lose_answer(TRANSACTION)
        stop_fleet(fleet)
        receiver.wait_for("stopped")
        relay.lose_request(TRANSACTION)
        resume_fleet(fleet)
        receiver.wait_for("resumed", "done")
        relay.cut()
        stop_fleet(fleet)
        receiver.wait_for("stopped")
    assert receiver.came.empty()


def test_a_fleet_that_was_made_anew_is_told_of_too(fleet: zc.zk.ZK, notify: Notify) -> None:
    with receiving() as receiver, notify(to(receiver)):
        for _ in range(3):
            stop_fleet(fleet)
            receiver.wait_for("stopped")
            resume_fleet(fleet)
            receiver.wait_for("resumed", "done")
        fleet.delete_recursive("/hosts", force=True)
        fleet.import_tree("/hosts\n  version = 1\n")
        told = threading.Event()
        while b'"index": 1' not in fleet.get("/notifiers", lambda _: told.set())[0]:
            assert told.wait(LIMIT)
            told.clear()
        stop_fleet(fleet)
        receiver.wait_for("stopped")
    assert receiver.came.empty()


def test_who_lagged_behind_tells_as_soon_as_it_has_caught_up(
    fleet: zc.zk.ZK, notify: Notify
) -> None:
    """What was told is newer than what its server of ZooKeeper shows it at first."""
    newer = Told(fleet.get("/hosts")[1].version + 2, None, 1, done=True)
    fleet.create("/notifiers", encode_outbox(Outbox("x", newer).for_webhooks(["ops"])))
    with receiving() as receiver, notify(to(receiver), lag=10 * LIMIT):
        stop_fleet(fleet)
        receiver.wait_for("stopped")


def test_what_makes_no_sense_is_begun_anew(
    fleet: zc.zk.ZK, notify: Notify, caplog: pytest.LogCaptureFixture
) -> None:
    fleet.create("/notifiers", b'{"format": 1, "told": 7}')
    with receiving() as receiver, notify(to(receiver)):
        stop_fleet(fleet)
        receiver.wait_for("stopped")
    assert any(each.message.startswith("Beginning anew: ") for each in caplog.records)


def test_only_a_server_that_is_vouched_for_is_sent_anything(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path / "ca"), Authority(tmp_path / "other")
    with receiving(certified=authority.issue("127.0.0.1")) as receiver:
        send(address_of(receiver.url, 5.0, str(authority.file)), b"{}", {})
        with pytest.raises(NotSent, match="its certificate is not trusted"):
            send(address_of(receiver.url, 5.0, str(other.file)), b"{}", {})
        with pytest.raises(NotSent, match="its certificate is not trusted"):
            send(address_of(receiver.url, 5.0), b"{}", {})
    with (
        receiving(certified=authority.issue("elsewhere.example")) as receiver,
        pytest.raises(NotSent, match="its certificate is not trusted"),
    ):
        send(address_of(receiver.url, 5.0, str(authority.file)), b"{}", {})
    messages: list[Message] = []
    while not receiver.came.empty():
        messages.append(receiver.came.get())
    assert messages == []


def test_a_server_that_asks_for_time_gets_it() -> None:
    with receiving(429) as receiver:
        receiver.headers["Retry-After"] = "120"
        with pytest.raises(NotSent) as raised:
            send(address_of(receiver.url, 5.0), b"{}", {})
    assert (raised.value.delay, raised.value.final) == (120.0, False)
