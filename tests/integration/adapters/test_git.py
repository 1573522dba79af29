"""Checkouts from a real git repository, also where an application tampered with them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.adapters.conftest import Host, Story

from zc.zkdeployment.adapters.git import Git
from zc.zkdeployment.errors import BadTree, CommandFailed
from zc.zkdeployment.lab.packages import run, write_file
from zc.zkdeployment.lab.repositories import GitRepository
from zc.zkdeployment.lab.scripts import staged_application


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    repository = GitRepository(tmp_path / "git")
    repository.commit({**staged_application(), "version": "main 1"})
    repository.tag("v1")
    repository.commit({"version": "stage 1"}, "stage")
    return repository


@pytest.fixture
def git(host: Host) -> Git:
    host.opt.mkdir()
    return Git(host.commands)


@pytest.fixture
def path(host: Host) -> Path:
    return host.opt / "pywrite"


def version_in(path: Path) -> str:
    return (path / "version").read_text()


def head_of(path: Path) -> str:
    return run("git", "-c", "safe.directory=*", "rev-parse", "HEAD", cwd=path)


def test_a_branch_is_cloned_with_its_scripts(
    git: Git, repository: GitRepository, path: Path, story: Story
) -> None:
    git.update(repository.version("stage"), str(path))

    assert story() == [f"INFO git clone {repository.url} {path}", "INFO git checkout stage"]
    assert version_in(path) == "stage 1"
    assert os.access(path / "stage-build", os.X_OK)
    assert git.recorded(str(path)) == repository.version("stage")


@pytest.mark.parametrize("ref", ["main", "stage", "v1", "HEAD"])
def test_any_name_can_be_checked_out_and_again(
    git: Git, repository: GitRepository, path: Path, ref: str
) -> None:
    git.update(repository.version(ref), str(path))
    first = head_of(path)
    git.update(repository.version(ref), str(path))

    assert head_of(path) == first


def test_a_checkout_follows_its_branch(git: Git, repository: GitRepository, path: Path) -> None:
    git.update(repository.version("stage"), str(path))
    commit = repository.commit({"version": "stage 2"}, "stage")
    git.update(repository.version("stage"), str(path))

    assert (version_in(path), head_of(path)) == ("stage 2", commit)


def test_a_checkout_follows_a_branch_whose_history_was_rewritten(
    git: Git, repository: GitRepository, path: Path
) -> None:
    git.update(repository.version("stage"), str(path))
    repository.commit({"version": "rewritten"}, "stage", amend=True)
    git.update(repository.version("stage"), str(path))

    assert version_in(path) == "rewritten"


def test_a_checkout_follows_a_tag_that_was_moved(
    git: Git, repository: GitRepository, path: Path
) -> None:
    git.update(repository.version("v1"), str(path))
    repository.commit({"version": "v1 again"})
    repository.tag("v1")
    git.update(repository.version("v1"), str(path))

    assert version_in(path) == "v1 again"


def test_a_checkout_moves_between_branches_tags_and_commits(
    git: Git, repository: GitRepository, path: Path
) -> None:
    first = repository.commit({"version": "main 2"})
    repository.commit({"version": "new 1"}, "feature/new")

    for ref, version in (
        ("stage", "stage 1"),
        (first, "main 2"),
        ("v1", "main 1"),
        (first[:12], "main 2"),
        ("feature/new", "new 1"),
        ("main", "main 2"),
    ):
        git.update(repository.version(ref), str(path))
        assert version_in(path) == version
        assert git.recorded(str(path)) == repository.version(ref)


def test_what_was_built_stays_and_what_was_changed_is_restored(
    git: Git, repository: GitRepository, path: Path
) -> None:
    git.update(repository.version("main"), str(path))
    write_file(path / "eggs/built", "kept")
    write_file(path / "version", "changed by hand")
    (path / "stage-build").unlink()
    repository.commit({"version": "main 2"})
    git.update(repository.version("main"), str(path))

    assert version_in(path) == "main 2"
    assert (path / "stage-build").exists()
    assert (path / "eggs/built").read_text() == "kept"


@pytest.mark.parametrize("ref", ["nonexistent", "0123456789abcdef", "version"])
def test_a_ref_that_does_not_exist_leaves_a_checkout_where_it_was(
    git: Git, repository: GitRepository, path: Path, story: Story, ref: str
) -> None:
    git.update(repository.version("stage"), str(path))
    before = head_of(path)
    story()

    with pytest.raises(CommandFailed, match=rf"git checkout --force --detach {ref}$"):
        git.update(repository.version(ref), str(path))

    assert any(line.startswith(("fatal: ", "error: ")) and ref in line for line in story())
    assert (head_of(path), version_in(path)) == (before, "stage 1")
    assert git.recorded(str(path)) == repository.version("stage")


def test_a_ref_that_does_not_exist_is_not_taken_for_a_file(
    git: Git, repository: GitRepository, path: Path
) -> None:
    with pytest.raises(CommandFailed, match=r"^Command failed: git checkout version --$"):
        git.update(repository.version("version"), str(path))

    git.update(repository.version("stage"), str(path))
    assert version_in(path) == "stage 1"


def test_a_branch_that_was_deleted_is_not_deployed_from_memory(
    git: Git, repository: GitRepository, path: Path
) -> None:
    git.update(repository.version("stage"), str(path))
    repository.commit({"version": "main 2"})
    repository.delete_branch("stage")

    with pytest.raises(BadTree, match="has no branch, tag or commit 'stage' any more"):
        git.update(repository.version("stage"), str(path))
    assert version_in(path) == "stage 1"


def test_a_repository_of_another_format_stays_usable(git: Git, tmp_path: Path, path: Path) -> None:
    work = tmp_path / "work"
    run("git", "init", "--quiet", "--object-format=sha256", str(work))
    who = ["-c", "user.name=lab", "-c", "user.email=lab@localhost"]
    for number in ("1", "2"):
        run("git", *who, "commit", "--quiet", "--allow-empty", "-m", number, cwd=work)
        git.update(f"git://{work}#HEAD", str(path))
    assert len(head_of(path)) == 64


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("git://host:x#main", "git://host:x#v1", True),
        ("git://host:x#main", "git://host:y#main", False),
        ("git://host:x#main", "svn://host/x", False),
        ("svn://host/x", "git://host:x#main", False),
        ("1.0", "git://host:x#main", False),
        ("git://host:x#main", "1.0", False),
        ("git:nonsense", "git://host:x#main", False),
    ],
)
def test_a_checkout_moves_within_its_repository_only(
    git: Git, one: str, other: str, same: bool
) -> None:
    assert git.same_place(one, other) is same


def test_a_clone_that_was_cut_off_is_unknown(
    git: Git, repository: GitRepository, path: Path
) -> None:
    run("git", "init", "--quiet", str(path))

    assert git.recorded(str(path)) is None
    assert git.recorded(str(path / "missing")) is None


def as_link(path: Path) -> None:
    moved = path.with_name("elsewhere")
    (path / ".git").rename(moved)
    (path / ".git").symlink_to(moved)


def as_file(path: Path) -> None:
    moved = path.with_name("elsewhere")
    (path / ".git").rename(moved)
    (path / ".git").write_text(f"gitdir: {moved}\n")


def with_configuration_elsewhere(path: Path) -> None:
    (path / ".git/commondir").write_text("/tmp\n")


def with_linked_memory(path: Path) -> None:
    memory = path / ".git/.zkdeployment"
    memory.rename(path / "memory")
    memory.symlink_to(path / "memory")


def with_memory_that_blocks(path: Path) -> None:
    (path / ".git/.zkdeployment").unlink()
    os.mkfifo(path / ".git/.zkdeployment")


def with_a_link_to_a_file(path: Path) -> None:
    """``git fetch`` would write over that file."""
    (path / ".git/FETCH_HEAD").unlink(missing_ok=True)
    (path / ".git/FETCH_HEAD").symlink_to("/tmp/anything")


def with_a_link_to_a_directory(path: Path) -> None:
    """Names of tags would become names of files there."""
    (path / ".git/refs/tags").rmdir()
    (path / ".git/refs/tags").symlink_to("/tmp")


def with_an_index_that_blocks(path: Path) -> None:
    (path / ".git/index").unlink()
    os.mkfifo(path / ".git/index")


@pytest.mark.parametrize(
    "tamper",
    [
        as_link,
        as_file,
        with_configuration_elsewhere,
        with_linked_memory,
        with_memory_that_blocks,
        with_a_link_to_a_file,
        with_a_link_to_a_directory,
        with_an_index_that_blocks,
    ],
)
def test_a_checkout_that_is_not_as_git_made_it_is_unknown(
    git: Git, repository: GitRepository, path: Path, tamper: Callable[[Path], None]
) -> None:
    git.update(repository.version("main"), str(path))
    tamper(path)

    assert git.recorded(str(path)) is None


def test_a_checkout_that_an_application_tampered_with_runs_none_of_its_code(
    git: Git, repository: GitRepository, path: Path, tmp_path: Path
) -> None:
    git.update(repository.version("main"), str(path))
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    write_file(trap, f"#!/bin/sh\necho sprung >> {sprung}\ncat\n")
    for hook in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-index-change"):
        write_file(path / ".git/hooks" / hook, trap.read_text())
    write_file(path / ".git/info/attributes", "* filter=trap\n")
    for setting in ("core.fsmonitor", "filter.trap.smudge", "filter.trap.clean"):
        run("git", "config", setting, str(trap), cwd=path)
    run("git", "config", "remote.origin.uploadpack", f"{trap};git-upload-pack", cwd=path)
    subprocess.run(["git", "status"], cwd=path, check=True, capture_output=True)
    assert sprung.exists(), "the trap does not work"
    sprung.unlink()

    repository.commit({"version": "main 2", "more": "x"})
    git.update(repository.version("main"), str(path))

    assert not sprung.exists()
    assert version_in(path) == "main 2"


def test_a_checkout_whose_configuration_is_gone_or_blocks_is_moved(
    git: Git, repository: GitRepository, path: Path
) -> None:
    git.update(repository.version("main"), str(path))
    (path / ".git/config").unlink()
    os.mkfifo(path / ".git/config")
    git.update(repository.version("stage"), str(path))

    assert version_in(path) == "stage 1"


def test_a_checkout_that_belongs_to_its_application_is_moved(
    git: Git, repository: GitRepository, path: Path
) -> None:
    git.update(repository.version("main"), str(path))
    run("chown", "-R", "1234:1234", str(path))
    git.update(repository.version("stage"), str(path))

    assert version_in(path) == "stage 1"


def test_a_checkout_without_a_repository_never_touches_the_one_around_it(
    git: Git, repository: GitRepository, host: Host, path: Path
) -> None:
    git.update(repository.version("main"), str(host.opt / "around"))
    inner = host.opt / "around/pywrite"
    (inner / ".git").mkdir(parents=True)

    with pytest.raises(CommandFailed, match=r"^Command failed: git fetch "):
        git.update(repository.version("stage"), str(inner))
    assert version_in(host.opt / "around") == "main 1"


@pytest.mark.parametrize(
    "version",
    ["git://ext::sh -c id#main", "git://--upload-pack=id#main", "git:///x#-f", "svn://h/x", "1.0"],
)
def test_what_is_no_git_version_reaches_no_command(
    git: Git, path: Path, story: Story, version: str
) -> None:
    with pytest.raises(BadTree):
        git.update(version, str(path))
    assert story() == []


@pytest.mark.parametrize("ref", ["main", "stage", "v1", "HEAD"])
def test_a_checkout_that_nobody_moved_is_where_it_was_put(
    git: Git, repository: GitRepository, path: Path, ref: str
) -> None:
    version = repository.version(ref)
    for _ in range(2):  # cloned, then moved there again
        git.update(version, str(path))
        assert git.moved(version, str(path)) is None
    repository.commit({"version": "newer"}, "stage")
    assert git.moved(version, str(path)) is None, "that is for the next deployment"


def test_a_checkout_that_somebody_moved_by_hand_is_told(
    git: Git, repository: GitRepository, path: Path
) -> None:
    version = repository.version("stage")
    git.update(version, str(path))
    put = head_of(path)

    run("git", "-c", "safe.directory=*", "checkout", "--quiet", "v1", cwd=path)
    assert git.moved(version, str(path)) == f"is at commit {head_of(path)}, not at {put}"

    git.update(version, str(path))
    assert git.moved(version, str(path)) is None
    assert git.moved(repository.version("v1"), str(path)) == f"is at {version}"


@pytest.mark.parametrize(
    "head", ["", "ref: refs/heads/../../../secret", "ref: HEAD", "x" * 40, "\x1b[31m"]
)
def test_nonsense_as_the_place_of_a_checkout_is_not_followed(
    git: Git, repository: GitRepository, path: Path, head: str
) -> None:
    """Applications may write to their checkout; what the agent tells of it is read as root."""
    version = repository.version("stage")
    git.update(version, str(path))
    (path.parent / "secret").write_text("0" * 40)
    (path / ".git/HEAD").write_text(head)
    assert git.moved(version, str(path)) is None


def test_a_checkout_that_is_none_any_more_is_told(
    git: Git, repository: GitRepository, path: Path
) -> None:
    version = repository.version("stage")
    git.update(version, str(path))
    (path / ".git/.zkdeployment").unlink()
    assert git.moved(version, str(path)) == "is no checkout of this agent any more"
