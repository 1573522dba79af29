"""People see in a host's node which software is installed there, as it really is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.faults.fleets import until
from tests.support.host import Host

from zc.zkdeployment.lab.packages import PackageRepository, dnf_launchers
from zc.zkdeployment.lab.repositories import GitRepository, SubversionRepository
from zc.zkdeployment.lab.scripts import staged_application
from zc.zkdeployment.reports.installed_software import InstalledSoftware, SoftwareSeen
from zc.zkdeployment.reports.report import decode_report

WEB = "/x : web\n  version = '1.0.0'\n  /deploy\n    /host42\n"


@pytest.fixture(params=["dnf", "yum"])
def reporting(request: pytest.FixtureRequest, host: Host, repository: PackageRepository) -> Host:
    """A host whose agent reports, with each of two package managers."""
    if request.param == "dnf":
        dnf_launchers(host.root.parent / "bin", host.root, repository)
        host.package_manager = "dnf"
    host.reports = True
    return host


def software(host: Host) -> SoftwareSeen | None:
    report = decode_report(host.node.get("report"))
    return report.software if report else None


def see(host: Host, wanted: Callable[[tuple[InstalledSoftware, ...]], object]) -> SoftwareSeen:
    """Wait until the host tells of software as wanted."""

    def seen() -> bool:
        found = software(host)
        return found is not None and bool(wanted(found.installed))

    until(seen, f"software as wanted: {software(host)}")
    found = software(host)
    assert found is not None
    return found


def test_packages_are_told_with_their_exact_versions(reporting: Host) -> None:
    host = reporting
    host.start()
    assert see(host, lambda installed: installed == ()).total == 0

    host.deploy(2, WEB)
    assert see(host, len).installed == (InstalledSoftware("web", "1.0.0-1"),)
    host.deploy(3, WEB.replace("1.0.0", "1.1.0"))
    see(host, lambda installed: installed == (InstalledSoftware("web", "1.1.0-1"),))


def test_it_is_told_too_where_a_deployment_failed(reporting: Host) -> None:
    """What is left of it is what a person has to know."""
    host = reporting
    host.start()
    host.deploy(2, WEB)
    see(host, len)
    host.deploy(
        3,
        WEB.replace("1.0.0", "1.1.0") + "/y : cranky\n  version = '1.0'\n  /deploy\n    /host42\n",
    )
    wanted = (InstalledSoftware("cranky", "1.0-1"), InstalledSoftware("web", "1.1.0-1"))
    see(host, lambda installed: installed == wanted)
    host.zk.delete_recursive("/y")
    host.deploy(4)


def test_checkouts_are_told_with_their_commit(reporting: Host, tmp_path: Path) -> None:
    host = reporting
    git = GitRepository(tmp_path / "git")
    first = git.commit(staged_application())
    svn = SubversionRepository(tmp_path / "svn")
    revision = svn.commit(staged_application())
    host.start()
    host.deploy(
        2,
        f"/x : worker\n  version = {git.version('main')!r}\n  /deploy\n    /host42\n"
        f"/y : web\n  version = {svn.url!r}\n  /deploy\n    /host42\n",
    )
    assert see(host, len).installed == (
        InstalledSoftware("web", svn.url, str(revision)),
        InstalledSoftware("worker", git.version("main"), first),
    )
    second = git.commit({"more": "of it"})
    host.deploy(3)
    see(host, lambda installed: installed[1].commit == second)


def test_an_agent_that_starts_tells_what_it_finds(reporting: Host) -> None:
    host = reporting
    with host.agents:
        host.start()
        host.deploy(2, WEB)
    host.start()
    see(host, lambda installed: installed == (InstalledSoftware("web", "1.0.0-1"),))


def test_what_somebody_changed_is_told_with_the_drift(reporting: Host) -> None:
    host = reporting
    host.verify_interval = 1.0
    host.start()
    host.deploy(2, WEB)
    see(host, len)
    shutil.rmtree(host.root / "opt/web")
    see(host, lambda installed: installed == ())


def test_without_reports_nobody_looks(host: Host) -> None:
    host.start()
    host.deploy(2, WEB)
    assert "report" not in host.node
