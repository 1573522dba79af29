"""What sync makes of git, Subversion and a directory: versions, files, layers, what it says."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from tests.support.syncing import TREE, everything, publish, said, tree

import zc.zk
from zc.zkdeployment.adapters.revisions import Revisions
from zc.zkdeployment.errors import BadSource
from zc.zkdeployment.history import history, show
from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.lab.repositories import Files, GitRepository, SubversionRepository
from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.locations import parse_location
from zc.zkdeployment.publication.publisher_ports import Source
from zc.zkdeployment.sources import opened
from zc.zkdeployment.sync import State, plan_sync

FILES: Files = {
    "b.zk": "/c\n  x = 1\n  y = 1\n",
    "a.zk": TREE,
    "z.zkx": "/c\n  x = 2\n  y = 1\n  /d\n/more\n",
    "B.zk": "/upper\n",
    "README": "no tree",
    ".hidden.zk": "/hidden\n",
    "below/e.zk": "/below\n",
}
IMPORTING = ["B.zk", "a.zk", "b.zk", "z.zkx"]


class Directory:
    """A directory of tree files that is changed as a repository is."""

    def __init__(self, directory: Path) -> None:
        self.url = str(directory)

    def commit(self, files: Files) -> Version:
        for name, text in files.items():
            if text is None:
                Path(self.url, name).unlink()
            else:
                write_file(Path(self.url, name), text)
        with opened(parse_location(self.url)) as source, contextlib.suppress(BadSource):
            return source.newest()
        return None  # as there is no tree file, at least not here


class Git(GitRepository):
    """A git repository; ``location`` is what the command line takes."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.location = f"git://{self.url}#main"


Repository = Directory | Git | SubversionRepository


@pytest.fixture(params=[Git, SubversionRepository, Directory])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    made: Repository = request.param(tmp_path / "repository")
    return made


@pytest.fixture
def source(repository: Repository) -> Iterator[Source]:
    with _opened(repository) as source:
        yield source


def _opened(
    repository: Repository, path: str = "", version: Version = None
) -> AbstractContextManager[Source]:
    where = repository.location if isinstance(repository, Git) else repository.url
    return opened(parse_location(where, path=path), version=version)


def _form(repository: Repository) -> Callable[[Version], bool]:
    """Return what tells whether a version has the form that it should have there."""
    match repository:
        case SubversionRepository():
            return lambda version: isinstance(version, int) and not isinstance(version, bool)
        case Git():
            return lambda version: isinstance(version, str) and len(version) == 40
        case _:
            return lambda version: isinstance(version, str) and len(version) == 12


def test_what_is_published_and_what_is_said_about_it(
    repository: Repository, source: Source, zk: zc.zk.ZK, log: pytest.LogCaptureFixture
) -> None:
    """People and monitoring know the messages of the original tool."""
    first = repository.commit(FILES)
    assert _form(repository)(first)
    outcome = publish(zk, source)
    assert (outcome.state, outcome.was, outcome.version) == (State.PUBLISHED, "initial", first)
    assert said(log) == [
        f"INFO VCS Version: {first}",
        "INFO ZK Version: initial",
        "INFO Version mismatch detected, resyncing",
        *(f"INFO Importing {name}" for name in IMPORTING),
    ]
    assert zk.get_properties("/hosts") == {"version": first}
    second = repository.commit({"a.zk": tree("2"), "B.zk": None})
    publish(zk, source)
    assert said(log) == [
        f"INFO VCS Version: {second}",
        f"INFO ZK Version: {first}",
        "INFO Version mismatch detected, resyncing",
        *(f"INFO Importing {name}" for name in IMPORTING[1:]),
    ]
    assert zk.get_properties("/hosts") == {"version": second}
    assert zk.get_properties("/a")["version"] == "2"
    tops = {"a", "b", "c", "more"}
    assert set(zk.get_children("/")) == {*tops, "hosts", "hosts-lock", "revisions"}


def test_a_second_time_nothing_is_done(
    repository: Repository, source: Source, zk: zc.zk.ZK, log: pytest.LogCaptureFixture
) -> None:
    """A timer runs it every minute: agents must not wake up for that, nor disks fill."""
    version = repository.commit(FILES)
    publish(zk, source)
    said(log)
    before = everything(zk)
    outcome = publish(zk, source)
    assert (outcome.state, outcome.was, outcome.version) == (State.CURRENT, version, version)
    assert said(log) == [f"INFO VCS Version: {version}", f"INFO ZK Version: {version}"]
    assert everything(zk) == before


def test_a_dry_run_writes_nothing_at_all(
    repository: Repository, source: Source, zk: zc.zk.ZK, log: pytest.LogCaptureFixture
) -> None:
    repository.commit(FILES)
    publish(zk, source)
    zk.create("/c/handmade")
    repository.commit({"a.zk": tree("2"), "b.zk": "/c\n  y = 1\n/new\n", "B.zk": None})
    said(log)
    before = everything(zk)
    outcome = publish(zk, source, dry_run=True)
    dry = " (dry run, no action taken)"
    assert said(log)[2:] == [
        "INFO Version mismatch detected, resyncing",
        *(f"INFO Importing {name}{dry}" for name in IMPORTING[1:]),
    ]
    assert outcome.state is State.DRY_RUN
    assert outcome.diff is not None
    assert outcome.diff.counts == {"change": 2}
    assert set(outcome.live) == {
        "/a version change from 1 to 2",
        "/b version change from 1 to 2",
        "add /new",
        "would delete /c/handmade.",
        "would delete /upper.",
    }
    plan = plan_sync(zk, source)
    assert (plan.was, plan.version) == (outcome.was, outcome.version)
    assert (plan.diff, plan.live) == (outcome.diff, outcome.live)
    assert everything(zk) == before
    publish(zk, source)
    assert not zk.exists("/upper")
    assert not zk.exists("/c/handmade")


def test_a_first_dry_run_makes_no_fleet(
    repository: Repository, source: Source, zk: zc.zk.ZK
) -> None:
    """An agent that found /hosts with a version and no tree would remove all that it has."""
    repository.commit(FILES)
    before = everything(zk)
    assert publish(zk, source, dry_run=True).state is State.DRY_RUN
    assert plan_sync(zk, source).index == 0
    assert everything(zk) == before
    assert list(before) == ["/"]


def test_overlays_override_and_add_and_do_not_trim(
    repository: Repository, source: Source, zk: zc.zk.ZK
) -> None:
    """A site's own files say what is different there, over what all sites share."""
    repository.commit(FILES)
    zk.import_tree("/c\n  z = 3\n  /old\n/more\n  by = 'hand'\n  /kept\n")
    publish(zk, source)
    assert zk.get_properties("/c") == {"x": 2, "y": 1}
    assert zk.get_children("/c") == ["d"], "/c is defined by a .zk file: nothing else stays"
    assert zk.get_children("/more") == ["kept"], "only a .zkx file knows /more: all stays"


def test_a_revision_keeps_its_files_and_says_where_they_are_from(
    repository: Repository, source: Source, zk: zc.zk.ZK
) -> None:
    version = repository.commit(FILES)
    publish(zk, source)
    shown = show(zk, None)
    assert [file.name for file in shown.files] == IMPORTING
    assert {file.name: file.data.decode() for file in shown.files}.items() <= FILES.items()
    origin = shown.record.origin
    assert repository.url.removeprefix("file://").split("/trunk")[0] in origin.source
    commit = None if isinstance(repository, Directory) else str(version)
    subject = None if isinstance(repository, Directory) else "change"
    assert (origin.commit, origin.subject) == (commit, subject)
    assert history(zk)[0].publication.origin == origin


def test_a_directory_inside_under_a_version_of_one_s_own(
    repository: Repository, zk: zc.zk.ZK
) -> None:
    repository.commit({f"sites/east/{name}": text for name, text in FILES.items()})
    with _opened(repository, "sites/east", "2026.1") as source:
        assert publish(zk, source).version == "2026.1"
        assert publish(zk, source).state is State.CURRENT
    assert zk.get_properties("/hosts") == {"version": "2026.1"}
    assert Revisions(zk.bulk.read).record("2026.1") is not None


@pytest.mark.parametrize("files", [{"README": "x"}, {"below/a.zk": TREE}])
def test_a_place_without_tree_files_does_not_empty_the_fleet(
    repository: Repository, source: Source, zk: zc.zk.ZK, files: Files
) -> None:
    """A misspelled path must not be taken for an empty tree."""
    repository.commit({"README": "none", "a.zk": TREE})
    publish(zk, source)
    before = everything(zk)
    repository.commit({"README": "other", "a.zk": None, **files})
    with pytest.raises(BadSource, match=r"there is no \*.zk or \*.zkx file"):
        publish(zk, source)
    after = everything(zk)
    assert after.keys() == before.keys()
    assert [path for path in before if before[path] != after[path]] in ([], ["/hosts-lock"])


def test_another_branch_is_another_source(zk: zc.zk.ZK, tmp_path: Path) -> None:
    """Commits elsewhere must not reach the fleet that follows production."""
    repository = GitRepository(tmp_path / "git")
    first = repository.commit({"a.zk": TREE})
    repository.commit({"a.zk": tree("9")}, "next")
    svn = SubversionRepository(tmp_path / "svn")
    revision = svn.commit({"a.zk": TREE})
    svn.branch("next")  # the newest revision, which did not change the trunk
    for where, version in ((f"git://{repository.url}#main", first), (svn.url, revision)):
        with opened(parse_location(where)) as source:
            assert publish(zk, source).version == version
            assert publish(zk, source).state is State.CURRENT
        assert zk.get_properties("/a")["version"] == "1"
