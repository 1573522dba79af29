"""Several agents with one host identifier: earlier lives, second agents, other machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.support.locking import LIMIT, Host, hosts, wait_for_children

import zc.zk
from zc.zkdeployment.adapters.locks import ROOT

LOCK = f"{ROOT}/a"

Make = Callable[[str], Host]


@pytest.fixture(autouse=True)
def fleet(zk: zc.zk.ZK) -> None:
    zk.import_tree("/hosts\n  version = 1\n/agent-locks\n  /a\n")


@pytest.fixture
def host(zk_connection: str) -> Iterator[Make]:
    with hosts(zk_connection) as make:
        yield make


def test_another_machine_with_the_same_identifier_is_not_mistaken_for_this_one(
    zk: zc.zk.ZK, host: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """A configuration copied to a second machine must not let both work at one node."""
    marker = {"host": "one", "name": "other.example.com", "boot": "b", "session": "0x1"}
    zk.properties(LOCK, watch=False).set({"owners": [marker]})
    one = host("one")
    assert one.locks.owned() == frozenset()
    one.start("/a")
    wait_for_children(zk, LOCK, 1)
    assert not one.has_it.is_set()
    assert "held by another agent with this host identifier: other.example.com" in caplog.text
    zk.set(LOCK, b"{}")
    assert one.has_it.wait(LIMIT)
    one.finish()


@pytest.mark.parametrize("changed", [{"boot": "b"}, {"name": "renamed.example.com"}])
def test_a_host_that_was_renamed_or_started_anew_is_the_same_one(
    changed: dict[str, str], zk: zc.zk.ZK, host: Make
) -> None:
    one = host("one")
    with one.locks.node("/a", one.going_on):
        left = zk.get_properties(LOCK)["owners"][0]
    zk.properties(LOCK, watch=False).set({"owners": [{**left, "session": "0x1", **changed}]})
    returned = host("one")
    assert returned.locks.owned() == {"/a"}
    with returned.locks.node("/a", returned.going_on):
        pass
    assert zk.get_properties(LOCK) == {}


def test_of_two_agents_of_one_host_the_second_has_to_wait(zk: zc.zk.ZK, host: Make) -> None:
    """While the first is registered it works; what it leaves behind is for the second."""
    first, second = host("one"), host("one")
    first.registry.register(1, 0)
    first.start("/a")
    assert first.has_it.wait(LIMIT)
    second.start("/a")
    wait_for_children(zk, LOCK, 1)
    assert not second.has_it.is_set()
    first.zk.close()
    assert second.has_it.wait(LIMIT)
    second.finish()
    first.give_back.set()
    assert zk.get_properties(LOCK) == {}
