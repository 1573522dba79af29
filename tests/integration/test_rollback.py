"""Going back to a revision that is kept."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.syncing import (
    DEPLOYED,
    TREE,
    Texts,
    back,
    everything,
    other_session,
    publish,
    registered,
    set_version,
    terms,
    tree,
)

import zc.zk
from zc.zkdeployment.adapters.publisher_lock import LockTaken, publisher_lock
from zc.zkdeployment.adapters.revisions import Revisions
from zc.zkdeployment.adapters.signatures import SigningKey, generate
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.fleet_control import stop_fleet
from zc.zkdeployment.history import history, show
from zc.zkdeployment.lab.repositories import GitRepository
from zc.zkdeployment.publication.locations import parse_location
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.rollback import rollback
from zc.zkdeployment.sources import opened
from zc.zkdeployment.sync import State, sync


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


def test_each_time_it_goes_further_back(zk: zc.zk.ZK) -> None:
    """Not to and fro between two versions that both fail."""
    for version in (1, 2, 3):
        publish(zk, Texts(version, site=tree(str(version))))
    assert back(zk).version == 2
    set_version(zk, None)  # as a host does that fails
    assert back(zk).version == 1
    assert [entry.bad is None for entry in history(zk)] == [True, False, False, False, True]
    with pytest.raises(Refused, match="there is no good revision before 1"):
        back(zk)


def test_from_an_older_version_it_does_not_go_forward(zk: zc.zk.ZK) -> None:
    """Somebody left version 3 in a hurry, by hand: what failed there is not what is wanted."""
    for version in (1, 2, 3):
        publish(zk, Texts(version, site=tree(str(version))))
    set_version(zk, 2)
    assert back(zk).version == 1
    set_version(zk, 1)
    with pytest.raises(Refused, match="there is no good revision before 1"):
        back(zk)


def test_a_version_that_failed_by_accident_is_tried_again(two: zc.zk.ZK) -> None:
    """The host's disk was full; the version is good."""
    set_version(two, None)
    assert back(two, 2).version == 2
    assert two.get_properties("/hosts") == {"version": 2}
    assert [entry.bad for entry in history(two)] == [None] * 3


def test_one_goes_back_to_a_bad_version_only_if_forced(two: zc.zk.ZK) -> None:
    back(two)
    with pytest.raises(Refused, match="version 2 is bad: me@ops rolled back from it to 1 at"):
        back(two, 2)
    assert back(two, 2, Limits(force=True)).version == 2
    assert [entry.bad is None for entry in history(two)] == [True, False, True, False]


def test_no_version_control_is_needed(zk: zc.zk.ZK, tmp_path: Path) -> None:
    """It may be what is down. A few characters of the commit are enough."""
    repository = GitRepository(tmp_path / "git")
    commits = []
    for version in ("1", "2", "3"):
        commits.append(repository.commit({"a.zk": tree(version), "site.zkx": "/site\n"}))
        with opened(parse_location(f"git://{repository.url}#main")) as source:
            publish(zk, source)
    shutil.rmtree(tmp_path / "git")
    publication = back(zk, commits[0][:9])
    assert (publication.version, publication.was) == (commits[0], commits[2])
    assert publication.origin == history(zk)[-1].publication.origin
    assert zk.get_properties("/hosts") == {"version": commits[0]}
    assert zk.get_properties("/a")["version"] == "1"
    with pytest.raises(Refused, match=f"there is no revision of '{commits[0][:3]}'; kept are"):
        back(zk, commits[0][:3])


def test_top_nodes_that_came_since_go_and_those_that_went_come_back(zk: zc.zk.ZK) -> None:
    publish(zk, Texts(1, site=f"{TREE}/old\n  x = 1\n"))
    publish(zk, Texts(2, site=f"{TREE}/new\n"))
    zk.create("/handmade")
    back(zk)
    assert zk.get_properties("/old") == {"x": 1}
    assert not zk.exists("/new")
    assert zk.exists("/handmade")


def test_going_back_is_held_to_the_limits_of_publishing(zk: zc.zk.ZK) -> None:
    """In a hurry, too, nobody takes most deployments away by mistake."""
    publish(zk, Texts(1, site=f"/a{DEPLOYED}"))
    publish(zk, Texts(2, site="".join(f"/{name}{DEPLOYED}" for name in "abc")))
    before = everything(zk)
    with pytest.raises(Refused, match="2 of 3 deployments would be removed"):
        back(zk)
    with pytest.raises(Refused, match="its index is 2, not 1"):
        back(zk, None, Limits(index=1))
    assert everything(zk).keys() == before.keys()
    assert zk.get_properties("/hosts") == {"version": 2}
    assert back(zk, None, Limits(removals=2, index=2)).changes == {"vanish": 2}


def test_hosts_that_came_since_are_taken_into_account(zk: zc.zk.ZK, zk_connection: str) -> None:
    """The old tree was good for the fleet of then; a host of now would stop the fleet."""
    publish(zk, Texts(1, site=TREE.replace("    /h1\n", "    /h1\n    /42\n", 1)))
    publish(zk, Texts(2))
    with (
        registered(zk_connection, "42", name="h1", version=2),
        pytest.raises(Refused, match="Can't deploy to h1 and 42"),
    ):
        back(zk)
    assert zk.get_properties("/hosts") == {"version": 2}


def test_a_fleet_on_its_way_goes_back_at_once(two: zc.zk.ZK, zk_connection: str) -> None:
    """It is wrong, so nobody waits until all hosts have it."""
    with registered(zk_connection, "42", name="h1", version=1, error="waaaa"):
        assert back(two).version == 1


def test_one_publisher_at_a_time_when_going_back(two: zc.zk.ZK, zk_connection: str) -> None:
    with (
        other_session(zk_connection) as other,
        publisher_lock(other, "eve@ops", "2026-01-02T03:04:05Z"),
        pytest.raises(LockTaken, match=r"eve@ops publishes since 2026-01-02T03:04:05Z"),
    ):
        back(two)
    assert two.get_properties("/hosts") == {"version": 2}


def test_a_stop_that_comes_meanwhile_is_not_ended(two: zc.zk.ZK, zk_connection: str) -> None:
    class Stopping(zc.zk.ZK):
        def create(self, path: str, *args: Any, **more: Any) -> Any:
            if path.startswith("/hosts-lock/"):
                stop_fleet(two, "pool 3 is down")
            return super().create(path, *args, **more)

    with (
        contextlib.closing(Stopping(zk_connection)) as zk,
        pytest.raises(Refused, match="its version is None: nothing was published"),
    ):
        back(zk, None, Limits(force=True))
    assert two.get_properties("/hosts")["stopped"]["reason"] == "pool 3 is down"
    assert two.get_properties("/a")["version"] == "2"


def test_a_signed_fleet_goes_back_signed(two: zc.zk.ZK, tmp_path: Path) -> None:
    """The old record was signed, but has a serial that hosts do not accept any more."""
    generate(tmp_path / "key")
    signed = replace(terms(), signer=SigningKey.load(tmp_path / "key"))
    sync(two, Texts(3), signed, Limits())
    with pytest.raises(Refused, match="the last revision is signed with key"):
        back(two)
    assert rollback(two, None, signed, Limits()).serial == 4
    shown = show(two, None)
    assert (shown.record.version, shown.key is not None) == (2, True)
