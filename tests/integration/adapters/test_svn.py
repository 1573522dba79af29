"""Checkouts from a real Subversion repository."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.adapters.conftest import Host, Story

from zc.zkdeployment.adapters.svn import Subversion
from zc.zkdeployment.errors import BadTree, CommandFailed
from zc.zkdeployment.lab.packages import run
from zc.zkdeployment.lab.repositories import SubversionRepository
from zc.zkdeployment.lab.scripts import staged_application


@pytest.fixture
def repository(tmp_path: Path) -> SubversionRepository:
    repository = SubversionRepository(tmp_path / "svn")
    repository.commit({**staged_application(), "version": "1"})
    return repository


@pytest.fixture
def svn(host: Host) -> Subversion:
    host.opt.mkdir()
    return Subversion(host.commands)


@pytest.fixture
def path(host: Host) -> Path:
    return host.opt / "pywrite"


def test_a_url_is_checked_out_with_its_scripts_and_updated(
    svn: Subversion, repository: SubversionRepository, path: Path, story: Story
) -> None:
    svn.update(repository.url, str(path))
    assert story() == [f"INFO svn co {repository.url} {path}"]
    assert os.access(path / "stage-build", os.X_OK)

    repository.commit({"version": "2", "bin/zookeeper-deploy": None})
    (path / "built").write_text("kept")
    svn.update(repository.url, str(path))

    assert (path / "version").read_text() == "2"
    assert (path / "built").read_text() == "kept"
    assert not (path / "bin/zookeeper-deploy").exists()


def test_a_checkout_that_somebody_moved_to_another_revision_is_found(
    svn: Subversion, repository: SubversionRepository, path: Path
) -> None:
    svn.update(repository.url, str(path))
    repository.commit({"version": "2"})
    svn.update(repository.url, str(path))
    assert svn.moved(repository.url, str(path)) is None

    run("svn", "update", "-q", "-r", "1", str(path))
    assert svn.moved(repository.url, str(path)) == "is at revision 1, not at 3"
    svn.update(repository.url, str(path))
    assert svn.moved(repository.url, str(path)) is None

    memory = path / ".svn/.zkdeployment-revision"
    memory.write_text("somebody else's")
    assert svn.moved(repository.url, str(path)) is None, "what is not known is not said"


def as_link(path: Path) -> None:
    (path / ".svn").rename(path.with_name("elsewhere"))
    (path / ".svn").symlink_to(path.with_name("elsewhere"))


def with_a_link(path: Path) -> None:
    (path / ".svn/tmp").rename(path.with_name("elsewhere"))
    (path / ".svn/tmp").symlink_to(path.with_name("elsewhere"))


def with_a_database_that_blocks(path: Path) -> None:
    (path / ".svn/wc.db").unlink()
    os.mkfifo(path / ".svn/wc.db")


@pytest.mark.parametrize("tamper", [as_link, with_a_link, with_a_database_that_blocks])
def test_a_checkout_that_leads_elsewhere_is_none(
    svn: Subversion,
    repository: SubversionRepository,
    path: Path,
    story: Story,
    tamper: Callable[[Path], None],
) -> None:
    """svn would write there, as root, what an application wants."""
    svn.update(repository.url, str(path))
    story()
    tamper(path)

    assert svn.recorded(str(path)) is None
    assert story() == []


def test_a_checkout_tells_where_it_is_from(
    svn: Subversion, repository: SubversionRepository, path: Path, story: Story
) -> None:
    svn.update(repository.url, str(path))
    story()

    assert svn.recorded(str(path)) == repository.url
    assert story() == [f"INFO svn info {path}"]


def test_a_checkout_of_another_branch_is_told_apart(
    svn: Subversion, repository: SubversionRepository, path: Path
) -> None:
    branch = repository.branch("branch")
    svn.update(branch, str(path))
    recorded = svn.recorded(str(path))

    assert recorded == branch
    assert svn.same_place(recorded, branch)
    assert not svn.same_place(recorded, repository.url)


def test_a_revision_can_be_asked_for_and_moved(
    svn: Subversion, repository: SubversionRepository, path: Path
) -> None:
    revision = repository.commit({"version": "2"})
    repository.commit({"version": "3"})
    pinned = f"{repository.url}@{revision}"

    svn.update(repository.url, str(path))
    recorded = svn.recorded(str(path))
    assert recorded is not None
    assert svn.same_place(recorded, pinned)
    svn.update(pinned, str(path))

    assert (path / "version").read_text() == "2"


@pytest.mark.parametrize(
    ("version", "same"),
    [
        ("svn://host/a%20b", True),
        ("svn://host/a%20b/", True),
        ("svn://host/a%20b@7", True),
        ("svn://host/a%20b@HEAD", True),
        ("svn://host/a%20b@", True),
        ("svn://host/%61%20b", True),
        ("svn://host/a%20b/c", False),
        ("svn://me@host/a%20b", False),
        ("svn+ssh://host/a%20b", False),
    ],
)
def test_svns_own_spelling_of_a_url_is_no_other_place(
    svn: Subversion, version: str, same: bool
) -> None:
    assert svn.same_place("svn://host/a%20b", version) is same


def test_a_directory_that_only_looks_like_a_checkout_has_no_url(
    svn: Subversion, path: Path
) -> None:
    (path / ".svn").mkdir(parents=True)

    assert svn.recorded(str(path)) is None


def test_a_svn_that_cannot_tell_is_no_reason_to_throw_a_checkout_away(
    svn: Subversion, repository: SubversionRepository, path: Path
) -> None:
    svn.update(repository.url, str(path))
    (path / ".svn/wc.db").write_bytes(b"no database, but a checkout that a person may repair")

    with pytest.raises(CommandFailed, match=r"^Command failed: svn info "):
        svn.recorded(str(path))


def test_an_answer_without_a_url_is_none(host: Host, svn: Subversion, path: Path) -> None:
    program = host.programs / "svn"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho Path: x\n")
    program.chmod(0o755)

    assert svn.recorded(str(path)) is None


def test_a_missing_url_fails_with_what_svn_said(
    svn: Subversion, repository: SubversionRepository, path: Path, story: Story
) -> None:
    missing = f"{repository.url}/gone"
    with pytest.raises(CommandFailed, match=r"^Command failed: svn co "):
        svn.update(missing, str(path))

    assert any("E170000" in line for line in story())


@pytest.mark.parametrize(
    "version", ["--config-option=x", "svn://-x/y", "http://host/x", "git://x#y"]
)
def test_what_is_no_url_reaches_no_command(
    svn: Subversion, path: Path, story: Story, version: str
) -> None:
    with pytest.raises(BadTree):
        svn.update(version, str(path))
    assert story() == []


def test_a_working_copy_that_somebody_switched_by_hand_is_told(
    svn: Subversion, repository: SubversionRepository, path: Path, host: Host
) -> None:
    other = repository.branch("other")
    svn.update(repository.url, str(path))
    assert svn.moved(repository.url, str(path)) is None

    host.commands.run(["svn", "switch", "--ignore-ancestry", other, str(path)])
    assert svn.moved(repository.url, str(path)) == f"is at {other}"

    shutil.rmtree(path / ".svn")
    assert svn.moved(repository.url, str(path)) == "is no working copy any more"
