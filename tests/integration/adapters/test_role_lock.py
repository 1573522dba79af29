"""One host of a role at a time is out of service, and a failed one keeps its place."""

from __future__ import annotations

import threading

import pytest

import zc.zk
from zc.zkdeployment.adapters.role_lock import RoleLocks
from zc.zkdeployment.errors import Abandoned, BadHost
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.model import Identity

LIMIT = 20  # seconds until a test that waits has failed


def locks(zk: zc.zk.ZK, name: str, wakeup: Wakeup | None = None) -> RoleLocks:
    return RoleLocks(zk, Identity(name, f"{name}.example.com", "cache"), wakeup or Wakeup())


def go_on() -> None:
    pass


@pytest.fixture
def queue(zk: zc.zk.ZK) -> zc.zk.ZK:
    zk.import_tree("/role-locks\n  /cache\n")
    return zk


def test_a_role_without_a_lock_node_is_refused_by_name(zk: zc.zk.ZK) -> None:
    with (
        pytest.raises(BadHost, match="role lock node '/role-locks/cache' must exist"),
        locks(zk, "one").role("cache", go_on),
    ):
        pass


def test_a_request_says_who_and_goes_with_success(queue: zc.zk.ZK) -> None:
    with locks(queue, "one").role("cache", go_on):
        assert queue.export_tree("/role-locks") == (
            "/role-locks\n"
            "  /cache\n"
            "    /lr-0000000000\n"
            "      hostname = 'one.example.com'\n"
            "      requestor = 'one'\n"
        )
    assert queue.get_children("/role-locks/cache") == []


def test_a_host_that_failed_keeps_the_lock_until_it_succeeds(queue: zc.zk.ZK) -> None:
    with pytest.raises(ZeroDivisionError), locks(queue, "one").role("cache", go_on):
        raise ZeroDivisionError
    assert queue.get_children("/role-locks/cache") == ["lr-0000000000"]
    entered = threading.Event()

    def other() -> None:
        with locks(queue, "two").role("cache", go_on):
            entered.set()

    waiting = threading.Thread(target=other, daemon=True)
    waiting.start()
    queued = threading.Event()

    def look(children: list[str]) -> None:
        if len(children) == 2:
            queued.set()

    queue.client.ChildrenWatch("/role-locks/cache", look)
    assert queued.wait(LIMIT)
    with locks(queue, "one").role("cache", go_on):  # adopts the request of its earlier life
        assert len(queue.get_children("/role-locks/cache")) == 2
        assert not entered.is_set()
    assert entered.wait(LIMIT)
    waiting.join(LIMIT)
    assert queue.get_children("/role-locks/cache") == []


def stopped() -> None:
    raise Abandoned("the test says so")


def test_a_newcomer_that_must_not_go_on_leaves_the_line(queue: zc.zk.ZK) -> None:
    queue.create("/role-locks/cache/lr-0000000000", b'{"requestor": "two"}')
    calls = []

    def stopped_later() -> None:
        calls.append(len(queue.get_children("/role-locks/cache")))
        if calls[-1] == 2:
            stopped()

    with pytest.raises(Abandoned), locks(queue, "one").role("cache", stopped_later):
        pass
    assert queue.get_children("/role-locks/cache") == ["lr-0000000000"]


def test_a_host_that_failed_before_keeps_its_place_when_it_must_not_go_on(
    queue: zc.zk.ZK,
) -> None:
    queue.create("/role-locks/cache/lr-0000000000", b'{"requestor": "one"}')
    with pytest.raises(Abandoned), locks(queue, "one").role("cache", stopped):
        pass
    assert queue.get_children("/role-locks/cache") == ["lr-0000000000"]


def test_a_place_that_was_taken_away_meanwhile_fails_no_deployment(
    queue: zc.zk.ZK, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody broke the lock of a host that works: it finishes, and its log says so."""
    with locks(queue, "one").role("cache", go_on):
        queue.delete("/role-locks/cache/lr-0000000000")
        queue.create("/role-locks/cache/lr-0000000009", b'{"requestor": "two"}')
    assert "The lock /role-locks/cache was broken by somebody else" in caplog.text
    assert queue.get_children("/role-locks/cache") == ["lr-0000000009"]


def test_a_lock_node_that_is_deleted_while_a_host_waits_is_missed_by_name(
    queue: zc.zk.ZK,
) -> None:
    queue.create("/role-locks/cache/lr-0000000000", b'{"requestor": "two"}')
    wakeup = Wakeup()

    def delete() -> None:
        if len(queue.get_children("/role-locks/cache")) == 2:
            queue.delete("/role-locks/cache", recursive=True)

    with (
        pytest.raises(BadHost, match="role lock node '/role-locks/cache' must exist"),
        locks(queue, "one", wakeup).role("cache", delete),
    ):
        pass
