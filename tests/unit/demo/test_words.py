"""A person reads what a host does, and what it waits for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zc.zkdeployment.demo import words
from zc.zkdeployment.demo.fleet import Fleet, HostState, Lock
from zc.zkdeployment.demo.words import Mood
from zc.zkdeployment.model import Version

HOST = HostState("host1", registered=True, version=1, status="done")
WAITED_FOR = Lock("/shop/web", owners=("host2",), waiting=("host3", "host1"))


@pytest.mark.parametrize(
    ("host", "fleet", "expected"),
    [
        (HOST, Fleet(1), (Mood.DONE, "")),
        (replace(HOST, registered=False), Fleet(1), (Mood.GONE, "no agent")),
        (replace(HOST, error="no disk"), Fleet(None), (Mood.FAILED, "no disk")),
        (HOST, Fleet(None), (Mood.STOPPED, "held back with all others")),
        (HOST, Fleet(False), (Mood.STOPPED, "held back with all others")),
        (HOST, Fleet(2), (Mood.WORKING, "about to begin")),
        (
            replace(HOST, busy=True),
            Fleet(2, locks=(Lock("/shop/tools"), WAITED_FOR)),
            (Mood.WAITING, "for /shop/web, host2 has it"),
        ),
        (
            replace(
                HOST,
                busy=True,
                status="deploying /shop/web 0",
            ),
            Fleet(2, locks=(Lock("/shop/web", owners=("host1",)),)),
            (Mood.WORKING, "deploying /shop/web 0"),
        ),
    ],
)
def test_a_host_is_described(host: HostState, fleet: Fleet, expected: tuple[Mood, str]) -> None:
    assert words.mood(host, fleet) == expected


@pytest.mark.parametrize(
    ("lock", "expected"),
    [
        (Lock("/a"), "free"),
        (Lock("/a", ("host1",)), "host1 has it"),
        (Lock("/a", ("host1", "host2"), ("host3",)), "host1 and host2 has it; waiting: host3"),
        (Lock("/a", (), ("host3",)), "free; waiting: host3"),
    ],
)
def test_a_lock_is_described(lock: Lock, expected: str) -> None:
    assert words.locks(lock) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (None, "ALL STOP: the cluster version is None"),
        (False, "cluster version False: agents hold still"),
        (0, "cluster version 0"),
    ],
)
def test_a_cluster_version_is_described(version: Version, expected: str) -> None:
    assert words.cluster(version) == expected


def test_only_changes_of_locks_are_told() -> None:
    first = Fleet(1, locks=(Lock("/a"),))
    assert list(words.lock_changes(None, first)) == []
    later = Fleet(1, locks=(Lock("/a", ("host1",)), Lock("/b")))
    assert list(words.lock_changes(first, later)) == ["/a: host1 has it"]
    assert list(words.lock_changes(later, first)) == ["/a: free"]
