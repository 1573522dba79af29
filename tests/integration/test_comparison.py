"""Trees compared for the fleet, wherever each is kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from kazoo.exceptions import KazooException
from tests.support.syncing import DEPLOYED, TREE, Texts, everything, publish, registered, tree

import zc.zk
from zc.zkdeployment.adapters.revisions import VERSIONS
from zc.zkdeployment.comparison import Live, Published, Side, compare_sides
from zc.zkdeployment.errors import BadRevision, BadSource, Refused
from zc.zkdeployment.tree.snapshot import Snapshot

TWICE = TREE.replace("    /h1\n", "    /h1\n    /42\n", 1)


def files(text: str) -> Side:
    return Texts(9, site=text).read


def broken() -> Snapshot:
    raise BadSource("the repository is away")


@pytest.fixture
def connect(zk_connection: str) -> Callable[[], zc.zk.ZK]:
    return lambda: zc.zk.ZK(zk_connection)


@pytest.fixture
def fleet(zk: zc.zk.ZK) -> zc.zk.ZK:
    """A fleet to which two versions were published; its live tree differs from both."""
    publish(zk, Texts(1, site=tree("1")))
    publish(zk, Texts(2, site=tree("2")))
    zk.properties("/a", watch=False).update(version="live")
    return zk


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Published(1), Published(2), {("1", "2")}),
        (Published(2), Published(1), {("2", "1")}),
        (Published(1), Published(None), {("1", "2")}),
        (Published(2), Published(None), set()),
        (Live(), Live(), set()),
        (Published(2), Live(), {("2", "live")}),
        (Live(), Published(1), {("live", "1"), ("2", "1")}),
        (files(tree("3")), Published(2), {("3", "2")}),
        (Live(), files(tree("2")), {("live", "2")}),
        (files(tree("3")), files(tree("4")), {("3", "4")}),
    ],
)
def test_each_tree_can_be_on_either_side(
    fleet: zc.zk.ZK,
    connect: Callable[[], zc.zk.ZK],
    before: Side,
    after: Side,
    expected: set[tuple[str, str]],
) -> None:
    nodes = everything(fleet)
    diff = compare_sides(before, after, connect)
    found = {
        (each.old.version, each.new.version) for each in diff.changes if each.old and each.new
    }
    assert found == expected
    assert diff.before == 2
    assert everything(fleet) == nodes


def test_two_sources_need_no_zookeeper() -> None:
    """In CI there is none."""

    def connect() -> zc.zk.ZK:
        raise AssertionError("there is none")

    diff = compare_sides(files(TREE), files(f"/a{DEPLOYED}"), connect)
    assert diff.counts == {"vanish": 1}
    assert compare_sides(files(TWICE), files(TWICE), connect).changes == ()


def test_the_hosts_that_there_are_judge_a_source(
    fleet: zc.zk.ZK, zk_connection: str, connect: Callable[[], zc.zk.ZK]
) -> None:
    """What can be compared can be published, as far as files go."""
    with registered(zk_connection, "42", name="h1", version=2):
        for before, after in ((Live(), files(TWICE)), (files(TWICE), Published(1))):
            with pytest.raises(Refused, match="Can't deploy to h1 and 42"):
                compare_sides(before, after, connect)


def test_before_there_is_a_fleet_all_of_a_source_appears(
    zk: zc.zk.ZK, connect: Callable[[], zc.zk.ZK]
) -> None:
    diff = compare_sides(Live(), files(TREE), connect)
    assert (diff.counts, diff.before) == ({"appear": 2}, 0)
    with pytest.raises(Refused, match="nothing was published yet"):
        compare_sides(Published(None), files(TREE), connect)


def test_what_no_host_may_do_of_the_live_tree_is_not_there(
    zk: zc.zk.ZK, connect: Callable[[], zc.zk.ZK]
) -> None:
    """A tree that was written by hand has such; one compares to get rid of them."""
    zk.import_tree(f"/a{DEPLOYED}/bad\n  /deploy\n    /h1\n")
    diff = compare_sides(Live(), files(TREE), connect)
    assert (diff.counts, diff.before) == ({"appear": 1}, 1)


@pytest.mark.parametrize(
    ("side", "error", "message"),
    [
        (Published(7), Refused, "there is no revision of 7; kept are 2, 1"),
        (Published(1), BadRevision, "version 1: a revision is no JSON"),
        (files("nonsense\n"), Refused, "the tree has 1 error:\n  site.zk:1:1: error: "),
        (broken, BadSource, "the repository is away"),
    ],
)
def test_a_side_that_cannot_be_had_is_told_and_the_connection_given_back(
    fleet: zc.zk.ZK,
    zk_connection: str,
    side: Side,
    error: type[Exception],
    message: str,
) -> None:
    """A connection that stays would keep a program alive that has ended."""
    fleet.set(f"{VERSIONS}/1", b"damaged")
    opened: list[zc.zk.ZK] = []

    def connect() -> zc.zk.ZK:
        opened.append(zc.zk.ZK(zk_connection))
        return opened[-1]

    with pytest.raises(error, match=message):
        compare_sides(Live(), side, connect)
    [zk] = opened
    with pytest.raises(KazooException):
        zk.get("/hosts")


def test_the_connection_is_given_back_where_all_went_well(
    fleet: zc.zk.ZK, zk_connection: str
) -> None:
    opened = zc.zk.ZK(zk_connection)
    compare_sides(Live(), Published(1), lambda: opened)
    with pytest.raises(KazooException):
        opened.get("/hosts")
