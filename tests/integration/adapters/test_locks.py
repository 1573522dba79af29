"""One host at a time works on a node, whatever becomes of sessions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from tests.support.locking import LIMIT, Host, hosts, wait_for_children
from tests.support.sessions import end_session

import zc.zk
from zc.zkdeployment.adapters.locks import ROOT
from zc.zkdeployment.errors import Abandoned


@pytest.fixture(autouse=True)
def fleet(zk: zc.zk.ZK) -> None:
    zk.import_tree("/hosts\n  version = 1\n")


@pytest.fixture
def host(zk_connection: str) -> Iterator[Callable[[str], Host]]:
    with hosts(zk_connection) as make:
        yield make


def test_a_lock_is_taken_at_once_and_leaves_nothing_behind(
    zk: zc.zk.ZK, host: Callable[[str], Host]
) -> None:
    """After a deployment the lock nodes look as they always did."""
    one = host("one")
    with one.locks.node("/cust/someapp/cms", one.going_on):
        [owner] = zk.get_properties("/agent-locks/cust,someapp,cms")["owners"]
        assert (owner["host"], owner["name"]) == ("one", "one.example.com")
        assert zk.get_children("/agent-locks/cust,someapp,cms") == []
    assert zk.export_tree("/agent-locks") == "/agent-locks\n  /cust,someapp,cms\n"


def test_hosts_wait_in_line_and_one_release_lets_one_in(
    zk: zc.zk.ZK, host: Callable[[str], Host]
) -> None:
    first, second, third = (host(name) for name in ("z", "y", "x"))
    first.start("/a")
    assert first.has_it.wait(LIMIT)
    second.start("/a")
    wait_for_children(zk, f"{ROOT}/a", 1)
    third.start("/a")
    wait_for_children(zk, f"{ROOT}/a", 2)
    assert not second.has_it.is_set()
    first.finish()
    assert second.has_it.wait(LIMIT)
    assert not third.has_it.is_set()
    second.finish()
    assert third.has_it.wait(LIMIT)
    third.finish()
    assert zk.export_tree(ROOT, ephemeral=True) == "/agent-locks\n  /a\n"


def test_different_nodes_do_not_wait_for_each_other(host: Callable[[str], Host]) -> None:
    """`/a,b/c` and `/a/b,c` are two nodes, although both could be written `a,b,c`."""
    one, two = host("one"), host("two")
    with (
        one.locks.node("/a,b/c", one.going_on),
        two.locks.node("/a/b,c", two.going_on),
    ):
        pass


def leave_behind(zk: zc.zk.ZK, lock: str, name: str) -> None:
    """Leave a lock as a host does that is killed while it works on the node."""
    zk.import_tree(f"{ROOT}\n  /{lock}\n    owners = [{{'host': {name!r}}}]\n", trim=False)


def test_a_host_that_was_killed_keeps_the_node(zk: zc.zk.ZK, host: Callable[[str], Host]) -> None:
    """Its script may still run: nobody else may start there until it is back."""
    leave_behind(zk, "a", "one")
    two = host("two")
    two.start("/a")
    wait_for_children(zk, f"{ROOT}/a", 1)
    assert not two.has_it.is_set()
    returned = host("one")
    assert returned.locks.owned() == {"/a"}
    with returned.locks.node("/a", returned.going_on):
        assert not two.has_it.is_set()
    assert returned.locks.owned() == frozenset()
    assert two.has_it.wait(LIMIT)
    two.finish()


def test_a_holder_keeps_the_node_when_its_session_expires(
    zk: zc.zk.ZK, zk_connection: str, host: Callable[[str], Host]
) -> None:
    """Its script goes on: the lock must outlive the session, and can be given back by the next."""
    one, two = host("one"), host("two")
    one.start("/a")
    assert one.has_it.wait(LIMIT)
    end_session(zk_connection, one.zk.client.client_id)
    two.start("/a")
    wait_for_children(zk, f"{ROOT}/a", 1)
    assert not two.has_it.is_set()
    one.finish()
    assert two.has_it.wait(LIMIT)
    two.finish()


def test_a_node_that_the_tree_forgot_can_be_given_back(
    zk: zc.zk.ZK, host: Callable[[str], Host]
) -> None:
    leave_behind(zk, "a%2Cb", "one")
    returned = host("one")
    assert returned.locks.owned() == {"/a,b"}
    returned.locks.disown("/a,b")
    assert returned.locks.owned() == frozenset()
    assert zk.get_properties(f"{ROOT}/a%2Cb") == {}


def test_nothing_is_owned_where_there_are_no_locks(host: Callable[[str], Host]) -> None:
    assert host("one").locks.owned() == frozenset()


def test_a_wait_that_must_not_go_on_leaves_the_line(
    zk: zc.zk.ZK, host: Callable[[str], Host]
) -> None:
    """After an all stop nobody stands in line for what will not happen."""
    one, two, three = host("one"), host("two"), host("three")
    one.start("/a")
    assert one.has_it.wait(LIMIT)
    two.start("/a")
    wait_for_children(zk, f"{ROOT}/a", 1)
    two.stopped = True
    two.wakeup.set()
    assert two.abandoned.wait(LIMIT)
    assert zk.get_children(f"{ROOT}/a") == []
    three.start("/a")
    one.finish()
    assert three.has_it.wait(LIMIT)
    three.finish()


def test_a_place_in_line_goes_with_the_session_of_its_host(
    zk: zc.zk.ZK, host: Callable[[str], Host]
) -> None:
    one, three, gone = host("one"), host("three"), host("two")
    one.start("/a")
    assert one.has_it.wait(LIMIT)
    gone.zk.client.create(f"{ROOT}/a/two-", ephemeral=True, sequence=True)
    three.start("/a")
    wait_for_children(zk, f"{ROOT}/a", 2)
    gone.zk.close()
    one.finish()
    assert three.has_it.wait(LIMIT)
    three.finish()


def test_locks_of_the_usual_recipe_are_respected(
    zk: zc.zk.ZK, host: Callable[[str], Host]
) -> None:
    """Operators' scripts that lock a node with kazoo's own lock keep agents away."""
    one = host("one")
    lock = zk.client.Lock(f"{ROOT}/a")
    assert lock.acquire(timeout=LIMIT)
    one.start("/a")
    wait_for_children(zk, f"{ROOT}/a", 2)
    assert not one.has_it.is_set()
    lock.release()
    assert one.has_it.wait(LIMIT)
    one.finish()


@pytest.mark.parametrize("owners", [{}, {"owners": [{"host": "two"}]}])
def test_a_lock_that_was_broken_is_left_alone(
    owners: dict[str, object],
    zk: zc.zk.ZK,
    host: Callable[[str], Host],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Who broke a lock may have given it to somebody else, who must not lose it."""
    one = host("one")
    with (
        caplog.at_level(logging.WARNING, "zc.zkdeployment"),
        one.locks.node("/a", one.going_on),
    ):
        zk.properties(f"{ROOT}/a", watch=False).set(owners)
    assert zk.get_properties(f"{ROOT}/a") == owners
    assert [r.getMessage() for r in caplog.records if r.name.startswith("zc.zkdeployment")] == [
        "The lock /agent-locks/a was broken by somebody else"
    ]


def test_nobody_takes_a_node_without_having_seen_the_stop_before(
    zk: zc.zk.ZK, host: Callable[[str], Host]
) -> None:
    """A host fails, stops the fleet and gives the node back: the next one must not begin."""
    one, two = host("one"), host("two")
    assert two.registry.version() == 1  # all that it has seen: it does not even watch

    def going_on() -> None:
        if two.registry.version() is None:
            raise Abandoned("the fleet is stopped")

    with one.locks.node("/a", one.going_on):
        zk.properties("/hosts", watch=False).update(version=None)
    with pytest.raises(Abandoned), two.locks.node("/a", going_on):
        pass
    assert zk.get_properties(f"{ROOT}/a") == {}
