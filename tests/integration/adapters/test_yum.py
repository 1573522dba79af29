"""What ``yum`` is told, and that its word is not taken for anything: with a real dnf and rpm."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.adapters.conftest import Host, Story, names_in

from zc.zkdeployment.adapters.yum import Yum
from zc.zkdeployment.errors import BadTree, CommandFailed, InstallFailed
from zc.zkdeployment.lab.packages import (
    RPM_DATABASE,
    Package,
    PackageRepository,
    run,
    write_file,
    yum_launcher,
)

ONE, TWO, THREE = Package("squid", "1.0"), Package("squid", "2.0"), Package("squid", "3.0")
THREE_AGAIN = Package("squid", "3.0", release="2")

Lie = Callable[..., None]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> PackageRepository:
    repository = PackageRepository(tmp_path_factory.mktemp("yum") / "repository")
    repository.add(
        *(ONE, TWO, THREE, THREE_AGAIN),
        Package("z4m-4.0.0", "4.0.0"),
        Package("renamed", "1.0", epoch=2, files={"readme": ""}),
        Package("scripted", "1.0", scriptlets={"post": 'error("no disk")'}),
        Package("needy", "1.0", tags={"Requires": "manna"}),
    )
    return repository


@pytest.fixture
def yum(host: Host, repository: PackageRepository) -> Yum:
    yum_launcher(host.programs, host.root, repository)
    return Yum(host.commands, host.files)


@pytest.fixture
def lie(host: Host, yum: Yum) -> Lie:
    """Let ``yum`` do nothing, and claim success, when it is told to do what is given."""

    def tell(*verbs: str) -> None:
        honest = (host.programs / "yum").rename(host.programs / "honest-yum")
        write_file(
            host.programs / "yum",
            "#!/bin/sh\n"
            f'case "$2" in {"|".join(verbs)}) echo "Nothing to do"; exit 0 ;; esac\n'
            f'exec {honest} "$@"\n',
        )

    return tell


def put_beside(host: Host, repository: PackageRepository, package: Package) -> None:
    """Install a version as well, which is what a killed upgrade leaves."""
    path = str(repository.path(package))
    run("rpm", "--root", str(host.root), "--dbpath", RPM_DATABASE, "-i", "--force", path)


def all_installed(host: Host) -> list[str]:
    return sorted(run("rpm", "--root", str(host.root), "--dbpath", RPM_DATABASE, "-qa").split())


def test_a_package_is_installed_changed_and_removed(host: Host, yum: Yum, story: Story) -> None:
    assert yum.installed("squid") is None
    assert story() == []

    yum.install("squid", "1.0")
    assert story() == [
        "INFO yum -y clean all",
        "INFO yum -y install squid-1.0",
        "INFO yum -q list installed squid",
    ]
    assert str(yum.installed("squid")) == "1.0"
    assert story() == ["INFO yum -q list installed squid"]

    yum.install("squid", "2.0")
    assert story() == ["INFO yum -y install squid-2.0", "INFO yum -q list installed squid"]
    assert all_installed(host) == ["squid-2.0-1.noarch"]

    yum.remove("squid")
    assert story() == ["INFO yum -y remove squid"]
    assert names_in(host.opt) == []


def test_a_lower_version_is_installed_too(host: Host, yum: Yum) -> None:
    yum.install("squid", "2.0")
    yum.install("squid", "1.0")

    assert all_installed(host) == ["squid-1.0-1.noarch"]


def test_where_install_does_nothing_downgrade_is_tried(
    host: Host, yum: Yum, story: Story, lie: Lie
) -> None:
    yum.install("squid", "2.0")
    lie("install")
    story()

    yum.install("squid", "1.0")

    assert story() == [
        "INFO yum -y install squid-1.0",
        "INFO yum -q list installed squid",
        "INFO yum -y downgrade squid-1.0",
        "INFO yum -q list installed squid",
    ]
    assert all_installed(host) == ["squid-1.0-1.noarch"]


def test_success_that_is_none_is_an_error_told_as_the_founding_document_does(
    yum: Yum, story: Story, lie: Lie
) -> None:
    yum.install("squid", "2.0")
    lie("install", "downgrade")
    story()
    yum.begin()

    with pytest.raises(InstallFailed, match=r"^Failed to install squid-666 \(installed: 2\.0\)$"):
        yum.install("squid", "666")

    assert story() == [
        "INFO yum -y clean all",
        "INFO yum -y install squid-666",
        "INFO yum -q list installed squid",
        "INFO yum -y downgrade squid-666",
        "INFO yum -q list installed squid",
    ]


@pytest.mark.parametrize(("version", "spec"), [("666", "varnish-666"), (None, "varnish")])
def test_a_package_that_is_not_there_after_all_is_an_error(
    yum: Yum, story: Story, lie: Lie, version: str | None, spec: str
) -> None:
    lie("install")

    with pytest.raises(InstallFailed, match=rf"^Failed to install {spec} \(installed: None\)$"):
        yum.install("varnish", version)

    assert story() == ["INFO yum -y clean all", f"INFO yum -y install {spec}"]


def test_an_unknown_version_fails_with_what_yum_said(yum: Yum, story: Story) -> None:
    with pytest.raises(CommandFailed, match=r"^Command failed: yum -y install squid-bad$"):
        yum.install("squid", "bad")

    lines = story()
    assert "Error: Unable to find a match: squid-bad" in lines
    assert lines[-1] == "ERROR FAILURE"


def test_software_whose_name_carries_its_version_takes_any_release(
    host: Host, yum: Yum, story: Story
) -> None:
    yum.install("z4m-4.0.0", None)

    assert story()[1:] == [
        "INFO yum -y install z4m-4.0.0",
        "INFO yum -q list installed z4m-4.0.0",
    ]
    assert str(yum.installed("z4m-4.0.0")) == "4.0.0"
    yum.remove("z4m-4.0.0")
    assert all_installed(host) == []


def test_a_deployment_sees_what_was_published_before_it_began(
    tmp_path: Path, host: Host, story: Story
) -> None:
    repository = PackageRepository(tmp_path / "repository")
    repository.add(Package("web", "1.0"))
    yum_launcher(host.programs, host.root, repository)
    yum = Yum(host.commands, host.files)
    yum.install("web", "1.0")
    repository.add(Package("web", "2.0"))

    with pytest.raises(CommandFailed):
        yum.install("web", "2.0")
    story()
    yum.begin()
    yum.install("web", "2.0")

    assert story()[0] == "INFO yum -y clean all"
    assert all_installed(host) == ["web-2.0-1.noarch"]


def test_release_and_epoch_can_be_asked_for(host: Host, yum: Yum) -> None:
    yum.install("squid", "3.0-1")
    assert all_installed(host) == ["squid-3.0-1.noarch"]
    yum.install("squid", "3.0-2")
    assert all_installed(host) == ["squid-3.0-2.noarch"]

    yum.install("renamed", "2:1.0-1")
    installed = yum.installed("renamed")
    assert installed is not None
    assert (installed.epoch, installed.version, installed.release) == ("2", "1.0", "1")


def test_a_missing_release_is_shown_with_the_one_that_is_there(yum: Yum, lie: Lie) -> None:
    yum.install("squid", "3.0-2")
    lie("install", "downgrade")

    with pytest.raises(InstallFailed, match=r"squid-3\.0-9 \(installed: 3\.0-2\)$"):
        yum.install("squid", "3.0-9")


def test_what_an_upgrade_left_when_it_was_killed_is_repaired(
    host: Host, yum: Yum, repository: PackageRepository, story: Story
) -> None:
    yum.install("squid", "2.0")
    put_beside(host, repository, ONE)
    put_beside(host, repository, THREE)
    assert str(yum.installed("squid")) == "3.0, 1.0, 2.0"
    story()

    yum.install("squid", "2.0")

    assert story() == [
        "INFO yum -y install squid-2.0",
        "INFO yum -q list installed squid",
        "WARNING squid is installed in several versions: 3.0, 1.0, 2.0; keeping 2.0",
        "INFO yum -y remove squid-3.0-1",
        "INFO yum -y remove squid-1.0-1",
        "INFO yum -q list installed squid",
        "WARNING Not all of squid may be there: it is installed once more",
        "INFO yum -y reinstall squid-2.0",
        "INFO yum -q list installed squid",
    ]
    assert all_installed(host) == ["squid-2.0-1.noarch"]
    assert (host.opt / "squid/bin/zookeeper-deploy").exists()


def test_of_duplicates_that_nobody_wants_the_newest_is_where_yum_starts_from(
    host: Host, yum: Yum, repository: PackageRepository, lie: Lie
) -> None:
    yum.install("squid", "2.0")
    put_beside(host, repository, THREE)
    lie("install")

    yum.install("squid", "1.0")

    assert all_installed(host) == ["squid-1.0-1.noarch"]


def test_a_scriptlet_that_failed_behind_yums_back_is_told(
    host: Host, yum: Yum, story: Story
) -> None:
    yum.install("scripted", "1.0")

    assert "WARNING scripted-1.0: Error in POSTIN scriptlet in rpm package scripted" in story()
    assert all_installed(host) == ["scripted-1.0-1.noarch"]


def test_a_failure_says_why(yum: Yum, story: Story) -> None:
    with pytest.raises(CommandFailed, match=r"install needy-1\.0 \(.*nothing provides manna"):
        yum.install("needy", "1.0")


def test_a_change_that_was_cut_off_is_made_whole_before_it_counts(
    host: Host, yum: Yum, story: Story
) -> None:
    yum.install("squid", "2.0")
    host.files.change_begins("squid")  # as if the agent and yum had been killed at it
    installed = yum.installed("squid")
    assert installed is not None
    assert installed.cut_off
    story()

    yum.install("squid", "2.0")

    assert story() == [
        "INFO yum -y install squid-2.0",
        "INFO yum -q list installed squid",
        "WARNING Not all of squid may be there: it is installed once more",
        "INFO yum -y reinstall squid-2.0",
        "INFO yum -q list installed squid",
    ]
    installed = yum.installed("squid")
    assert installed is not None
    assert not installed.cut_off


def test_what_failed_before_it_changed_anything_leaves_nothing_to_repair(
    host: Host, yum: Yum
) -> None:
    yum.install("squid", "2.0")
    for version in ("bad", "1.0-9"):
        with pytest.raises(CommandFailed):
            yum.install("squid", version)

    installed = yum.installed("squid")
    assert installed is not None
    assert not installed.cut_off


def test_yum_is_not_asked_about_a_checkout(host: Host, yum: Yum, story: Story) -> None:
    (host.opt / "pywrite/.git").mkdir(parents=True)

    assert yum.installed("pywrite") is None
    assert story() == []


def test_a_directory_that_no_package_put_there_is_no_package(
    host: Host, yum: Yum, story: Story
) -> None:
    (host.opt / "stray").mkdir(parents=True)

    assert yum.installed("stray") is None
    assert story() == [
        "INFO yum -q list installed stray",
        "Error: No matching Packages to list",
        "ERROR FAILURE",
    ]


def test_no_name_becomes_an_option_or_a_pattern(yum: Yum, story: Story) -> None:
    for name in ("-y", "z4m*", "@group", "/etc/passwd", "http://example.com/x.rpm"):
        with pytest.raises(BadTree, match=re.escape(name)):
            yum.remove(name)
        with pytest.raises(BadTree, match=re.escape(name)):
            yum.install(name, "1.0")
    assert story() == []


def test_many_packages_are_looked_at_with_few_queries(yum: Yum, story: Story, host: Host) -> None:
    yum.install("squid", "1.0")
    yum.install("z4m-4.0.0", None)
    write_file(host.opt / "byhand/readme", "no package")
    story()

    found = yum.look(["squid", "z4m-4.0.0", "byhand", "nowhere"])

    assert {name: package.version for name, package in found.items()} == {
        "squid": "1.0",
        "z4m-4.0.0": "4.0.0",
    }
    assert story() == ["INFO yum -q list installed squid z4m-4.0.0 byhand"]
    assert yum.look([]) == yum.look(["nowhere"]) == {}
    for n in range(199):
        write_file(host.opt / f"byhand{n}/readme", "no package")
    found = yum.look([*(f"byhand{n}" for n in range(199)), "squid", "z4m-4.0.0"])
    assert sorted(found) == ["squid", "z4m-4.0.0"]
    assert len(story()) == 2, "no answer may be so long that its middle is left out"

    host.files.change_begins("squid")
    assert yum.look(["squid"])["squid"].cut_off
