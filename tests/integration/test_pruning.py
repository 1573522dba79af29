"""What is kept of revisions: enough to go back, and no more, as ZooKeeper has it in memory."""

from __future__ import annotations

import pytest
from tests.support.syncing import TREE, Texts, back, everything, publish, tree

import zc.zk
from zc.zkdeployment.adapters.objects import CHUNK, OBJECTS, object_path
from zc.zkdeployment.adapters.revisions import VERSIONS, Revisions
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.history import history, show
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.revisions.ledger import MAX_KEPT
from zc.zkdeployment.revisions.revision import digest_of

MORE = 3  # publications than are kept
LAST = MAX_KEPT + MORE
COMMENTS = "".join(f"# {number} of many lines of a comment\n" for number in range(12_000))


def text(version: int) -> str:
    """Return a tree file that takes more than one node."""
    return f"{tree(str(version))}{COMMENTS}# {version}\n"


def needed(zk: zc.zk.ZK) -> set[str]:
    """Return the digests of all objects that kept revisions lead to."""
    revisions = Revisions(zk.bulk.read)
    found: set[str] = set()
    for version in revisions.ledger().kept():
        record = revisions.published(version)
        found |= {record.tree, *record.shards.values()}
        found |= set(revisions.manifest_digests(record).values())
        found |= {digest for _, digest in revisions.index(record).files}
    return found


@pytest.fixture
def many(zk: zc.zk.ZK) -> zc.zk.ZK:
    """A fleet to which more was published than is kept."""
    assert len(text(1)) > CHUNK
    for version in range(1, LAST + 1):
        publish(zk, Texts(version, site=text(version), same=f"/same\n{COMMENTS}"))
    return zk


def test_after_many_publications_the_last_ones_are_there_whole_and_nothing_else(
    many: zc.zk.ZK,
) -> None:
    """Else ZooKeeper would grow with every release, and some day be full."""
    kept = range(MORE + 1, LAST + 1)
    assert sorted(map(int, many.get_children(VERSIONS))) == list(kept)
    assert set(many.get_children(OBJECTS)) == needed(many)
    revisions = Revisions(many.bulk.read)
    for version in kept:
        files = {file.name: file.data for file in revisions.files(revisions.published(version))}
        assert files["site.zk"].decode() == text(version)
    for version, there in ((1, False), (MORE, False), (MORE + 1, True)):
        path = object_path(digest_of(text(version).encode()))
        assert bool(many.exists(path)) is there
        assert bool(many.exists(f"{path}/1")) is there, "a chunk"

    assert len(history(many)) == LAST, "that it was published is remembered"
    assert [entry.kept for entry in reversed(history(many))][: MORE + 1] == [False] * MORE + [True]
    assert show(many, MORE + 1).diff is None, "what it changed is not known any more"
    for version in (1, MORE):
        with pytest.raises(Refused, match=f"there is no revision of {version}; kept are {LAST}, "):
            back(many, version)
        with pytest.raises(Refused, match=f"there is no revision of {version}"):
            show(many, version)
    assert many.get_properties("/hosts") == {"version": LAST}

    assert back(many, MORE + 1).version == MORE + 1
    assert many.get_properties("/a")["version"] == str(MORE + 1)
    assert set(many.get_children(OBJECTS)) == needed(many), "going back made none superfluous"


def test_a_version_that_is_published_again_and_again_takes_one_place(zk: zc.zk.ZK) -> None:
    """A fleet that is forced to and fro keeps the revisions that one could need."""
    publish(zk, Texts(1, site=tree("1")))
    publish(zk, Texts(2, site=tree("2")))
    before = everything(zk)
    for version in (1, 2) * MAX_KEPT:
        source = Texts(version, site=tree(str(version)))
        publish(zk, source, Limits(force=True))
    assert sorted(zk.get_children(VERSIONS)) == ["1", "2"]
    assert everything(zk).keys() == before.keys()
    assert back(zk).version == 1


def test_what_could_not_be_removed_is_removed_the_next_time(zk: zc.zk.ZK) -> None:
    """A publisher that was killed, or lost its connection, has published all the same."""
    for version in range(1, MAX_KEPT + 1):
        publish(zk, Texts(version, site=tree(str(version))))
    for name in ("f" * 64, "0" * 64):
        zk.create(object_path(name), b"left")
        zk.create(f"{object_path(name)}/0", b"left")
    publish(zk, Texts(MAX_KEPT + 1, site=f"{TREE}/new\n"))
    assert set(zk.get_children(OBJECTS)) == needed(zk)


def test_a_record_that_was_damaged_does_not_keep_anybody_from_publishing(
    zk: zc.zk.ZK, log: pytest.LogCaptureFixture
) -> None:
    for version in range(1, MAX_KEPT + 1):
        publish(zk, Texts(version, site=tree(str(version))))
    zk.set(f"{VERSIONS}/5", b"damaged")
    publish(zk, Texts(MAX_KEPT + 1, site=tree("21")))
    assert "Old revisions could not be removed: BadRevision version 5: " in log.text
    assert zk.get_properties("/hosts") == {"version": MAX_KEPT + 1}
    objects = set(zk.get_children(OBJECTS))
    assert objects, "nothing is removed of which it is not known that nobody needs it"
