"""Hosts of a fleet spread over their nodes instead of queueing behind each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment.host.turns import Rank, Standing, from_rank, next_turn, rank_of

PATHS = ("/a", "/b", "/c", "/d")


@pytest.mark.parametrize(
    ("hosts", "orders"),
    [
        ((), ["abcd"]),
        (("h1",), ["abcd"]),
        (("h1", "h2"), ["abcd", "cdab"]),
        (("h1", "h2", "h3", "h4"), ["abcd", "bcda", "cdab", "dabc"]),
        (("h1", "h2", "h3"), ["abcd", "bcda", "cdab"]),
    ],
)
def test_each_host_starts_at_a_node_of_its_own(hosts: tuple[str, ...], orders: list[str]) -> None:
    found = [
        "".join(path[1:] for path in from_rank(PATHS, rank_of(host, hosts)))
        for host in hosts or ("h1",)
    ]
    assert found == orders


def test_a_host_that_is_not_registered_yet_starts_in_front() -> None:
    assert rank_of("h9", ["h1", "h2"]) == Rank()
    assert from_rank((), rank_of("h1", ["h1"])) == ()


def test_the_rank_does_not_depend_on_the_order_in_which_hosts_are_listed() -> None:
    assert rank_of("b", ["c", "b", "a"]) == Rank(1, ("a", "b", "c"))
    assert rank_of("c", ["c", "b", "a"]).next_host == "a"
    assert rank_of("a", ["a"]).next_host is None


def busy(path: str, holder: str = "other", waiting: int = 0) -> Standing:
    return Standing(path, (holder,), free=False, waiting=waiting)


@pytest.mark.parametrize(
    ("standings", "path"),
    [
        ([Standing("/a"), Standing("/b")], "/a"),
        ([busy("/a"), Standing("/b"), Standing("/c")], "/b"),
        ([busy("/a", "h2"), Standing("/b")], "/a"),
        ([busy("/a", "h2", waiting=1), Standing("/b")], "/b"),
        ([busy("/a", "other"), busy("/b", "h2"), Standing("/c")], "/c"),
        ([busy("/a", waiting=2), busy("/b", waiting=1), busy("/c", waiting=1)], "/b"),
        ([Standing("/a", waiting=1), busy("/b", waiting=3)], "/a"),
        ([Standing("/a", waiting=1), Standing("/b")], "/b"),
    ],
)
def test_a_free_node_before_a_busy_one_unless_the_row_goes_on(
    standings: list[Standing], path: str
) -> None:
    assert next_turn(standings, "h2").path == path


def test_a_host_alone_waits_for_nobody_ahead() -> None:
    unknown = Standing("/a", (), free=False)
    assert next_turn([unknown, Standing("/b")], None).path == "/b"


@given(st.lists(st.text(), max_size=20), st.sets(st.text(), max_size=20), st.data())
def test_no_node_is_lost(paths: list[str], hosts: set[str], data: st.DataObject) -> None:
    host = data.draw(st.sampled_from(sorted(hosts))) if hosts else "h"
    assert sorted(from_rank(paths, rank_of(host, list(hosts)))) == sorted(paths)
