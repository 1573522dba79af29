"""What stands on a lock node, and what becomes of what does not belong there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support.locking import LIMIT, Host, hosts, wait_for_children

import zc.zk
from zc.zkdeployment.adapters.lock_marker import Marker, encode_markers, markers_of
from zc.zkdeployment.adapters.locks import ROOT


@pytest.fixture(autouse=True)
def fleet(zk: zc.zk.ZK) -> None:
    zk.import_tree("/hosts\n  version = 1\n")


@pytest.fixture
def host(zk_connection: str) -> Iterator[Callable[[str], Host]]:
    with hosts(zk_connection) as make:
        yield make


@pytest.mark.parametrize(
    ("owner", "marker"),
    [
        ({"host": "one"}, Marker("one")),
        (
            {"host": "one", "name": 1, "boot": [], "session": 2, "since": "x", "step": {}},
            Marker("one"),
        ),
        ({"host": "one", "version": {}, "since": 5, "color": "red"}, Marker("one", since=5)),
        ({"host": "one", "version": "4f2a91c"}, Marker("one", version="4f2a91c")),
    ],
)
def test_of_a_marker_that_makes_some_sense_that_is_understood(
    owner: dict[str, Any], marker: Marker
) -> None:
    """Agents of other versions write markers, too: neither is taken for nobody's."""
    assert markers_of(zc.zk.encode({"owners": [owner]})) == (marker,)


def test_a_node_may_have_several_owners_and_what_is_none_is_nobody_known() -> None:
    """One of them may be at work: nobody takes the place of who is not understood."""
    owners = [{"host": "one"}, {"host": 2}, "three"]
    assert markers_of(zc.zk.encode({"owners": owners})) == (Marker("one"), Marker(), Marker())
    two = (Marker("one", since=1), Marker("two", version=3))
    assert markers_of(encode_markers(two)) == two
    assert encode_markers(()) == b"{}"


@pytest.mark.parametrize("data", [b"", b" ", b"{}", b'{"owners": []}', b'{"note": "see wiki"}'])
def test_a_lock_node_that_names_no_owner_is_a_free_lock(
    data: bytes, zk: zc.zk.ZK, host: Callable[[str], Host]
) -> None:
    """Lock nodes that other programs or a person made keep nobody from deploying."""
    zk.create(ROOT)
    zk.create(f"{ROOT}/a", data)
    one = host("one")
    with one.locks.node("/a", one.going_on):
        assert zk.get_properties(f"{ROOT}/a")["owners"][0]["host"] == "one"
    assert zk.get_properties(f"{ROOT}/a") == {}


@pytest.mark.parametrize("data", [b"\xff\x00", b"[]", b'{"owners": 3}', b'{"owners": [{}]}'])
def test_a_lock_node_with_nonsense_is_not_taken_but_named(
    data: bytes, zk: zc.zk.ZK, host: Callable[[str], Host], caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be read may be the marker of a host that works there."""
    zk.create(ROOT)
    zk.create(f"{ROOT}/a", data)
    one = host("one")
    one.start("/a")
    wait_for_children(zk, f"{ROOT}/a", 1)
    assert (one.has_it.is_set(), one.locks.owned()) == (False, frozenset())
    assert "The lock /agent-locks/a holds what makes no sense" in caplog.text
    zk.set(f"{ROOT}/a", b"{}")
    assert one.has_it.wait(LIMIT)
    one.finish()


def test_people_see_what_is_deployed_under_a_lock(
    zk: zc.zk.ZK, host: Callable[[str], Host]
) -> None:
    one = host("one")
    with one.locks.node("/a", one.going_on, 7, "deploying 3 instances"):
        [owner] = zk.get_properties(f"{ROOT}/a")["owners"]
    assert owner.items() >= {"version": 7, "step": "deploying 3 instances"}.items()


def test_every_holder_has_a_greater_number_than_those_before(
    zk: zc.zk.ZK, host: Callable[[str], Host]
) -> None:
    """Whoever is handed a number can refuse those that come late, a new lock node or not."""
    numbers = []
    for turn in range(4):
        each = host(f"h{turn % 2}")
        with each.locks.node("/a", each.going_on) as number:
            numbers.append(number)
        if turn == 1:
            zk.delete(f"{ROOT}/a")
    assert numbers == sorted(set(numbers))
