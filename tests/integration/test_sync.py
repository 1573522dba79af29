"""What the sync tool does with a fleet, and what it says (companions.md, "Publishing")."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import zc.zk
from zc.zkdeployment.lab.repositories import GitRepository, SubversionRepository
from zc.zkdeployment.locations import parse_location
from zc.zkdeployment.ports import Source
from zc.zkdeployment.publish_rules import Limits
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.snapshot import Origin, Snapshot
from zc.zkdeployment.sources import opened
from zc.zkdeployment.sync import Outcome, State, sync
from zc.zkdeployment.tree_files import SourceFile

DEPLOYED = " : web\n  version = '1'\n  /deploy\n    /h1\n"
TREE = f"/a{DEPLOYED}/b{DEPLOYED}"
FILES = {"b.zk": "/c\n  x = 1\n", "a.zk": TREE, "z.zkx": "/c\n  x = 2\n", "README": "no tree"}


class Texts:
    """A source that holds texts under a version."""

    def __init__(self, version: int = 1, **texts: str) -> None:
        self.version = version
        self.texts = texts or {"site": TREE}

    def newest(self) -> int:
        return self.version

    def read(self) -> Snapshot:
        files = (SourceFile(f"{name}.zk", text.encode()) for name, text in self.texts.items())
        return Snapshot(self.version, tuple(files), Origin("test"))


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "zc.zkdeployment.sync")
    return caplog


def said(log: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged since the last call."""
    lines = [
        f"{record.levelname} {record.getMessage()}"
        for record in log.records
        if record.name == "zc.zkdeployment.sync"
    ]
    log.clear()
    return lines


def publish(
    zk: zc.zk.ZK, source: Source, limits: Limits | None = None, *, dry_run: bool = False
) -> Outcome:
    terms = Terms("me@ops", datetime.now(UTC))
    return sync(zk, source, terms, limits or Limits(), dry_run=dry_run)


@contextlib.contextmanager
def other_session(connection: str) -> Iterator[zc.zk.ZK]:
    with contextlib.closing(zc.zk.ZK(connection)) as zk:
        yield zk


def test_a_first_publication_from_git_makes_the_fleet(
    zk: zc.zk.ZK, tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    repository = GitRepository(tmp_path / "git")
    commit = repository.commit(FILES)
    with opened(parse_location(f"git://{repository.url}#main")) as source:
        assert publish(zk, source).state is State.PUBLISHED
        assert said(log) == [
            f"INFO VCS Version: {commit}",
            "INFO ZK Version: initial",
            "INFO Version mismatch detected, resyncing",
            "INFO Importing a.zk",
            "INFO Importing b.zk",
            "INFO Importing z.zkx",
        ]
        assert zk.get_properties("/hosts") == {"version": commit}
        assert zk.get_properties("/c") == {"x": 2}
        assert publish(zk, source).state is State.CURRENT
        assert said(log) == [f"INFO VCS Version: {commit}", f"INFO ZK Version: {commit}"]


def test_a_subversion_revision_is_a_number(zk: zc.zk.ZK, tmp_path: Path) -> None:
    repository = SubversionRepository(tmp_path / "svn")
    revision = repository.commit(FILES)
    with opened(parse_location(repository.url)) as source:
        publish(zk, source)
    assert zk.get_properties("/hosts") == {"version": revision}


def test_a_dry_run_writes_nothing_and_tells_what_would_change(
    zk: zc.zk.ZK, log: pytest.LogCaptureFixture
) -> None:
    outcome = publish(zk, Texts(), dry_run=True)
    assert said(log)[-1] == "INFO Importing site.zk (dry run, no action taken)"
    assert outcome.state is State.DRY_RUN
    assert outcome.diff is not None
    assert outcome.diff.counts == {"appear": 2}
    assert "add /a/deploy/h1" in outcome.live
    assert zk.get_children("/") == []
    publish(zk, Texts())
    _, before = zk.get("/")
    outcome = publish(zk, Texts(2, site=TREE.replace("'1'", "'2'")), dry_run=True)
    assert "/a version change from 1 to 2" in outcome.live
    assert (zk.get("/")[1], zk.get_properties("/a")["version"]) == (before, "1")


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


def test_a_stop_that_comes_meanwhile_stays_even_if_forced(zk: zc.zk.ZK) -> None:
    class Stopping(Texts):
        def read(self) -> Snapshot:
            zk.properties("/hosts", watch=False).update(version=None)
            return super().read()

    publish(zk, Texts())
    outcome = publish(zk, Stopping(), Limits(force=True))
    assert outcome.state is State.REFUSED
    assert "somebody else changed /hosts meanwhile" in str(outcome.reason)
    assert zk.get_properties("/hosts") == {"version": None}


def test_a_host_that_is_behind_is_waited_for(
    zk: zc.zk.ZK, zk_connection: str, log: pytest.LogCaptureFixture
) -> None:
    publish(zk, Texts())
    with other_session(zk_connection) as agent:
        data = zc.zk.encode({"name": "h1", "version": "initial"})
        agent.ephemerals.create("/hosts/42", data)
        said(log)
        assert publish(zk, Texts(2)).state is State.REFUSED
        assert said(log)[-1] == (
            "ERROR Version mismatch detected, can't resync since host 42 has not converged"
            " (initial -> 1)"
        )
        zk.properties("/hosts", watch=False).update(version=False)
        assert publish(zk, Texts(2)).state is State.PUBLISHED, "held still on purpose"


def test_one_publisher_at_a_time(
    zk: zc.zk.ZK, zk_connection: str, log: pytest.LogCaptureFixture
) -> None:
    with other_session(zk_connection) as other, other.client.Lock("/hosts-lock"):
        assert publish(zk, Texts()).state is State.LOCKED
    assert "ERROR Refused to update zookeeper tree, couldn't obtain cluster lock" in said(log)
    assert publish(zk, Texts()).state is State.PUBLISHED
    assert zk.get_children("/hosts-lock") == []


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
