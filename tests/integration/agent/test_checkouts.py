"""Software from version control: real svn and git over file://."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.host import Host

from zc.zkdeployment.lab.repositories import GitRepository, SubversionRepository
from zc.zkdeployment.lab.scripts import staged_application


def tree(version: str) -> str:
    return f"/x : worker\n  version = {version!r}\n  /deploy\n    /host42\n"


@pytest.fixture
def svn(tmp_path: Path) -> SubversionRepository:
    repository = SubversionRepository(tmp_path / "svn")
    repository.commit(staged_application("umask 077; date > built"))
    return repository


@pytest.fixture
def git(tmp_path: Path) -> GitRepository:
    repository = GitRepository(tmp_path / "git")
    repository.commit(staged_application())
    return repository


def test_svn_is_checked_out_built_and_updated(host: Host, svn: SubversionRepository) -> None:
    host.start()
    build = [
        f"INFO Build worker ({svn.url})",
        "INFO /opt/worker/stage-build",
        "INFO chmod -R a+rX .",
        "INFO /opt/worker/bin/zookeeper-deploy /x 0",
    ]
    assert host.deploy(2, tree(svn.url))[2:-1] == [f"INFO svn co {svn.url} /opt/worker", *build]
    assert (host.root / "opt/worker/built").stat().st_mode & 0o044 == 0o044
    svn.commit({"new": "file"})
    assert host.deploy(3)[2:-1] == [
        "INFO svn info /opt/worker",
        f"INFO svn co {svn.url} /opt/worker",
        *build,
    ]
    assert (host.root / "opt/worker/new").exists()
    host.zk.delete_recursive("/x")
    assert host.deploy(4)[-2] == "INFO Removing checkout worker"
    assert host.software() == []


def test_another_url_replaces_the_checkout(host: Host, svn: SubversionRepository) -> None:
    host.start()
    host.deploy(2, tree(svn.url))
    other = svn.branch("other")
    assert host.deploy(3, tree(other))[2:5] == [
        "INFO svn info /opt/worker",
        f"INFO Removing conflicting checkout {svn.url!r} != {other!r}",
        f"INFO svn co {other} /opt/worker",
    ]


def test_packages_and_checkouts_replace_each_other(host: Host, svn: SubversionRepository) -> None:
    host.start()
    host.deploy(2, tree("1.0"))
    assert host.deploy(3, tree(svn.url))[2:5] == [
        "INFO yum -q list installed worker",
        "INFO yum -y remove worker",
        f"INFO svn co {svn.url} /opt/worker",
    ]
    assert host.deploy(4, tree("1.0"))[2:6] == [
        "INFO Removing checkout worker",
        "INFO yum -y clean all",
        "INFO yum -y install worker-1.0",
        "INFO yum -q list installed worker",
    ]


def test_git_is_cloned_and_moves_to_where_the_tree_says(host: Host, git: GitRepository) -> None:
    host.start()
    git.tag("1.0")
    lines = host.deploy(2, tree(git.version("1.0")))
    assert lines[2:4] == [f"INFO git clone {git.url} /opt/worker", "INFO git checkout 1.0"]
    git.commit({"new": "file"})
    lines = host.deploy(3, tree(git.version("main")))
    assert not any(line.startswith(("INFO git clone", "INFO Removing")) for line in lines)
    assert (host.root / "opt/worker/new").exists()
    host.deploy(4, tree(git.version("1.0")))
    assert not (host.root / "opt/worker/new").exists()


def test_kinds_of_checkouts_replace_each_other(
    host: Host, git: GitRepository, svn: SubversionRepository
) -> None:
    host.start()
    host.deploy(2, tree(git.version("main")))
    assert host.deploy(3, tree(svn.url))[2] == (
        f"INFO Removing conflicting checkout None != {svn.url!r}"
    )


def test_a_branch_that_does_not_exist_stops_the_fleet(host: Host, git: GitRepository) -> None:
    host.start()
    assert host.deploy(2, tree(git.version("no")))[-1] == "CRITICAL FAILED deploying version 2"
    assert host.deploy(3, tree(git.version("main")))[-1] == "INFO Done deploying version 3"


def test_a_build_that_fails_stops_the_fleet(host: Host, git: GitRepository) -> None:
    host.start()
    git.commit(staged_application("exit 1"))
    lines = host.deploy(2, tree(git.version("main")))
    assert lines[-2] == "RuntimeError: Command failed: /opt/worker/stage-build"
    assert host.deployed() == []


def test_a_checkout_that_was_cut_off_is_replaced(host: Host, svn: SubversionRepository) -> None:
    host.start()
    host.deploy(2, tree(svn.url))
    (host.root / "etc/zim/checkout-worker").write_text("worker")
    (host.root / "opt/worker/.svn/wc.db").write_text("cut off")
    lines = host.deploy(3)
    assert lines[2] == "INFO Removing checkout worker, which was cut off"
    assert lines[-1] == "INFO Done deploying version 3"


def test_a_stray_directory_makes_way(host: Host, svn: SubversionRepository) -> None:
    (host.root / "opt/worker").mkdir(parents=True)
    host.start()
    lines = host.deploy(2, tree(svn.url))
    assert f"INFO Removing conflicting checkout None != {svn.url!r}" in lines
    assert lines[-1] == "INFO Done deploying version 2"
