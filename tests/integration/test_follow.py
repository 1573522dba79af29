"""Publishing whatever a source comes to hold."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator

import pytest
from tests.support.syncing import TREE, Texts, back, registered, set_version, terms

import zc.zk
from zc.zkdeployment.errors import BadConfiguration, BadSource
from zc.zkdeployment.fleet_control import resume_fleet, stop_fleet
from zc.zkdeployment.follow import Follower, notify
from zc.zkdeployment.history import history
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.publication.publisher_ports import Source
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.tree.snapshot import Snapshot

LIMIT = 20  # seconds until a test that waits has failed
HOUR = 3600.0


class Watched(Texts):
    """A source that tells when it was looked at and read, and may be out of reach."""

    def __init__(self) -> None:
        super().__init__(1, site=TREE)
        self.broken = False
        self.reads: queue.SimpleQueue[int | str] = queue.SimpleQueue()
        self.looks: queue.SimpleQueue[int | str] = queue.SimpleQueue()

    def newest(self) -> int | str:
        self.looks.put(self.version)
        if self.broken:
            raise BadSource("the repository is away")
        return super().newest()

    def read(self) -> Snapshot:
        found = super().read()
        self.reads.put(self.version)
        return found


@pytest.fixture
def source() -> Watched:
    return Watched()


@contextlib.contextmanager
def following(
    connection: str, source: Source, new_terms: Callable[[], Terms] = terms
) -> Iterator[Follower]:
    """Have a follower run that looks by itself once an hour."""
    with contextlib.closing(zc.zk.ZK(connection)) as own:
        made = Follower(own, source, new_terms, Limits(), HOUR)
        thread = threading.Thread(target=made.run)
        thread.start()
        try:
            yield made
            assert thread.is_alive()
        finally:
            made.stop()
            thread.join(LIMIT)
        assert not thread.is_alive()


@pytest.fixture
def follower(zk: zc.zk.ZK, zk_connection: str, source: Watched) -> Iterator[Follower]:
    """A follower that has published version 1."""
    with following(zk_connection, source) as made:
        assert source.reads.get(timeout=LIMIT) == 1
        reached(zk, 1)
        yield made


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


def look(follower: Follower, source: Watched) -> None:
    """Have it look, and wait until it does."""
    while not source.looks.empty():
        source.looks.get()
    follower.look()
    source.looks.get(timeout=LIMIT)


def test_a_notification_is_heard_before_anything_was_ever_published(
    zk: zc.zk.ZK, zk_connection: str, source: Watched
) -> None:
    """The hook of a repository may be there before the repository can be read."""
    source.broken = True
    with following(zk_connection, source):
        source.looks.get(timeout=LIMIT)
        assert zk.get_children("/") == []
        source.broken = False
        notify(zk)
        reached(zk, 1)


def test_an_outage_may_last_as_long_as_it_likes(
    zk: zc.zk.ZK, zk_connection: str, source: Watched
) -> None:
    """Days of an unreachable repository ended the service: the pause grew beyond all numbers."""
    source.broken = True
    with following(zk_connection, source) as follower:
        source.looks.get(timeout=LIMIT)
        for _ in range(1030):
            look(follower, source)
        source.broken = False
        follower.look()
        reached(zk, 1)


def test_a_key_that_cannot_be_read_for_a_while_ends_no_service(
    zk: zc.zk.ZK, zk_connection: str, source: Watched
) -> None:
    """While a key is replaced, say; what is published then waits for it."""
    asked: queue.SimpleQueue[bool] = queue.SimpleQueue()
    there = threading.Event()

    def read_key() -> Terms:
        asked.put(there.is_set())
        if not there.is_set():
            raise BadConfiguration("key file fleet.key cannot be read")
        return terms()

    with following(zk_connection, source, read_key) as follower:
        assert asked.get(timeout=LIMIT) is False
        there.set()
        follower.look()
        reached(zk, 1)


def test_a_host_is_waited_for_and_the_files_are_not_read_meanwhile(
    zk: zc.zk.ZK, zk_connection: str, follower: Follower, source: Watched
) -> None:
    with registered(zk_connection, "42", name="h1", version="initial") as agent:
        source.version = 2
        look(follower, source)
        look(follower, source)
        assert source.reads.empty()
        agent.set("/hosts/42", zc.zk.encode({"name": "h1", "version": 1}))
        look(follower, source)
        reached(zk, 2)
    assert source.reads.get(timeout=LIMIT) == 2


def test_a_stopped_fleet_is_left_alone_until_somebody_resumes_it(
    zk: zc.zk.ZK, follower: Follower, source: Watched
) -> None:
    stop_fleet(zk, "pool 3 is down")
    source.version = 2
    look(follower, source)
    look(follower, source)
    assert zk.get_properties("/hosts")["version"] is None
    resume_fleet(zk)
    look(follower, source)
    reached(zk, 2)


def test_a_version_that_somebody_set_by_hand_is_left_for_that_of_the_source(
    zk: zc.zk.ZK, follower: Follower, source: Watched
) -> None:
    """Whoever wants another one has to say so in version control, or stop the fleet."""
    set_version(zk, 7)
    look(follower, source)
    reached(zk, 1)


def test_files_with_mistakes_are_tried_once(
    zk: zc.zk.ZK, follower: Follower, source: Watched, log: pytest.LogCaptureFixture
) -> None:
    """A log that says the same every minute is read by nobody."""
    source.texts = {"site": "nonsense\n"}
    source.version = 2
    follower.look()
    assert source.reads.get(timeout=LIMIT) == 2
    look(follower, source)
    look(follower, source)
    source.texts = {"site": TREE}
    source.version = 3
    look(follower, source)
    reached(zk, 3)
    assert log.text.count("the tree has 1 error") == 1
    assert [source.reads.get() for _ in range(source.reads.qsize())] == [3]


def test_of_two_that_follow_one_publishes(zk: zc.zk.ZK, zk_connection: str) -> None:
    """They run on two machines, so that one may be down."""
    sources = [Watched(), Watched()]
    with contextlib.ExitStack() as running:
        followers = [running.enter_context(following(zk_connection, source)) for source in sources]
        reached(zk, 1)
        for version in (2, 3):
            for source in sources:
                source.version = version
            notify(zk)
            reached(zk, version)
        assert len(followers) == 2
    serials = [entry.publication.serial for entry in history(zk)]
    assert serials == [3, 2, 1]
