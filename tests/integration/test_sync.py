"""What sync refuses of a tree, and what it makes of the live one.

Source: companions.md, "Publishing".
"""

from __future__ import annotations

import pytest
from tests.support.syncing import TREE, Texts, everything, other_session, publish, said, tree

import zc.zk
from zc.zkdeployment.adapters.objects import object_path
from zc.zkdeployment.adapters.revisions import Revisions
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.sync import State


def test_no_host_sees_a_fleet_before_there_is_a_tree_for_it(zk: zc.zk.ZK) -> None:
    """An agent that found a version, and an empty tree, would remove all that its host has."""
    assert publish(zk, Texts(site="/a : web\n  /deploy\n    /h1\n")).state is State.REFUSED
    assert not zk.exists("/hosts")


def test_an_all_stop_is_left_alone_unless_forced(
    zk: zc.zk.ZK, log: pytest.LogCaptureFixture
) -> None:
    zk.import_tree("/hosts\n  version = None\n")
    assert publish(zk, Texts()).state is State.REFUSED
    assert said(log) == ["CRITICAL ALL STOP, cluster version is None"]
    assert publish(zk, Texts(), Limits(force=True)).state is State.PUBLISHED
    assert zk.get_properties("/hosts") == {"version": 1}


def test_what_a_host_would_refuse_is_refused_for_all_before_anything_is_written(
    zk: zc.zk.ZK, zk_connection: str
) -> None:
    """The fleet knows that h1 and 42 are one host: files alone do not."""
    zk.import_tree("/hosts\n  version = 'initial'\n")
    tree = TREE.replace("    /h1\n", "    /h1\n    /42\n", 1)
    with other_session(zk_connection) as agent:
        data = zc.zk.encode({"name": "h1", "version": "initial"})
        agent.ephemerals.create("/hosts/42", data)
        outcome = publish(zk, Texts(site=tree))
        assert outcome.state is State.REFUSED
        assert "Conflicting deployments for /a. Can't deploy to h1 and 42." in str(outcome.reason)
        assert not zk.exists("/a")
        assert not zk.exists("/revisions")


@pytest.mark.parametrize("top", ["hosts", "agent-locks", "revisions", "hosts-lock"])
def test_a_tree_cannot_say_what_the_fleet_does(zk: zc.zk.ZK, top: str) -> None:
    outcome = publish(zk, Texts(site=f"{TREE}/{top}\n  version = 7\n"))
    assert f"/{top} says what the fleet does" in str(outcome.reason)
    assert zk.get_children("/") == ["hosts-lock"]


def test_places_in_the_queue_of_a_role_survive_a_publication(zk: zc.zk.ZK) -> None:
    roles = "/roles\n  /cache : web\n    version = '1'\n/role-locks\n  /cache\n"
    publish(zk, Texts(site=TREE + roles))
    zk.create("/role-locks/cache/lr-0000000001", '{"requestor": "42"}')
    publish(zk, Texts(2, site=f"{TREE}{roles}/more\n"))
    assert zk.get_children("/role-locks/cache") == ["lr-0000000001"]


def test_top_nodes_that_no_file_has_any_more_go_and_those_of_others_stay(zk: zc.zk.ZK) -> None:
    publish(zk, Texts(site=f"{TREE}/old\n  /er\n", more="/kept\n"))
    zk.create("/handmade")
    zk.create("/kept/live", ephemeral=True)
    publish(zk, Texts(2, site=TREE))
    assert not zk.exists("/old")
    assert zk.exists("/handmade")
    assert zk.get_children("/kept") == ["live"], "a program is registered there"


def test_the_same_version_with_another_tree_is_refused(zk: zc.zk.ZK) -> None:
    publish(zk, Texts())
    outcome = publish(zk, Texts(site=f"{TREE}/new\n"), Limits(force=True))
    assert "version 1 was published at" in str(outcome.reason)
    assert publish(zk, Texts(), Limits(force=True)).state is State.PUBLISHED


def test_files_with_mistakes_are_refused_before_anything_is_imported(
    zk: zc.zk.ZK, log: pytest.LogCaptureFixture
) -> None:
    publish(zk, Texts())
    before = everything(zk)
    said(log)
    mistake = "/x : web\n  version = '2'\n  /deploy\n    /h1\n"
    outcome = publish(zk, Texts(2, a=f"{TREE}/new\n", b=mistake))
    assert outcome.state is State.REFUSED
    *lines, error = said(log)
    assert lines == [
        "INFO VCS Version: 2",
        "INFO ZK Version: 1",
        "INFO Version mismatch detected, resyncing",
    ]
    assert error == f"ERROR {outcome.reason}"
    assert "b.zk:2:3: error: Inconsistent versions for web on h1. '2' != '1'" in error
    after = everything(zk)
    changed = [path for path in after if after[path] != before.get(path)]
    assert changed == ["/hosts-lock"], "which a publisher had for a moment"


def test_warnings_are_told_and_do_no_harm(zk: zc.zk.ZK, log: pytest.LogCaptureFixture) -> None:
    ignored = "/role-locks\n  /cache\n    /deploy\n      /h1\n"
    assert publish(zk, Texts(site=TREE + ignored)).state is State.PUBLISHED
    [warning] = [line for line in said(log) if line.startswith("WARNING")]
    assert "agents do not read what is below /role-locks" in warning


def test_programs_that_are_registered_in_the_tree_stay_with_all_that_is_above_them(
    zk: zc.zk.ZK,
) -> None:
    """They would have to register again, which they do when they start, and not before."""
    below = "  /providers\n    /pool\n      x = 1\n  /other\n"
    publish(zk, Texts(site=f"{TREE}/app\n{below}/gone\n{below}"))
    for top in ("app", "gone"):
        zk.create(f"/{top}/providers/pool/1.2.3.4:80", b"{}", ephemeral=True)
    assert publish(zk, Texts(2, site=f"{TREE}/app\n")).state is State.PUBLISHED
    for top in ("app", "gone"):
        assert zk.get_children(f"/{top}") == ["providers"]
        assert zk.get_children(f"/{top}/providers/pool") == ["1.2.3.4:80"]


def test_the_queue_of_a_role_outlives_the_role(zk: zc.zk.ZK) -> None:
    roles = "/roles\n  /cache : web\n    version = '1'\n/role-locks\n  /cache\n"
    publish(zk, Texts(site=TREE + roles))
    zk.create("/role-locks/cache/lr-0000000001", b"{}")
    publish(zk, Texts(2, site=TREE))
    assert not zk.exists("/roles")
    assert zk.get_children("/role-locks/cache") == ["lr-0000000001"]


def test_only_what_differs_is_written(zk: zc.zk.ZK) -> None:
    """A program that watches a node must not be woken by every publication."""
    publish(zk, Texts(site=TREE + "/c\n  x = 1\n"))
    before = everything(zk)
    publish(zk, Texts(2, site=TREE + "/c\n  x = 2\n"))
    after = everything(zk)
    tops = {path for path in before if path.startswith(("/a", "/b", "/c"))}
    assert {path for path in tops if before[path] != after[path]} == {"/c"}


def test_a_live_tree_that_a_publisher_left_half_done_is_mended_at_the_same_version(
    zk: zc.zk.ZK, log: pytest.LogCaptureFixture
) -> None:
    """Hosts that need the live tree would wait for ever."""
    publish(zk, Texts())
    zk.create("/revisions/updating", b'{"trees": []}')
    zk.properties("/a", watch=False).update(version="half")
    said(log)
    assert publish(zk, Texts()).state is State.PUBLISHED
    assert "WARNING The live tree is between two versions, of which one is 1" in said(log)
    assert zk.get_properties("/a")["version"] == "1"
    assert not zk.exists("/revisions/updating")
    assert publish(zk, Texts()).state is State.CURRENT


@pytest.mark.parametrize(
    "before", [b"5", b"[]", b'{"0": 5}', b'{"0": "x"}', b'{"0": "' + b"0" * 64 + b'"}']
)
def test_what_a_killed_publisher_noted_may_be_damaged(
    zk: zc.zk.ZK, log: pytest.LogCaptureFixture, before: bytes
) -> None:
    """Nobody could publish any more; the live tree is the next best thing to compare with."""
    zk.import_tree("/hosts\n  version = 'by hand'\n/revisions\n")
    zk.create("/revisions/updating", b'{"trees": [], "before": %s}' % before)
    assert publish(zk, Texts()).state is State.PUBLISHED
    assert any(line.startswith("Comparing with the live tree: ") for line in log.messages)
    assert not zk.exists("/revisions/updating")


def test_a_forced_publication_repairs_what_was_changed_by_hand(zk: zc.zk.ZK) -> None:
    publish(zk, Texts())
    zk.properties("/a", watch=False).update(version="hand")
    zk.create("/a/hand")
    assert publish(zk, Texts()).state is State.CURRENT, "the version is that of the source"
    assert publish(zk, Texts(), Limits(force=True)).state is State.PUBLISHED
    assert (zk.get_properties("/a")["version"], zk.get_children("/a")) == ("1", ["deploy"])


def test_a_damaged_record_of_the_last_version_is_told_and_can_be_left_behind(
    zk: zc.zk.ZK, log: pytest.LogCaptureFixture
) -> None:
    """The error named nothing, and nothing short of deleting nodes helped."""
    publish(zk, Texts())
    zk.set("/revisions/versions/1", b"damaged")
    reason = str(publish(zk, Texts(2, site=tree("2"))).reason)
    assert reason.startswith("/revisions/versions/1: a revision is no JSON: ")
    assert reason.endswith("to publish all the same, --force")
    outcome = publish(zk, Texts(2, site=tree("2")), Limits(force=True))
    assert outcome.publication is not None
    assert outcome.publication.changes == {"change": 2}, "compared with the live tree"
    assert "Comparing with the live tree: version 1: a revision is no JSON" in log.text
    assert publish(zk, Texts(3)).state is State.PUBLISHED


@pytest.mark.parametrize("part", ["tree", "shards"])
def test_a_damaged_revision_does_not_keep_anybody_from_publishing_the_next_one(
    zk: zc.zk.ZK, log: pytest.LogCaptureFixture, part: str
) -> None:
    publish(zk, Texts(site=f"{TREE}/old\n"))
    record = Revisions(zk.bulk.read).record(1)
    assert record is not None
    for digest in [record.tree] if part == "tree" else record.shards.values():
        zk.set(object_path(digest), b"damaged")
    outcome = publish(zk, Texts(2, site=tree("2")))
    assert outcome.publication is not None
    assert outcome.publication.changes == {"change": 2}
    assert bool(zk.exists("/old")) is (part == "tree"), "it is not known who made it"
    assert "was altered or cut" in log.text
