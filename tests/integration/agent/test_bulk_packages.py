"""An agent whose host has dnf: packages change together, or nothing is deployed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.host import Host

from zc.zkdeployment.lab.debian import DebianRepository, apt_launchers
from zc.zkdeployment.lab.packages import Package, PackageRepository, dnf_launchers
from zc.zkdeployment.lab.repositories import GitRepository
from zc.zkdeployment.lab.scripts import staged_application
from zc.zkdeployment.preview import preview

TREE = """
/cust
  /cms : web
    version = '1.0.0'
    /deploy
      /host42
  /jobs : worker
    version = '1.0'
    /deploy
      /host42
"""


@pytest.fixture
def dnf_host(host: Host, repository: PackageRepository) -> Host:
    dnf_launchers(host.root.parent / "bin", host.root, repository)
    host.package_manager = "dnf"
    return host


def without_queries(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("INFO rpm -q")]


def test_a_fleet_with_dnf_installs_upgrades_and_removes(dnf_host: Host) -> None:
    host = dnf_host
    host.start()
    assert without_queries(host.deploy(2, TREE))[1:] == [
        "INFO Deploying version 2",
        "INFO dnf -y --refresh install web-1.0.0 worker-1.0",
        "INFO /opt/web/bin/zookeeper-deploy /cust/cms 0",
        "INFO /opt/worker/bin/zookeeper-deploy /cust/jobs 0",
        "INFO Done deploying version 2",
    ]
    actions = [step.action for step in preview(host.settings()).steps]
    assert actions == []

    again = host.deploy(3)
    assert len([line for line in again if line.startswith("INFO rpm -q")]) == 1
    assert [line for line in again if line.startswith("INFO dnf")] == []

    upgraded = host.deploy(4, TREE.replace("1.0.0", "1.1.0"))
    assert [line for line in upgraded if line.startswith("INFO dnf")] == [
        "INFO dnf -y --refresh install web-1.1.0"
    ]

    removed = host.deploy(5, "/cust")
    assert [line.split()[-3:] for line in removed if line.startswith("INFO dnf")] == [
        ["remove", "web-0:1.1.0-1.noarch", "worker-0:1.0-1.noarch"]
    ]
    assert host.software() == []


def test_if_one_package_cannot_be_had_none_is_and_the_fleet_is_stopped(dnf_host: Host) -> None:
    host = dnf_host
    host.start()
    host.deploy(2, TREE)

    lines = host.deploy(3, TREE.replace("1.0.0", "1.1.0").replace("'1.0'", "'6.6'"))

    assert (
        "SystemError: Failed to install web-1.1.0 (installed: 1.0.0-1), worker-6.6"
        " (installed: 1.0-1): there is no worker-6.6; all packages are as they were"
    ) in lines
    assert [line for line in lines if line.startswith("INFO /opt")] == []
    assert host.zk.get_properties("/hosts") == {"version": None}
    steps = [(step.action, step.subject) for step in preview(host.settings()).steps]
    assert steps[:2] == [
        ("change from 1.0.0", "web 1.1.0"),
        ("change from 1.0", "worker 6.6"),
    ]


def test_a_host_with_apt_does_likewise(host: Host, tmp_path: Path) -> None:
    repository = DebianRepository(tmp_path / "debian")
    repository.add(Package("web", "1.0.0"), Package("worker", "1.0"))
    apt_launchers(tmp_path / "bin", host.root, repository)
    host.package_manager = "apt"
    host.start()

    lines = host.deploy(2, TREE)
    assert [line.split()[-3:] for line in lines if line.startswith("INFO apt-get -q -y")] == [
        ["install", "web=1.0.0-1", "worker=1.0-1"]
    ]
    assert lines[-3:-1] == [
        "INFO /opt/web/bin/zookeeper-deploy /cust/cms 0",
        "INFO /opt/worker/bin/zookeeper-deploy /cust/jobs 0",
    ]
    host.deploy(3, "/cust")
    assert host.software() == []


def test_packages_and_checkouts_replace_each_other(dnf_host: Host, tmp_path: Path) -> None:
    host = dnf_host
    git = GitRepository(tmp_path / "git")
    git.commit(staged_application())
    checkout = TREE.replace("'1.0'", repr(git.version("main")))
    host.start()
    host.deploy(2, TREE)

    lines = without_queries(host.deploy(3, checkout))
    assert [line.split()[1] for line in lines if line.startswith("INFO dnf")] == ["dnf"]
    assert f"INFO Build worker ({git.version('main')})" in lines
    assert (host.root / "opt/worker/.git").is_dir()

    assert without_queries(host.deploy(4, TREE))[2:4] == [
        "INFO Removing checkout worker",
        "INFO dnf -y --refresh install worker-1.0",
    ]
    assert not (host.root / "opt/worker/.git").exists()

    host.deploy(5, checkout)
    host.deploy(6, "/cust")
    assert host.software() == []
