"""A host goes from node to node: how often it asks, what it passes over, who is let in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support.locking import LIMIT, Host, hosts, wait_for_children

import zc.zk
from zc.zkdeployment.adapters.locks import ROOT
from zc.zkdeployment.errors import Abandoned
from zc.zkdeployment.host.turns import Turn

Make = Callable[[str], Host]

PATHS = ("/a", "/b", "/c", "/d")


@pytest.fixture(autouse=True)
def fleet(zk: zc.zk.ZK) -> None:
    zk.import_tree("/hosts\n  version = 1\n")


@pytest.fixture
def host(zk_connection: str) -> Iterator[Make]:
    with hosts(zk_connection) as make:
        yield make


def owners(zk: zc.zk.ZK, path: str) -> list[str]:
    found = zk.get_properties(f"{ROOT}{path}").get("owners", [])
    return [owner["host"] for owner in found]


def go(host: Host, paths: tuple[str, ...] = PATHS) -> list[str]:
    """Have a host take its turns; return the order in which it did."""
    taken = []
    with host.locks.turns([Turn(path) for path in paths], host.going_on) as turns:
        for turn, _ in turns:
            assert owners(host.zk, turn.path) == [host.name]
            taken.append(turn.path)
    return taken


def test_one_node_is_given_back_when_the_next_one_is_taken(zk: zc.zk.ZK, host: Make) -> None:
    one = host("one")
    with one.locks.turns([Turn("/a"), Turn("/b")], one.going_on) as turns:
        first, number = next(turns)
        assert (first.path, owners(zk, "/a"), owners(zk, "/b")) == ("/a", ["one"], [])
        second, greater = next(turns)
        assert (second.path, owners(zk, "/a"), owners(zk, "/b")) == ("/b", [], ["one"])
        assert number < greater
    assert zk.export_tree(ROOT, ephemeral=True) == "/agent-locks\n  /a\n  /b\n"


def test_a_host_alone_needs_one_request_a_node(
    zk: zc.zk.ZK, host: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else wanting anything, locks must not cost what scripts do."""
    paths = tuple(f"/n{number:02}" for number in range(40))
    one = host("one")
    for _ in range(6):
        assert go(one, paths) == list(paths)
    sent = []
    call = one.zk.client._call

    def counted(request: Any, result: Any) -> Any:
        sent.append(request)
        return call(request, result)

    monkeypatch.setattr(one.zk.client, "_call", counted)
    with one.locks.turns([Turn(path) for path in paths], one.going_on) as turns:
        assert len(list(turns)) == 40
    assert len(sent) == 1 + 40 + 1, "a look at all, a transaction each, and the last one back"


def test_a_busy_node_is_passed_over_while_there_is_a_free_one(zk: zc.zk.ZK, host: Make) -> None:
    other, one = host("other"), host("one")
    other.start("/a")
    assert other.has_it.wait(LIMIT)
    taken = []
    with one.locks.turns([Turn(path) for path in PATHS], one.going_on) as turns:
        for turn, _ in turns:
            taken.append(turn.path)
            if turn.path == "/d":
                other.finish()
    assert taken == ["/b", "/c", "/d", "/a"]


def test_where_the_order_counts_a_busy_node_is_waited_for(zk: zc.zk.ZK, host: Make) -> None:
    other, one = host("other"), host("one")
    other.start("/b")
    assert other.has_it.wait(LIMIT)
    taken = []
    with one.locks.turns(
        [Turn(path) for path in PATHS], one.going_on, passing_over=False
    ) as turns:
        taken.append(next(turns)[0].path)
        other.give_back.set()
        taken += [turn.path for turn, _ in turns]
    other.finish()
    assert taken == list(PATHS)


def test_who_waits_keeps_nobody_from_what_it_is_done_with(zk: zc.zk.ZK, host: Make) -> None:
    """Two hosts that each wait for what the other one is done with would wait for ever."""
    one, two = host("one"), host("two")

    def going_on() -> None:
        if zk.exists(f"{ROOT}/b") and zk.get_children(f"{ROOT}/b"):
            assert owners(zk, "/a") == []
            raise Abandoned("it stands in line")

    with (
        one.locks.turns([Turn("/a"), Turn("/b")], going_on) as ones,
        two.locks.turns([Turn("/b"), Turn("/a")], two.going_on) as twos,
    ):
        assert (next(ones)[0].path, next(twos)[0].path) == ("/a", "/b")
        with pytest.raises(Abandoned, match="it stands in line"):
            next(ones)


def test_so_many_hosts_as_the_tree_lets_work_on_a_node(zk: zc.zk.ZK, host: Make) -> None:
    first, second, third = (host(name) for name in ("z", "y", "x"))
    for each in (first, second, third):
        each.at_once = 2
        each.start("/a")
        if each is not third:
            assert each.has_it.wait(LIMIT)
    wait_for_children(zk, f"{ROOT}/a", 1)
    assert (owners(zk, "/a"), third.has_it.is_set()) == (["z", "y"], False)
    first.finish()
    assert third.has_it.wait(LIMIT)
    assert owners(zk, "/a") == ["y", "x"]
    second.finish()
    third.finish()
    assert zk.export_tree(ROOT, ephemeral=True) == "/agent-locks\n  /a\n"


def test_a_node_for_one_host_is_not_shared_with_those_for_whom_it_is_for_two(
    zk: zc.zk.ZK, host: Make
) -> None:
    """Hosts may be at different versions of the tree: the stricter one decides for itself."""
    one, two = host("one"), host("two")
    one.at_once = 2
    one.start("/a")
    assert one.has_it.wait(LIMIT)
    two.start("/a")
    wait_for_children(zk, f"{ROOT}/a", 1)
    assert not two.has_it.is_set()
    one.finish()
    assert two.has_it.wait(LIMIT)
    two.finish()


def test_one_of_several_owners_that_was_killed_gets_its_place_back(
    zk: zc.zk.ZK, host: Make
) -> None:
    zk.import_tree(f"{ROOT}\n  /a\n    owners = [{{'host': 'one'}}, {{'host': 'two'}}]\n")
    one = host("one")
    assert one.locks.owned() == {"/a"}
    with one.locks.turns([Turn("/a", at_once=2)], one.going_on) as turns:
        next(turns)
        assert owners(zk, "/a") == ["two", "one"]
    assert owners(zk, "/a") == ["two"]


def test_what_is_left_of_an_earlier_life_comes_first(zk: zc.zk.ZK, host: Make) -> None:
    """Nobody else can work there: to wait elsewhere first could be for ever."""
    zk.import_tree(f"{ROOT}\n  /c\n    owners = [{{'host': 'one'}}]\n")
    assert go(host("one")) == ["/c", "/a", "/b", "/d"]


def test_a_lock_that_was_broken_stays_with_the_next_holder_when_it_is_given_back(
    zk: zc.zk.ZK, host: Make, caplog: pytest.LogCaptureFixture
) -> None:
    zk.import_tree(f"{ROOT}\n  /a\n  /b\n")
    for _ in range(20):  # at so old a version nothing is looked at before
        zk.set(f"{ROOT}/a", b"{}")
    one = host("one")
    with one.locks.turns([Turn("/a"), Turn("/b")], one.going_on) as turns:
        next(turns)
        zk.properties(f"{ROOT}/a", watch=False).set({"owners": [{"host": "two"}]})
        assert next(turns)[0].path == "/b"
        assert owners(zk, "/a") == ["two"]
    assert (owners(zk, "/a"), owners(zk, "/b")) == (["two"], [])
    assert caplog.text.count("The lock /agent-locks/a was broken by somebody else") == 1
