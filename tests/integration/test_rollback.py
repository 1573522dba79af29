"""Going back, what is kept for that, and what is remembered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.integration.test_sync import TREE, Texts, publish

import zc.zk
from zc.zkdeployment.adapters.revisions import OBJECTS, VERSIONS, Revisions
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.fleet_control import stop_fleet
from zc.zkdeployment.history import history, show
from zc.zkdeployment.ledger import MAX_KEPT, Publication
from zc.zkdeployment.model import Version
from zc.zkdeployment.publish_rules import Limits
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.rollback import rollback
from zc.zkdeployment.sync import State


def tree(version: str) -> str:
    return TREE.replace("'1'", f"'{version}'")


def back(zk: zc.zk.ZK, version: Version = None, limits: Limits | None = None) -> Publication:
    terms = Terms("me@ops", datetime.now(UTC), reason="it fails")
    return rollback(zk, version, terms, limits or Limits())


@pytest.fixture
def two(zk: zc.zk.ZK) -> zc.zk.ZK:
    """A fleet to which version 1, then version 2 was published."""
    publish(zk, Texts(1, site=tree("1")))
    publish(zk, Texts(2, site=tree("2")))
    return zk


def test_going_back_brings_tree_and_manifests_of_the_last_good_version(two: zc.zk.ZK) -> None:
    publication = back(two)
    assert (publication.version, publication.was, publication.kind) == (1, 2, "rollback")
    assert publication.changes == {"change": 2}
    assert two.get_properties("/hosts") == {"version": 1}
    assert two.get_properties("/a")["version"] == "1"
    manifests = Revisions(two.bulk.read).manifests(1, {"h1"})
    assert manifests is not None
    assert {each.version for each in manifests["h1"].deployments} == {"1"}


def test_the_version_that_was_left_is_not_published_again_before_the_source_moved(
    two: zc.zk.ZK,
) -> None:
    back(two)
    outcome = publish(two, Texts(2, site=tree("2")))
    assert outcome.state is State.REFUSED
    assert "me@ops rolled back from it to 1 at" in str(outcome.reason)
    assert publish(two, Texts(3, site=tree("3"))).state is State.PUBLISHED
    forced = publish(two, Texts(2, site=tree("2")), Limits(force=True))
    assert forced.state is State.PUBLISHED
    assert [entry.bad for entry in history(two)] == [None] * 5, "who forces it means it"


def test_a_fleet_that_a_host_stopped_goes_back(two: zc.zk.ZK) -> None:
    two.properties("/hosts", watch=False).update(version=None)
    assert back(two).version == 1


def test_a_fleet_that_a_person_stopped_goes_back_only_if_forced(two: zc.zk.ZK) -> None:
    stop_fleet(two, "pool 3 is down")
    with pytest.raises(Refused, match=r"stopped the fleet at .*: pool 3 is down.*--force"):
        back(two)
    assert back(two, None, Limits(force=True)).version == 1
    assert two.get_properties("/hosts") == {"version": 1}


def test_one_cannot_go_where_nothing_is(zk: zc.zk.ZK) -> None:
    zk.import_tree("/hosts\n  version = 9\n")
    with pytest.raises(Refused, match="nothing was published yet"):
        back(zk, 4)
    with pytest.raises(Refused, match="no good revision before 9"):
        back(zk)
    zk.properties("/hosts", watch=False).update(version=False)
    publish(zk, Texts(1))
    for version, message in ((7, "no revision of 7; kept are 1"), (1, "is 1 already")):
        with pytest.raises(Refused, match=message):
            back(zk, version)


def test_a_revision_tells_where_it_is_from_and_what_it_changed(two: zc.zk.ZK) -> None:
    shown = show(two, None)
    assert (shown.record.version, shown.record.by) == (2, "me@ops")
    assert [file.data.decode() for file in shown.files] == [tree("2")]
    assert shown.diff is not None
    assert shown.diff.counts == {"change": 2}
    first = show(two, 1)
    assert first.diff is not None
    assert first.diff.counts == {"appear": 2}


def test_the_last_revisions_are_kept_whole_and_nothing_else(zk: zc.zk.ZK) -> None:
    """Else ZooKeeper, which has it all in memory, would grow with every release."""
    large = "".join(f"# {number} of many lines of a comment\n" for number in range(12_000))
    for version in range(1, MAX_KEPT + 4):
        publish(zk, Texts(version, site=f"{tree(str(version))}{large}# {version}\n"))
    assert sorted(map(int, zk.get_children(VERSIONS))) == list(range(4, MAX_KEPT + 4))
    revisions = Revisions(zk.bulk.read)
    needed: set[str] = set()
    for version in range(4, MAX_KEPT + 4):
        record = revisions.published(version)
        assert revisions.files(record)[0].data.decode().endswith(f"# {version}\n")
        needed |= {record.tree, *record.shards.values()}
        needed |= set(revisions.manifest_digests(record).values())
        needed |= {digest for _, digest in revisions.index(record).files}
    assert set(zk.get_children(OBJECTS)) == needed
    assert len(history(zk)) == MAX_KEPT + 3
    assert [entry.kept for entry in history(zk)][-4:] == [True, False, False, False]
    assert back(zk, 4).version == 4
    with pytest.raises(Refused, match="no revision of 3"):
        back(zk, 3)
