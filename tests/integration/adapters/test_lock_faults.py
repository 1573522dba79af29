"""Node locks where connections are lost, sessions end, and people and namesakes interfere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support.locking import LIMIT, Host, hosts, wait_for_children
from tests.support.sessions import end_session

import zc.zk
from zc.zk.operations import Check
from zc.zkdeployment.adapters.lock_claims import Claims
from zc.zkdeployment.adapters.locks import ROOT, NodeLocks
from zc.zkdeployment.errors import Abandoned, Unreachable
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.lab.relay import CREATE, SET, TRANSACTION, Relay
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.model import Identity

LOCK = f"{ROOT}/a"

Make = Callable[[str], Host]


@pytest.fixture(autouse=True)
def fleet(zk: zc.zk.ZK) -> None:
    zk.import_tree("/hosts\n  version = 1\n/agent-locks\n  /a\n")


@pytest.fixture
def host(zk_connection: str) -> Iterator[Make]:
    with hosts(zk_connection) as make:
        yield make


@pytest.fixture
def relay(zookeeper_server: Server) -> Iterator[Relay]:
    with Relay(zookeeper_server) as relay:
        yield relay


@pytest.fixture
def far(relay: Relay, zk_connection: str) -> Iterator[Make]:
    """Makes hosts behind the relay."""
    with hosts(f"{relay.connection_string}/{zk_connection.partition('/')[2]}") as make:
        yield make


def owner(zk: zc.zk.ZK) -> str | None:
    owners = zk.get_properties(LOCK).get("owners")
    return owners[0]["host"] if owners else None


@pytest.mark.parametrize("lose", ["lose_request", "lose_answer"])
def test_a_lock_is_had_once_whatever_became_of_the_request(
    lose: str, zk: zc.zk.ZK, relay: Relay, far: Make, host: Make
) -> None:
    """The host must not wait for itself, and the next one must not get in beside it."""
    one, two = far("one"), host("two")
    getattr(relay, lose)(TRANSACTION)
    one.start("/a")
    assert one.has_it.wait(LIMIT)
    two.start("/a")
    wait_for_children(zk, LOCK, 1)
    assert (owner(zk), two.has_it.is_set()) == ("one", False)
    one.finish()
    assert two.has_it.wait(LIMIT)
    two.finish()
    assert zk.export_tree(ROOT, ephemeral=True) == "/agent-locks\n  /a\n"


def test_a_lock_that_was_taken_unawares_is_given_back_by_whoever_gives_up(
    zk: zc.zk.ZK, relay: Relay, far: Make
) -> None:
    """The fleet stops while nobody knows whether the lock was taken: it must not stay so."""
    one = far("one")

    def going_on() -> None:
        if owner(zk) == "one":
            raise Abandoned("the test says so")

    relay.lose_answer(TRANSACTION)
    with pytest.raises(Abandoned), one.locks.node("/a", going_on):
        pass
    assert zk.get_properties(LOCK) == {}


@pytest.mark.parametrize("lose", ["lose_request", "lose_answer"])
def test_a_place_in_line_is_had_once_whatever_became_of_the_request(
    lose: str, zk: zc.zk.ZK, relay: Relay, far: Make, host: Make
) -> None:
    """A place that nobody knows of would keep all others away for as long as its host lives."""
    one, two, three = host("one"), far("two"), host("three")
    one.start("/a")
    assert one.has_it.wait(LIMIT)
    getattr(relay, lose)(CREATE)
    two.start("/a")
    wait_for_children(zk, LOCK, 1)
    three.start("/a")
    assert [name[:-10] for name in wait_for_children(zk, LOCK, 2)] == ["three-", "two-"]
    one.finish()
    assert two.has_it.wait(LIMIT)
    two.finish()
    assert three.has_it.wait(LIMIT)
    three.finish()


def test_a_place_that_nobody_stands_at_is_given_up(zk: zc.zk.ZK, host: Make) -> None:
    one = host("one")
    for _ in range(2):
        one.zk.client.create(f"{LOCK}/one-", ephemeral=True, sequence=True)
    assert one.locks.owned() == frozenset()
    assert zk.get_children(LOCK) == []
    for _ in range(2):
        one.zk.client.create(f"{LOCK}/one-", ephemeral=True, sequence=True)
    with one.locks.node("/a", one.going_on):
        assert zk.get_children(LOCK) == []


def test_who_waits_stands_in_line_again_with_another_session(
    zk: zc.zk.ZK, zk_connection: str, host: Make
) -> None:
    one, two = host("one"), host("two")
    one.start("/a")
    assert one.has_it.wait(LIMIT)
    two.start("/a")
    before = frozenset(wait_for_children(zk, LOCK, 1))
    end_session(zk_connection, two.zk.client.client_id)
    wait_for_children(zk, LOCK, 1, but=before)
    assert not two.has_it.is_set()
    one.finish()
    assert two.has_it.wait(LIMIT)
    two.finish()


def test_who_lost_a_place_to_somebody_who_deleted_it_stands_in_line_again(
    zk: zc.zk.ZK, host: Make
) -> None:
    one, two = host("one"), host("two")
    one.start("/a")
    assert one.has_it.wait(LIMIT)
    two.start("/a")
    [place] = wait_for_children(zk, LOCK, 1)
    zk.delete(f"{LOCK}/{place}")
    wait_for_children(zk, LOCK, 1, but=frozenset({place}))
    one.finish()
    assert two.has_it.wait(LIMIT)
    two.finish()


def test_a_lock_is_given_back_once_although_the_answer_is_lost(
    zk: zc.zk.ZK, relay: Relay, far: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is told that a lock was broken because a cable was."""
    one = far("one")
    with one.locks.node("/a", one.going_on):
        relay.lose_answer(SET)
    assert zk.get_properties(LOCK) == {}
    assert "The lock /agent-locks/a was broken" not in caplog.text


def test_a_holder_that_lost_its_session_still_holds_the_node(
    zk_connection: str, host: Make
) -> None:
    """It goes on with the next instance instead of leaving the node half deployed."""
    one = host("one")
    with one.locks.node("/a", one.going_on):
        end_session(zk_connection, one.zk.client.client_id)
        one.locks.check("/a", one.going_on)


@pytest.mark.parametrize(
    "owners", [{}, {"owners": [{"host": "two"}]}, {"owners": [{"host": "one", "session": "0x1"}]}]
)
def test_a_lock_that_was_broken_lets_no_further_step_begin(
    owners: dict[str, object], zk: zc.zk.ZK, host: Make
) -> None:
    one = host("one")
    with one.locks.node("/a", one.going_on):
        one.locks.check("/a", one.going_on)
        zk.properties(LOCK, watch=False).set(owners)
        with pytest.raises(Abandoned, match="the lock /agent-locks/a was broken"):
            one.locks.check("/a", one.going_on)


def test_whether_a_lock_was_broken_is_waited_for_until_the_agent_closes(
    zk: zc.zk.ZK, relay: Relay, far: Make
) -> None:
    """An agent that is cut off starts nothing, and can still be stopped."""
    one = far("one")
    calls = []

    def going_on() -> None:
        calls.append(one.zk.client.connected)
        if len(calls) == 2:
            raise Abandoned("the agent is closing")

    with one.locks.node("/a", one.going_on):
        one.zk.bulk.calls.timeout = 0.1
        relay.hold()
        with pytest.raises(Abandoned, match="closing"):
            one.locks.check("/a", going_on)
        relay.release()


def test_a_lock_node_that_is_deleted_by_hand_is_made_anew(zk: zc.zk.ZK, host: Make) -> None:
    """Whoever waits gets the lock; whoever held it notices, and stops no fleet."""
    one, two = host("one"), host("two")
    one.start("/a")
    assert one.has_it.wait(LIMIT)
    two.start("/a")
    wait_for_children(zk, LOCK, 1)
    zk.delete(ROOT, recursive=True)
    assert two.has_it.wait(LIMIT)
    with pytest.raises(Abandoned):
        one.locks.check("/a", one.going_on)
    one.finish()
    assert owner(zk) == "two"
    two.finish()


def test_without_a_connection_no_marker_is_made_and_no_fleet_is_stopped(
    zk_connection: str,
) -> None:
    """The connection may be lost between a look at the lock and the attempt to take it."""
    zk = zc.zk.ZK(zk_connection)
    zk.close()
    with pytest.raises(Unreachable):
        Claims(zk, Identity("one", "one.example.com"), Wakeup()).marker(1, None)


def test_a_lock_that_is_broken_in_the_moment_of_its_release_stays_with_the_next_holder(
    zk: zc.zk.ZK, host: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = host("one")
    next_holder = {"owners": [{"host": "two"}]}
    write = one.zk.client.set_async

    def interfere(*arguments: Any) -> Any:
        if zk.get_properties(LOCK) != next_holder:
            zk.properties(LOCK, watch=False).set(next_holder)
        return write(*arguments)

    with one.locks.node("/a", one.going_on):
        monkeypatch.setattr(one.zk.client, "set_async", interfere)
    assert zk.get_properties(LOCK) == next_holder


def test_a_lock_that_somebody_takes_in_the_same_moment_is_theirs(zk: zc.zk.ZK, host: Make) -> None:
    """Between the look at a free lock and the request to take it."""
    one = host("one")
    theirs = {"owners": [{"host": "two"}]}

    class Overtaken:
        def unchanged(self) -> Check:
            zk.properties(LOCK, watch=False).set(theirs)
            return one.registry.unchanged()

        def read_version(self) -> object:
            raise Abandoned("it was overtaken")

        def deliver_stop(self) -> None:
            one.registry.deliver_stop()

    locks = NodeLocks(one.zk, Identity("one", "one.example.com"), one.wakeup, Overtaken())
    with pytest.raises(Abandoned, match="overtaken"), locks.node("/a", one.going_on):
        pass
    assert zk.get_properties(LOCK) == theirs


def test_a_stop_that_is_owed_is_delivered_before_the_lock_is_given_back(
    zk: zc.zk.ZK, relay: Relay, zk_connection: str
) -> None:
    """Or the next host in line would begin what failed here."""
    relayed = f"{relay.connection_string}/{zk_connection.partition('/')[2]}"
    with hosts(relayed, 1.0) as make:
        one = make("one")
        one.registry.register(1, LIMIT)
        with one.locks.node("/a", one.going_on):
            relay.hold()
            one.registry.all_stop("it failed")
            assert zk.get_properties("/hosts") == {"version": 1}
            relay.release()
            relay.cut()
        assert owner(zk) is None
        _, stopped = zk.get("/hosts")
        _, free = zk.get(LOCK)
        assert zk.get_properties("/hosts") == {"version": None}
        assert stopped.mzxid < free.mzxid
