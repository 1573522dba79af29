"""All packages of a plan change in one transaction, or none does: with a real dnf and rpm."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.integration.adapters.conftest import Host, Story, names_in

from zc.zkdeployment.adapters.dnf import dnf
from zc.zkdeployment.adapters.package_sets import PackageSets
from zc.zkdeployment.errors import BadTree, CommandFailed, InstallFailed
from zc.zkdeployment.host.software import BulkInstaller
from zc.zkdeployment.lab.packages import (
    RPM_DATABASE,
    Package,
    PackageRepository,
    dnf_launchers,
    run,
    write_file,
)
from zc.zkdeployment.model import Software


def fails_in(scriptlet: str) -> dict[str, str]:
    return {scriptlet: f'error("no luck in {scriptlet}")'}


PACKAGES = (
    *(Package(name, version) for name in ("up", "down") for version in ("1.0", "2.0")),
    Package("new", "1.0"),
    Package("same", "1.0"),
    Package("same-2", "7"),
    Package("same", "2"),
    Package("unready", "1.0", scriptlets=fails_in("pre")),
    Package("warning", "1.0", scriptlets=fails_in("post")),
    Package("clinging", "1.0", scriptlets=fails_in("preun")),
    Package("clinging", "2.0"),
    Package(
        "slow", "1.0", scriptlets={"preun": 'if os.remove("/once") then error("no luck") end'}
    ),
    Package("slow", "2.0"),
    Package("needy", "1.0", tags={"Requires": "library"}),
    Package("library", "1.0"),
    Package("plugin", "1.0", tags={"Requires": "library"}),
    Package("renamed", "1.0", epoch=2),
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> PackageRepository:
    repository = PackageRepository(tmp_path_factory.mktemp("dnf") / "repository")
    repository.add(*PACKAGES)
    return repository


@pytest.fixture
def packages(host: Host, repository: PackageRepository) -> PackageSets:
    dnf_launchers(host.programs, host.root, repository)
    return dnf(host.commands, host.files)


def software(*specs: str) -> list[Software]:
    pairs = (spec.split(" ") for spec in specs)
    return [Software(name, version) for name, version in pairs]


def calls(lines: list[str], program: str) -> list[str]:
    return [line for line in lines if line.startswith(f"INFO {program} ")]


def all_installed(host: Host) -> list[str]:
    argv = ["rpm", "--root", str(host.root), "--dbpath", RPM_DATABASE, "-qa"]
    return sorted(line.removesuffix(".noarch") for line in run(*argv).split())


def broken(host: Host) -> list[str]:
    """Return of which packages the agent remembers that a change of them was cut off."""
    return [name for name in names_in(host.run) if name.startswith("checkout-")]


def installer(host: Host, packages: PackageSets) -> BulkInstaller:
    return BulkInstaller(packages, {}, host.files, host.commands)


def test_up_down_and_new_are_one_transaction_and_none_is_needed_then(
    host: Host, packages: PackageSets, story: Story
) -> None:
    packages.install_all(software("up 1.0", "down 2.0", "same 1.0"))
    story()
    wanted = software("down 1.0", "new 1.0", "same 1.0", "up 2.0")
    steps: list[str] = []

    installer(host, packages).ensure_all(wanted, steps.append)

    lines = story()
    assert calls(lines, "dnf") == ["INFO dnf -y install down-1.0 new-1.0 up-2.0"]
    assert all_installed(host) == ["down-1.0-1", "new-1.0-1", "same-1.0-1", "up-2.0-1"]
    assert broken(host) == []
    assert steps == ["installing down 1.0, new 1.0, same 1.0, up 2.0"]

    installer(host, packages).ensure_all(wanted, steps.append)
    lines = story()
    assert len(calls(lines, "rpm")) == 1
    assert len(lines) == 1


def test_what_is_offered_is_fetched_anew_once_in_a_deployment(
    tmp_path: Path, host: Host, story: Story
) -> None:
    repository = PackageRepository(tmp_path / "repository")
    repository.add(Package("web", "1.0"))
    dnf_launchers(host.programs, host.root, repository)
    packages = dnf(host.commands, host.files)
    packages.install("web", "1.0")
    repository.add(Package("web", "2.0"))

    packages.begin()
    packages.install("web", "2.0")
    packages.install("web", "1.0")

    assert calls(story(), "dnf") == [
        "INFO dnf -y --refresh install web-1.0",
        "INFO dnf -y --refresh install web-2.0",
        "INFO dnf -y install web-1.0",
    ]


def test_a_missing_version_is_named_and_nothing_is_changed(
    host: Host, packages: PackageSets, story: Story
) -> None:
    packages.install_all(software("up 1.0", "down 2.0"))
    story()

    with pytest.raises(InstallFailed) as failure:
        packages.install_all(software("down 1.0", "up 6.6"))

    assert str(failure.value) == (
        "Failed to install down-1.0 (installed: 2.0-1), up-6.6 (installed: 1.0-1):"
        " there is no up-6.6; all packages are as they were"
    )
    assert all_installed(host) == ["down-2.0-1", "up-1.0-1"]
    assert broken(host) == []


def test_when_one_fails_the_others_are_put_back(
    host: Host, packages: PackageSets, story: Story
) -> None:
    packages.install_all(software("up 1.0", "down 2.0"))
    story()

    with pytest.raises(InstallFailed) as failure:
        packages.install_all(software("down 1.0", "needy 1.0", "unready 1.0", "up 2.0"))

    assert re.fullmatch(
        r"Failed to install unready-1\.0 \(installed: None\): .*no luck in pre.*;"
        r" all packages are as they were",
        str(failure.value),
    )
    assert all_installed(host) == ["down-2.0-1", "up-1.0-1"]
    assert broken(host) == []
    assert (host.opt / "up/bin/zookeeper-deploy").exists()
    assert [line.split()[-3:] for line in calls(story(), "dnf")][1:] == [
        ["remove", "library-0:1.0-1.noarch", "needy-0:1.0-1.noarch"],
        ["install", "down-0:2.0-1.noarch", "up-0:1.0-1.noarch"],
    ]


def test_two_versions_that_a_failure_left_are_made_one_again(
    host: Host, packages: PackageSets
) -> None:
    packages.install_all(software("slow 1.0", "up 1.0"))
    (host.root / "once").touch()

    with pytest.raises(InstallFailed) as failure:
        packages.install_all(software("slow 2.0", "up 2.0"))

    assert re.fullmatch(
        r"Failed to install slow-2\.0 \(installed: 2\.0-1, 1\.0-1\): .*no luck.*;"
        r" all packages are as they were",
        str(failure.value),
    )
    assert all_installed(host) == ["slow-1.0-1", "up-1.0-1"]
    run("rpm", "--root", str(host.root), "--dbpath", RPM_DATABASE, "-V", "slow")
    assert broken(host) == []


def test_a_package_that_lets_itself_not_be_put_back_is_told_and_remembered(
    host: Host, packages: PackageSets
) -> None:
    packages.install_all(software("clinging 1.0", "up 1.0"))

    with pytest.raises(InstallFailed, match=r"; packages are not as they were: too many: cling"):
        packages.install_all(software("clinging 2.0", "up 2.0"))

    assert set(all_installed(host)) == {"clinging-1.0-1", "up-1.0-1"}
    assert broken(host) == ["checkout-clinging", "checkout-up"]


def test_what_cannot_be_put_back_is_told_and_remembered(tmp_path: Path, host: Host) -> None:
    repository = PackageRepository(tmp_path / "repository")
    repository.add(*(Package("web", version) for version in ("1.0", "2.0")), *PACKAGES)
    dnf_launchers(host.programs, host.root, repository)
    packages = dnf(host.commands, host.files)
    packages.install("web", "1.0")
    repository.withdraw(Package("web", "1.0"))
    packages.begin()

    with pytest.raises(InstallFailed) as failure:
        packages.install_all(software("unready 1.0", "web 2.0"))

    assert str(failure.value).endswith(
        "; packages are not as they were: missing: web-1.0-1; too many: web-2.0-1"
    )
    assert broken(host) == ["checkout-unready", "checkout-web"]
    installed = packages.installed("web")
    assert installed is not None
    assert installed.cut_off


def test_success_that_is_none_is_an_error(host: Host, packages: PackageSets) -> None:
    packages.install("up", "1.0")
    write_file(host.programs / "dnf", "#!/bin/sh\necho Nothing to do\n")

    with pytest.raises(InstallFailed) as failure:
        packages.install_all(software("new 1.0", "up 2.0"))

    assert str(failure.value) == (
        "Failed to install new-1.0 (installed: None), up-2.0 (installed: 1.0-1);"
        " all packages are as they were"
    )


@pytest.mark.parametrize("kept", ["1.0", "2.0"])
def test_of_several_versions_the_wanted_one_stays_and_is_made_whole(
    host: Host, repository: PackageRepository, packages: PackageSets, story: Story, kept: str
) -> None:
    packages.install("up", "1.0")
    newer = str(repository.path(Package("up", "2.0")))
    run("rpm", "--root", str(host.root), "--dbpath", RPM_DATABASE, "-i", "--force", newer)
    story()

    installer(host, packages).ensure_all(software("new 1.0", f"up {kept}"), lambda _: None)

    assert all_installed(host) == ["new-1.0-1", f"up-{kept}-1"]
    run("rpm", "--root", str(host.root), "--dbpath", RPM_DATABASE, "-V", "up")
    assert len(calls(story(), "dnf")) == 3  # the other one away, new, and up again


def test_what_was_cut_off_or_has_no_directory_is_installed_again_together(
    host: Host, packages: PackageSets, story: Story
) -> None:
    packages.install_all(software("up 1.0", "down 2.0", "same 1.0"))
    host.files.change_begins("up")
    host.files.remove_software("down")
    story()

    installer(host, packages).ensure_all(
        software("down 2.0", "same 1.0", "up 1.0"), lambda _: None
    )

    assert calls(story(), "dnf") == ["INFO dnf -y reinstall down-0:2.0-1.noarch up-0:1.0-1.noarch"]
    assert (host.opt / "down/bin/zookeeper-deploy").exists()
    assert broken(host) == []


def test_a_version_that_makes_the_name_of_another_package_is_told_from_it(
    host: Host, packages: PackageSets
) -> None:
    packages.install("same", "2")  # there is a package same-2

    installed = packages.installed("same")
    assert installed is not None
    assert installed.full_version == "2-1"


def test_an_epoch_counts_where_it_is_named(packages: PackageSets) -> None:
    packages.install_all(software("renamed 1.0"))
    found = packages.look(["renamed", "renamed-1.0", "new"])
    assert {name: each.full_version for name, each in found.items()} == {"renamed": "2:1.0-1"}

    with pytest.raises(InstallFailed, match=r"renamed-1:1\.0 \(installed: 2:1\.0-1\)"):
        packages.install_all(software("renamed 1:1.0"))


def test_a_scriptlet_that_failed_behind_dnfs_back_is_told(
    host: Host, packages: PackageSets, story: Story
) -> None:
    packages.install_all(software("new 1.0", "warning 1.0"))

    assert "WARNING dnf: Error in POSTIN scriptlet in rpm package warning" in story()
    assert all_installed(host) == ["new-1.0-1", "warning-1.0-1"]


def test_a_database_that_cannot_be_read_is_no_empty_one(host: Host, packages: PackageSets) -> None:
    packages.install("up", "1.0")
    database = host.root / RPM_DATABASE[1:] / "rpmdb.sqlite"
    database.write_bytes(b"garbage" * 4096)

    with pytest.raises(CommandFailed, match=r"rpm .*error: "):
        packages.look(["up"])
    with pytest.raises(CommandFailed, match=r"rpm .*error: "):
        packages.install_all(software("up 1.0"))


def test_what_nothing_needs_goes_in_one_transaction(
    host: Host, packages: PackageSets, story: Story
) -> None:
    packages.install_all(software("down 1.0", "needy 1.0", "same 1.0", "up 1.0"))
    (host.opt / "stray/bin").mkdir(parents=True)
    story()

    steps: list[str] = []
    names = ["down", "needy", "stray", "up"]
    installer(host, packages).remove_all(names, {"same"}, steps.append)

    assert len(calls(story(), "dnf")) == 1
    assert all_installed(host) == ["same-1.0-1"]  # the library went with what needed it
    assert names_in(host.opt) == ["same"]
    assert steps == ["uninstalling down, needy, stray, up"]


def test_what_a_package_needs_that_is_to_stay_is_not_removed(
    host: Host, packages: PackageSets, story: Story
) -> None:
    packages.install_all(software("library 1.0", "needy 1.0", "plugin 1.0", "up 1.0"))
    host.files.change_begins("library")  # as if the agent had been killed at it
    story()

    gone = packages.remove_all(["library", "plugin", "up"], {"needy"})

    assert gone == ["plugin", "up"]
    assert all_installed(host) == ["library-1.0-1", "needy-1.0-1"]
    assert names_in(host.opt) == ["library", "needy"]
    assert broken(host) == ["checkout-library"]
    assert [line for line in story() if line.startswith("WARNING")] == [
        "WARNING Not removing library: Problem: The operation would result in removing the"
        " following protected packages: needy"
    ]


def test_a_dependency_that_is_to_stay_does_not_go_with_what_brought_it(
    host: Host, packages: PackageSets
) -> None:
    packages.install_all(software("needy 1.0"))

    assert packages.remove_all(["needy"], {"library"}) == ["needy"]
    assert all_installed(host) == ["library-1.0-1"]


def test_a_removal_that_is_none_is_an_error(host: Host, packages: PackageSets) -> None:
    packages.install("up", "1.0")
    write_file(host.programs / "dnf", "#!/bin/sh\necho Nothing to do\n")

    with pytest.raises(InstallFailed, match=r"^Failed to remove up$"):
        packages.remove("up")


def test_no_name_becomes_an_option_or_a_pattern(packages: PackageSets, story: Story) -> None:
    for name in ("-y", "z4m*", "@group", "/etc/passwd", "http://example.com/x.rpm"):
        with pytest.raises(BadTree, match=re.escape(name)):
            packages.remove(name)
        with pytest.raises(BadTree, match=re.escape(name)):
            packages.install(name, "1.0")
    assert story() == []
