"""Somebody changes a host by hand: its agent finds it, says it, and repairs it if it may."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.faults.fleets import until
from tests.support.host import Host
from tests.support.publishing import Release

from zc.zkdeployment.lab.packages import PackageRepository, dnf_launchers, run, write_file
from zc.zkdeployment.lab.repositories import GitRepository
from zc.zkdeployment.lab.scripts import staged_application
from zc.zkdeployment.reports.report import Activity, Drift, decode_report

Change = Callable[[Host], object]

OFTEN = 1.0  # seconds between two verifications


@pytest.fixture
def git(tmp_path: Path) -> GitRepository:
    repository = GitRepository(tmp_path / "git")
    repository.commit(staged_application())
    repository.tag("v1")
    repository.commit({"version": "2"})
    return repository


@pytest.fixture
def tree(git: GitRepository) -> str:
    return (
        "/x : web\n  version = '1.0.0'\n  /deploy\n    /host42\n"
        f"/y : worker\n  version = {git.version('main')!r}\n  /deploy\n    /host42\n"
    )


@pytest.fixture
def verified(host: Host, repository: PackageRepository, tree: str) -> Host:
    """A host with dnf whose agent reports and verifies often, in a fleet with a tree."""
    dnf_launchers(host.root.parent / "bin", host.root, repository)
    host.package_manager = "dnf"
    host.reports = True
    host.verify_interval = OFTEN
    host.zk.import_tree(tree)
    return host


def drift(host: Host) -> Drift | None:
    report = decode_report(host.node.get("report"))
    assert report is not None
    return report.drift


def found(host: Host) -> tuple[str, ...]:
    now = drift(host)
    return now.found if now else ()


def activity(host: Host) -> Activity:
    report = decode_report(host.node.get("report"))
    assert report is not None
    return report.activity


@contextlib.contextmanager
def somebody_at(host: Host, node: str) -> Iterator[None]:
    """Have another host own a node for a while."""
    lock = host.zk.properties(f"/agent-locks{node}", watch=False)
    lock.set({"owners": [{"host": "other"}]})
    yield
    lock.set({})


@contextlib.contextmanager
def waiting_to_repair(host: Host) -> Iterator[int]:
    """Have a host at version 2 wait for the lock of a node to repair; how much it has logged."""
    host.repairs_drift = True
    host.start()
    host.deploy(2)
    start = len(host.log.lines)
    with somebody_at(host, "/x"):
        (host.root / "etc/web/x.0.deployed").unlink()
        host.log.wait_for("WARNING Repairing drift", start)
        until(lambda: activity(host) is Activity.WAITING, "it waits")
        yield start


def by_dnf(*arguments: str) -> Change:
    return lambda host: run(str(host.root.parent / "bin/dnf"), "-y", *arguments)


def without(path: str) -> Change:
    def remove(host: Host) -> None:
        where = host.root / path
        shutil.rmtree(where) if where.is_dir() else where.unlink()

    return remove


def moved(host: Host) -> None:
    run("git", "-c", "safe.directory=*", "checkout", "-q", "v1", cwd=host.root / "opt/worker")


CHANGES: dict[str, tuple[Change, str]] = {
    "package removed": (by_dnf("remove", "web"), "/opt/web is gone: 1.0.0 was deployed"),
    "package changed": (
        by_dnf("install", "web-1.1.0"),
        "package web is 1.1.0-1: 1.0.0 was deployed",
    ),
    "directory removed": (without("opt/web"), "/opt/web is gone: 1.0.0 was deployed"),
    "script removed": (
        without("opt/web/bin/zookeeper-deploy"),
        "/opt/web/bin/zookeeper-deploy is gone",
    ),
    "deployed file removed": (
        without("etc/web/x.0.deployed"),
        "/x 0: /etc/web/x.0.deployed is gone",
    ),
    "checkout removed": (without("opt/worker"), "/opt/worker is gone"),
    "checkout moved": (moved, "checkout worker is at commit"),
    "checkout no more": (without("opt/worker/.git"), "checkout worker is no checkout by git"),
}


@pytest.mark.parametrize(("change", "sentence"), CHANGES.values(), ids=CHANGES)
def test_drift_is_found_and_repaired_by_deploying_the_version_again(
    verified: Host, tree: str, tmp_path: Path, change: Change, sentence: str
) -> None:
    host = verified
    host.repairs_drift = True
    with contextlib.closing(host.start()):
        Release(tmp_path / "release", 2, {"tree.zk": tree}).publish(host.zk)
        host.outcome(2)
    before = host.deployed(), host.software()
    change(host)
    start = len(host.log.lines)

    agent = host.start()
    host.log.wait_for("INFO Repaired drift: version 2 is deployed again", start)
    until(lambda: (now := drift(host)) and now.repaired, "it is told")
    repaired = drift(host)
    assert repaired is not None
    assert repaired.repaired[0].startswith(sentence)
    assert repaired.repaired_at is not None
    warnings = [line for line in host.log.lines[start:] if line.startswith("WARNING")]
    assert warnings[0].startswith(f"WARNING Drift from version 2: {sentence}")
    assert "WARNING Repairing drift: deploying version 2 again" in warnings
    until(lambda: drift(host) != repaired, "it verifies again")
    after = drift(host)
    assert after is not None
    assert after == replace(repaired, checked=after.checked), "nothing is found"
    assert (host.deployed(), host.software()) == before
    assert host.zk.get_properties("/hosts") == {"version": 2}
    assert (host.node["version"], "error" in host.node, agent.failing) == (2, False, False)
    assert (host.root / "etc/zim/status").read_text().split()[2:] == ["2", "done"]


def test_drift_is_only_told_unless_it_may_be_repaired(verified: Host) -> None:
    host = verified
    host.start()
    host.deploy(2)
    start = len(host.log.lines)
    (host.root / "etc/web/x.0.deployed").unlink()
    until(lambda: found(host) == ("/x 0: /etc/web/x.0.deployed is gone",), "it is told")

    first = drift(host)
    until(lambda: drift(host) != first, "it is found again")
    assert host.log.lines[start:] == [
        "WARNING Drift from version 2: /x 0: /etc/web/x.0.deployed is gone"
    ], "once"
    assert host.zk.get_properties("/hosts") == {"version": 2}
    assert (host.node["version"], "error" in host.node) == (2, False)

    write_file(host.root / "etc/web/x.0.deployed", "")
    until(lambda: (now := drift(host)) and not now.found, "it is gone when nothing is found")


def test_a_new_version_ends_what_was_found(verified: Host) -> None:
    host = verified
    host.start()
    host.deploy(2)
    (host.root / "etc/web/x.0.deployed").unlink()
    until(lambda: found(host), "it is told")
    host.deploy(3)
    until(lambda: not found(host), "it was deployed anew")
    assert host.deployed() == ["web/x.0.deployed", "worker/y.0.deployed"]


def test_drift_that_cannot_be_repaired_stops_nobody(verified: Host) -> None:
    host = verified
    host.repairs_drift = True
    host.start()
    host.deploy(2)
    script = host.root / "opt/web/bin/zookeeper-deploy"
    content = script.read_text()
    start = len(host.log.lines)
    write_file(script, "#!/bin/sh\necho no luck today\nexit 1\n")
    (host.root / "etc/web/x.0.deployed").unlink()

    host.log.wait_for("ERROR repairing drift", start)
    until(lambda: (now := drift(host)) and now.unrepaired, "it is told")
    now = drift(host)
    assert now is not None
    assert now.found == ("/x 0: /etc/web/x.0.deployed is gone",)
    assert str(now.unrepaired).startswith("Command failed: ")
    report = decode_report(host.node["report"])
    assert report is not None
    assert (report.activity, report.version) == (Activity.IDLE, 2)
    assert host.zk.get_properties("/hosts") == {"version": 2}
    assert (host.node["version"], "error" in host.node) == (2, False)
    assert host.zk.export_tree("/agent-locks") == "/agent-locks\n  /x\n  /y\n", "given back"

    until(lambda: (later := drift(host)) and later.checked != now.checked, "it looks again")
    assert (again := drift(host)) is not None
    assert again.unrepaired == now.unrepaired, "it stays, so that nobody is told twice"
    write_file(script, content)
    host.log.wait_for("INFO Repaired drift", start)
    until(lambda: (later := drift(host)) and not later.unrepaired, "it is over")


def test_what_a_repair_left_half_done_counts_as_drift_until_a_repair_succeeds(
    verified: Host, tmp_path: Path
) -> None:
    """The nodes are repaired, what comes after them fails: no file is missing."""
    host = verified
    host.repairs_drift = True
    script, ran, broken = (tmp_path / name for name in ("after", "ran", "broken"))
    write_file(script, f"#!/bin/sh\n[ ! -e {broken} ] && touch {ran}\n")
    host.after = (str(script),)
    host.start()
    host.deploy(2)
    until(ran.exists, "it was deployed, with all that comes after")
    broken.touch()
    start = len(host.log.lines)
    (host.root / "etc/web/x.0.deployed").unlink()
    host.log.wait_for("ERROR repairing drift", start)
    half = ("version 2 may be here in part: a repair of drift failed on the way",)
    until(lambda: found(host) == half, "it is told")
    assert "web/x.0.deployed" in host.deployed()
    broken.unlink()
    host.log.wait_for("INFO Repaired drift", start)
    until(lambda: not found(host), "it is over")


def test_a_repair_waits_for_the_lock_of_its_node_and_is_left_for_an_all_stop(
    verified: Host,
) -> None:
    host = verified
    with waiting_to_repair(host) as start:
        host.set_version(None)
        host.log.wait_for("WARNING Abandoning deployment because cluster version is None", start)
    assert host.deployed() == ["worker/y.0.deployed"]
    assert not (host.root / "etc/zim/unfinished").exists(), "else it could stop the fleet"
    host.set_version(2)
    host.log.wait_for("INFO Repaired drift", start)
    assert not any(line.startswith("INFO Deploying version 2") for line in host.log.lines[start:])


def test_a_repair_is_left_for_a_version_that_is_new(verified: Host) -> None:
    host = verified
    with waiting_to_repair(host) as start:
        host.set_version(3)
        host.log.wait_for("INFO Abandoning deployment because cluster version is 3", start)
    host.outcome(3, start)
    assert host.deployed() == ["web/x.0.deployed", "worker/y.0.deployed"]


def test_while_the_fleet_is_stopped_nothing_is_verified_nor_repaired(
    verified: Host, tree: str, tmp_path: Path
) -> None:
    host = verified
    host.repairs_drift = True
    host.verify_interval = 0.05
    with contextlib.closing(host.start()):
        Release(tmp_path / "release", 2, {"tree.zk": tree}).publish(host.zk)
        host.outcome(2)
    host.set_version(None)
    (host.root / "etc/web/x.0.deployed").unlink()
    start = len(host.log.lines)
    host.start()
    for _ in range(50):
        host.set_version(None)  # each wakes the agent
    assert [line for line in host.log.lines[start:] if "rift" in line] == []
    host.set_version(2)
    host.log.wait_for("INFO Repaired drift", start)


def test_a_host_may_never_verify(verified: Host) -> None:
    host = verified
    host.verify_interval = 0
    host.start()
    host.deploy(2)
    (host.root / "etc/web/x.0.deployed").unlink()
    host.deploy(3)
    assert drift(host) is None


def test_what_was_not_deployed_by_this_agent_is_verified_by_its_revision_only(
    verified: Host,
) -> None:
    """The live tree may have changed since: to deploy it would be to publish it."""
    host = verified
    host.repairs_drift = True
    first = host.start()
    host.deploy(2)
    first.close()
    (host.root / "etc/web/x.0.deployed").unlink()
    start = len(host.log.lines)
    host.start()
    host.log.wait_for("WARNING Version 2 is not verified: it is no published revision", start)
    assert found(host) == ()
    host.deploy(3)
    (host.root / "etc/web/x.0.deployed").unlink()
    host.log.wait_for("INFO Repaired drift: version 3 is deployed again", start)


def test_a_package_manager_that_does_not_answer_is_no_drift(
    verified: Host, tmp_path: Path
) -> None:
    host = verified
    host.repairs_drift = True
    host.start()
    host.deploy(2)
    rpm = tmp_path / "bin/rpm"
    content = rpm.read_text()
    start = len(host.log.lines)
    write_file(rpm, "#!/bin/sh\necho error: cannot open Packages database; exit 1\n")
    host.log.wait_for("WARNING Cannot verify version 2: ", start)
    assert found(host) == ()
    assert host.zk.get_properties("/hosts") == {"version": 2}
    write_file(rpm, content)
    before = drift(host)
    until(lambda: drift(host) != before, "it verifies again")
    assert found(host) == ()
