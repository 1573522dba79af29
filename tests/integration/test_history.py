"""What people find out about what was published."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.syncing import (
    DEPLOYED,
    TREE,
    Texts,
    back,
    everything,
    publish,
    set_version,
    terms,
    tree,
)

import zc.zk
from zc.zkdeployment.adapters.fleet_state import NoFleet
from zc.zkdeployment.adapters.objects import object_path
from zc.zkdeployment.adapters.revisions import VERSIONS
from zc.zkdeployment.adapters.signatures import SigningKey, generate
from zc.zkdeployment.errors import BadRevision, Refused
from zc.zkdeployment.history import history, show
from zc.zkdeployment.lab.repositories import GitRepository
from zc.zkdeployment.publication.locations import parse_location
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.revisions.revision import digest_of
from zc.zkdeployment.sources import opened
from zc.zkdeployment.sync import sync


@pytest.fixture
def three(zk: zc.zk.ZK) -> zc.zk.ZK:
    """A fleet to which three versions were published, and which went back to the second."""
    for version in (1, 2, 3):
        publish(zk, Texts(version, site=tree(str(version))))
    back(zk)
    return zk


def test_all_publications_are_told_newest_first(three: zc.zk.ZK) -> None:
    entries = history(three)
    made = [entry.publication for entry in entries]
    assert [each.serial for each in made] == [4, 3, 2, 1]
    assert [(each.was, each.version) for each in made] == [(3, 2), (2, 3), (1, 2), ("initial", 1)]
    assert [each.kind for each in made] == ["rollback", "publish", "publish", "publish"]
    assert [each.changes for each in made] == [{"change": 2}] * 3 + [{"appear": 2}]
    assert [each.reason for each in made] == ["it fails", None, None, None]
    assert {each.by for each in made} == {"me@ops"}
    assert [entry.current for entry in entries] == [True, False, False, False]
    assert [entry.kept for entry in entries] == [True] * 4
    assert [bool(entry.bad) for entry in entries] == [False, True, False, False]


@pytest.mark.parametrize(
    ("version", "current"), [(None, []), (False, []), (9, []), (True, []), (1, [1]), (3, [3])]
)
def test_what_is_marked_is_where_the_fleet_should_be_now(
    three: zc.zk.ZK, version: int | None, current: list[int]
) -> None:
    """By hand it may be anywhere; a fleet that is stopped is nowhere."""
    set_version(three, version)
    marked = [entry.publication.version for entry in history(three) if entry.current]
    assert marked == current


def test_looking_changes_nothing(three: zc.zk.ZK) -> None:
    before = everything(three)
    history(three)
    show(three, None)
    show(three, 1)
    assert everything(three) == before


def test_where_there_is_no_fleet_there_is_no_history(zk: zc.zk.ZK) -> None:
    """A mistyped address must not look like a fleet to which nothing was published."""
    with pytest.raises(NoFleet, match="is the address right"):
        history(zk)
    zk.import_tree("/hosts\n  version = 1\n")
    assert history(zk) == ()
    with pytest.raises(Refused, match="nothing was published yet; 'zkdeploy sync' does that"):
        show(zk, None)


def test_a_revision_is_shown_as_it_was_published_last(three: zc.zk.ZK) -> None:
    shown = show(three, 2)
    assert (shown.record.serial, shown.record.by, shown.bad) == (4, "me@ops", None)
    assert [each.kind for each in shown.publications] == ["publish", "rollback"]
    assert [(each.name, each.data.decode()) for each in shown.files] == [("site.zk", tree("2"))]
    assert {each.version for each in shown.manifests["h1"].deployments} == {"2"}
    assert shown.diff is not None
    assert {(c.old.version, c.new.version) for c in shown.diff.changes if c.old and c.new} == {
        ("3", "2")
    }, "that is what going back changed"
    assert show(three, None) == shown, "it was published last"
    assert "me@ops rolled back from it to 2 at" in str(show(three, 3).bad)


def test_the_first_revision_made_all_that_there_is(three: zc.zk.ZK) -> None:
    shown = show(three, 1)
    assert shown.diff is not None
    assert (shown.diff.counts, shown.diff.before) == ({"appear": 2}, 0)


def test_the_beginning_of_a_commit_is_enough_if_there_is_one_such(
    zk: zc.zk.ZK, tmp_path: Path
) -> None:
    repository = GitRepository(tmp_path / "git")
    commit = repository.commit({"a.zk": TREE})
    with opened(parse_location(f"git://{repository.url}#main")) as source:
        publish(zk, source)
    for version in ("abcd-1", "abcd-2"):
        publish(zk, Texts(version, site=TREE))
    assert show(zk, commit[:4]).record.version == commit
    assert show(zk, "abcd-1").record.version == "abcd-1"
    for unclear in ("abcd", commit[:3], "none"):
        with pytest.raises(
            Refused, match=f"no revision of '{unclear}'; kept are 'abcd-2', 'abcd-1"
        ):
            show(zk, unclear)


def test_a_number_and_the_text_of_it_are_two_versions(zk: zc.zk.ZK) -> None:
    publish(zk, Texts(42, site=tree("number")))
    publish(zk, Texts("42", site=tree("text")))
    assert {each.version for each in show(zk, 42).manifests["h1"].deployments} == {"number"}
    assert {each.version for each in show(zk, "42").manifests["h1"].deployments} == {"text"}
    assert [entry.current for entry in history(zk)] == [True, False]


def test_a_signed_revision_shows_its_key_and_until_when_it_counts(
    zk: zc.zk.ZK, tmp_path: Path
) -> None:
    generate(tmp_path / "key")
    key = SigningKey.load(tmp_path / "key")
    sync(zk, Texts(), replace(terms(), signer=key, valid_for=timedelta(days=1)), Limits())
    shown = show(zk, None)
    assert shown.key == key.key_id
    assert shown.record.expires is not None
    assert shown.record.expires > shown.record.at


def test_a_role_s_controller_is_shown(zk: zc.zk.ZK) -> None:
    role = "/roles\n  /cache : controller\n    version = '7'\n/role-locks\n  /cache\n"
    publish(zk, Texts(site=f"/a{DEPLOYED}{role}"))
    shown = show(zk, None)
    assert str(shown.manifests["cache"].controller) == "controller 7"
    assert shown.diff is not None
    assert shown.diff.counts == {"appear": 2}


def test_what_was_altered_is_not_shown_as_if_it_had_been_published(three: zc.zk.ZK) -> None:
    zk = three
    path = object_path(digest_of(tree("2").encode()))
    zk.set(path, tree("666").encode())
    with pytest.raises(BadRevision, match=f"was altered or cut: {path}"):
        show(zk, 2)
    zk.delete(path)
    with pytest.raises(BadRevision, match=f"a part of the revision is missing: {path}"):
        show(zk, 2)
    zk.set(f"{VERSIONS}/3", zk.get(f"{VERSIONS}/1")[0])
    with pytest.raises(BadRevision, match="version 3: its record is that of version 1"):
        show(zk, 3)
    assert show(zk, 1).record.version == 1
    zk.set("/revisions", b'{"format": 1}')
    with pytest.raises(BadRevision, match="to start anew, 'zkdeploy tree rm --recursive /revis"):
        history(zk)


@pytest.mark.parametrize("beginning", ["61873e9", 6187319, "6187"])
def test_the_beginning_of_a_commit_may_look_like_a_number(
    zk: zc.zk.ZK, beginning: str | int
) -> None:
    commits = (f"{'61873e9':0<40}", f"{'6187319':0<40}")
    publish(zk, Texts(commits[0]))
    if beginning != "6187":
        publish(zk, Texts(commits[1], site=tree("2")))
    assert str(show(zk, beginning).record.version).startswith(str(beginning))
    publish(zk, Texts(3, site=tree("3")))
    assert show(zk, 3).record.version == 3
