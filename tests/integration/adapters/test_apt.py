"""All packages of a plan change at once, or none does: with a real apt and dpkg."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.integration.adapters.conftest import Host, Story, names_in

from zc.zkdeployment.adapters.apt import apt
from zc.zkdeployment.adapters.package_sets import PackageSets
from zc.zkdeployment.errors import CommandFailed, InstallFailed
from zc.zkdeployment.host.software import BulkInstaller
from zc.zkdeployment.lab.debian import DebianRepository, apt_launchers
from zc.zkdeployment.lab.packages import Package, run, write_file
from zc.zkdeployment.model import Software

PACKAGES = (
    *(Package(name, version) for name in ("up", "down") for version in ("1.0", "2.0")),
    Package("up", "1.0.1"),
    Package("new", "1.0", release=""),
    Package("same", "1.0"),
    Package("unready", "1.0", scriptlets={"preinst": "echo no luck >&2; exit 1"}),
    Package("unfinished", "1.0", scriptlets={"postinst": "exit 1"}),
    Package("needy", "1.0", tags={"Depends": "library"}),
    Package("library", "1.0"),
    Package("jealous", "1.0", tags={"Conflicts": "up"}),
    Package("renamed", "1.0", epoch=2),
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> DebianRepository:
    repository = DebianRepository(tmp_path_factory.mktemp("apt") / "repository")
    repository.add(*PACKAGES)
    return repository


@pytest.fixture
def packages(host: Host, repository: DebianRepository) -> PackageSets:
    apt_launchers(host.programs, host.root, repository)
    return apt(host.commands, host.files)


def software(*specs: str) -> list[Software]:
    pairs = (spec.split(" ") for spec in specs)
    return [Software(name, version) for name, version in pairs]


def changes(lines: list[str]) -> list[str]:
    """Return what apt-get was told to install, reinstall or remove."""
    told = [line for line in lines if line.startswith("INFO apt-get -q -y")]
    return [line.partition("force-confold ")[2] for line in told]


def all_installed(host: Host) -> list[str]:
    form = "${db:Status-Status} ${Package} ${Version}\n"
    lines = run(str(host.programs / "dpkg-query"), "-W", "-f", form).splitlines()
    return sorted(line.removeprefix("installed ") for line in lines if "config-files" not in line)


def broken(host: Host) -> list[str]:
    return [name for name in names_in(host.run) if name.startswith("checkout-")]


def installer(host: Host, packages: PackageSets) -> BulkInstaller:
    return BulkInstaller(packages, {}, host.files, host.commands)


def test_up_down_and_new_are_one_call_and_none_is_needed_then(
    host: Host, packages: PackageSets, story: Story
) -> None:
    packages.install_all(software("up 1.0", "down 2.0", "same 1.0"))
    story()
    wanted = software("down 1.0", "new 1.0", "same 1.0", "up 2.0-1")

    installer(host, packages).ensure_all(wanted, lambda _: None)

    assert changes(story()) == [
        "--allow-downgrades --no-remove install down=1.0-1 new=1.0 up=2.0-1"
    ]
    assert all_installed(host) == ["down 1.0-1", "new 1.0", "same 1.0-1", "up 2.0-1"]
    assert broken(host) == []

    installer(host, packages).ensure_all(wanted, lambda _: None)
    lines = story()
    assert [line.split()[:2] for line in lines] == [["INFO", "dpkg-query"]]


def test_what_is_offered_is_fetched_anew_once_in_a_deployment(
    tmp_path: Path, host: Host, story: Story
) -> None:
    repository = DebianRepository(tmp_path / "repository")
    repository.add(Package("web", "1.0"))
    apt_launchers(host.programs, host.root, repository)
    packages = apt(host.commands, host.files)
    packages.install("web", "1.0")
    repository.add(Package("web", "2.0"))
    packages.begin()
    story()

    packages.install("web", "2.0")
    packages.install("web", "1.0")

    assert story().count("INFO apt-get -q update") == 1
    assert all_installed(host) == ["web 1.0-1"]


def test_a_missing_version_is_named_and_nothing_is_changed(
    host: Host, packages: PackageSets
) -> None:
    packages.install_all(software("up 1.0", "down 2.0"))

    with pytest.raises(InstallFailed) as failure:
        packages.install_all(software("down 1.0", "nowhere 1", "up 6.6"))

    assert re.fullmatch(
        r"Failed to install down-1\.0 \(installed: 2\.0-1\), nowhere-1 \(installed: None\),"
        r" up-6\.6 \(installed: 1\.0-1\): .*E: .*; all packages are as they were",
        str(failure.value),
    )
    assert all_installed(host) == ["down 2.0-1", "up 1.0-1"]
    assert broken(host) == []


@pytest.mark.parametrize("failing", ["unready", "unfinished"])
def test_when_one_fails_the_others_are_put_back(
    host: Host, packages: PackageSets, failing: str
) -> None:
    packages.install_all(software("up 1.0", "down 2.0"))

    with pytest.raises(InstallFailed) as failure:
        packages.install_all(software("down 1.0", "needy 1.0", f"{failing} 1.0", "up 2.0"))

    assert f"{failing}-1.0 (installed: " in str(failure.value)
    assert "dpkg: error processing" in str(failure.value)
    assert str(failure.value).endswith("; all packages are as they were")
    assert all_installed(host) == ["down 2.0-1", "up 1.0-1"]
    assert broken(host) == []


def test_what_is_in_the_way_is_not_removed(host: Host, packages: PackageSets) -> None:
    packages.install_all(software("up 1.0"))

    with pytest.raises(InstallFailed, match=r"jealous-1\.0 \(installed: None\): E: .*remove"):
        packages.install_all(software("jealous 1.0"))

    assert all_installed(host) == ["up 1.0-1"]


def test_what_cannot_be_put_back_is_told_and_remembered(tmp_path: Path, host: Host) -> None:
    repository = DebianRepository(tmp_path / "repository")
    repository.add(*(Package("web", version) for version in ("1.0", "2.0")), *PACKAGES)
    apt_launchers(host.programs, host.root, repository)
    packages = apt(host.commands, host.files)
    packages.install("web", "1.0")
    repository.withdraw(Package("web", "1.0"))
    packages.begin()

    with pytest.raises(InstallFailed, match=r"; packages are not as they were: missing: web-1"):
        packages.install_all(software("unready 1.0", "web 2.0"))

    assert broken(host) == ["checkout-unready", "checkout-web"]


def test_what_dpkg_was_killed_at_is_finished_first(
    host: Host, packages: PackageSets, story: Story
) -> None:
    packages.install_all(software("up 1.0"))
    status = host.root / "var/lib/dpkg/status"
    status.write_text(status.read_text().replace("install ok installed", "install ok unpacked"))
    journal = host.root / "var/lib/dpkg/updates/0001"
    journal.write_text(status.read_text())
    installed = packages.installed("up")
    assert installed is not None
    assert installed.cut_off

    installer(host, packages).ensure_all(software("new 1.0", "up 1.0"), lambda _: None)

    assert all_installed(host) == ["new 1.0", "up 1.0-1"]
    assert "INFO dpkg --configure -a --force-confold" in story()


def test_what_was_cut_off_or_has_no_directory_is_installed_again(
    host: Host, packages: PackageSets, story: Story
) -> None:
    packages.install_all(software("up 1.0", "down 2.0"))
    host.files.change_begins("up")
    host.files.remove_software("down")
    story()

    installer(host, packages).ensure_all(software("down 2.0", "up 1.0"), lambda _: None)

    assert changes(story()) == [
        "--allow-downgrades --no-remove --reinstall install down=2.0-1 up=1.0-1"
    ]
    assert (host.opt / "down/bin/zookeeper-deploy").exists()
    assert broken(host) == []


def test_an_epoch_counts_where_it_is_named(packages: PackageSets) -> None:
    packages.install_all(software("renamed 1.0"))
    packages.install_all(software("renamed 2:1.0"))
    assert packages.look(["renamed"])["renamed"].full_version == "2:1.0-1"

    with pytest.raises(InstallFailed, match=r"renamed-1:1\.0 \(installed: 2:1\.0-1\)"):
        packages.install_all(software("renamed 1:1.0"))


def test_what_apt_would_take_for_a_removal_is_refused(host: Host, packages: PackageSets) -> None:
    packages.install_all(software("up 1.0"))

    with pytest.raises(InstallFailed, match="dash"):
        packages.install_all(software("up 6.6-"))

    assert all_installed(host) == ["up 1.0-1"]


def test_a_database_that_cannot_be_read_is_no_empty_one(host: Host, packages: PackageSets) -> None:
    packages.install("up", "1.0")
    (host.root / "var/lib/dpkg/status").write_text("garbage\n")

    with pytest.raises(CommandFailed, match=r"dpkg-query .*error: "):
        packages.look(["up"])


def test_what_nothing_needs_goes_except_what_a_package_needs_that_stays(
    host: Host, packages: PackageSets, story: Story
) -> None:
    packages.install_all(software("down 1.0", "needy 1.0", "same 1.0", "up 1.0"))
    story()

    names = ["down", "library", "up"]
    installer(host, packages).remove_all(names, {"needy", "same"}, lambda _: None)

    lines = story()
    assert "WARNING Not removing library: needy would go along" in lines
    assert all_installed(host) == ["library 1.0-1", "needy 1.0-1", "same 1.0-1"]
    assert names_in(host.opt) == ["library", "needy", "same"]

    installer(host, packages).remove_all(["library", "needy"], {"same"}, lambda _: None)
    assert changes(story()) == ["remove library needy"]


def test_a_removal_that_is_none_is_an_error(host: Host, packages: PackageSets) -> None:
    packages.install("up", "1.0")
    write_file(host.programs / "apt-get", "#!/bin/sh\necho Nothing to do\n")

    with pytest.raises(InstallFailed, match=r"^Failed to remove up$"):
        packages.remove("up")
