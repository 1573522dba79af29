"""Publishing whatever a source comes to hold."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.integration.test_rollback import back
from tests.integration.test_sync import TREE, Texts

import zc.zk
from zc.zkdeployment.errors import BadSource
from zc.zkdeployment.follow import Follower, notify
from zc.zkdeployment.publish_rules import Limits
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.snapshot import Snapshot

LIMIT = 20  # seconds until a test that waits has failed
HOUR = 3600.0


class Watched(Texts):
    """A source that tells when it was looked at and read, and may be out of reach."""

    def __init__(self) -> None:
        super().__init__(1, site=TREE)
        self.broken = False
        self.reads: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.looks: queue.SimpleQueue[int] = queue.SimpleQueue()

    def newest(self) -> int:
        self.looks.put(self.version)
        if self.broken:
            raise BadSource("the repository is away")
        return super().newest()

    def read(self) -> Snapshot:
        self.reads.put(self.version)
        return super().read()


@pytest.fixture
def source() -> Watched:
    return Watched()


@pytest.fixture
def follower(zk: zc.zk.ZK, zk_connection: str, source: Watched) -> Iterator[Follower]:
    """A follower that runs, and looks by itself once an hour."""
    with contextlib.closing(zc.zk.ZK(zk_connection)) as own:
        made = Follower(own, source, lambda: Terms("me", datetime.now(UTC)), Limits(), HOUR)
        thread = threading.Thread(target=made.run)
        thread.start()
        assert source.reads.get(timeout=LIMIT) == 1
        reached(zk, 1)
        yield made
        made.stop()
        thread.join(LIMIT)
        assert not thread.is_alive()


def reached(zk: zc.zk.ZK, version: int) -> None:
    """Wait until the cluster version is that."""
    there = threading.Event()

    def look(data: bytes | None, _: object) -> None:
        if zc.zk.decode(data).get("version") == version:
            there.set()

    zk.client.DataWatch("/hosts", look)
    assert there.wait(LIMIT)


def test_a_new_version_is_published_as_soon_as_somebody_says_so(
    zk: zc.zk.ZK, follower: Follower, source: Watched
) -> None:
    source.version = 2
    notify(zk)
    reached(zk, 2)
    source.version = 3
    follower.look()
    reached(zk, 3)


def test_where_nothing_changed_nothing_is_read(follower: Follower, source: Watched) -> None:
    while not source.looks.empty():
        source.looks.get()
    follower.look()
    assert source.looks.get(timeout=LIMIT) == 1
    follower.look()
    assert source.looks.get(timeout=LIMIT) == 1
    assert source.reads.empty()


def test_a_repository_that_was_away_is_published_when_it_is_back(
    zk: zc.zk.ZK, follower: Follower, source: Watched
) -> None:
    source.broken = True
    source.version = 2
    while not source.looks.empty():
        source.looks.get()
    follower.look()
    source.looks.get(timeout=LIMIT)
    source.broken = False
    follower.look()
    reached(zk, 2)


def test_what_was_rolled_back_stays_away_until_the_source_moves(
    zk: zc.zk.ZK, follower: Follower, source: Watched
) -> None:
    source.version = 2
    follower.look()
    reached(zk, 2)
    back(zk)
    follower.look()
    follower.look()
    source.version = 3
    follower.look()
    reached(zk, 3)
    versions = [source.reads.get() for _ in range(source.reads.qsize())]
    assert versions == [2, 3], "the second one only once"
