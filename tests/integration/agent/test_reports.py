"""What people see of a host in its node, at each stage of real deployments."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.faults.fleets import until
from tests.support.host import IDENTIFIER, Host

from zc.zk.codec import decode
from zc.zkdeployment.lab.packages import PackageRepository, dnf_launchers, write_file
from zc.zkdeployment.reports.report import LARGEST, Activity, Report, decode_report

TREE = "/x : web\n  version = '1.0.0'\n  /deploy\n    /host42\n"
NODE = f"/hosts/{IDENTIFIER}"


@pytest.fixture
def reporting(host: Host, repository: PackageRepository) -> Host:
    """A host with dnf whose agent reports."""
    dnf_launchers(host.root.parent / "bin", host.root, repository)
    host.package_manager = "dnf"
    host.reports = True
    return host


def shown(host: Host) -> Report:
    report = decode_report(host.node.get("report"))
    assert report is not None
    return report


def see(host: Host, condition: Callable[[Report], object], what: str) -> Report:
    """Wait until the report is as a person expects, and return it."""
    until(lambda: condition(shown(host)), what)
    return shown(host)


def without_report(host: Host) -> dict[str, object]:
    return {name: value for name, value in host.node.items() if name != "report"}


def test_without_reports_the_node_is_as_it_always_was(host: Host) -> None:
    agent = host.start()
    assert host.node == {"name": "host42", "version": 1}
    host.deploy(2, TREE)
    assert host.node == {"name": "host42", "version": 2}
    assert host.zk.client.get(NODE)[1].version == 1, "one write, for the version"
    assert agent.report.activity is Activity.IDLE, "who holds the agent may ask it"
    assert agent.report.version == 2


def test_a_deployment_is_told_with_its_steps_and_how_long_they_took(reporting: Host) -> None:
    host = reporting
    host.start()
    first = shown(host)
    assert (first.activity, first.version) == (Activity.IDLE, 1)

    host.deploy(2, TREE)

    assert without_report(host) == {"name": "host42", "version": 2}
    report = shown(host)
    assert (report.activity, report.version, report.step) == (Activity.IDLE, 2, None)
    steps = [result.step for result in report.results]
    assert steps == ["installing web 1.0.0", "deploying /x 0"]
    assert all(result.ok for result in report.results)
    assert report.seconds is not None
    assert 0 < sum(result.seconds for result in report.results) <= report.seconds
    assert report.failure is None


def test_the_end_is_written_with_the_version_and_not_after_it(reporting: Host) -> None:
    """Whoever waits for the version finds the report of it."""
    host = reporting
    host.start()
    seen: list[dict[str, object]] = []

    def note(data: bytes | None, _: object) -> None:
        if data:
            seen.append(decode(data))

    host.zk.client.DataWatch(NODE, note)
    host.deploy(2, TREE)
    until(lambda: seen[-1]["version"] == 2, "the version is seen")
    (of_version, *_) = [each for each in seen if each["version"] == 2]
    report = decode_report(of_version["report"])
    assert report is not None
    assert (report.activity, report.version) == (Activity.IDLE, 2)


def test_a_script_is_seen_with_what_it_prints_while_it_runs(
    reporting: Host, tmp_path: Path
) -> None:
    host = reporting
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    host.start()
    host.deploy(2, TREE)
    write_file(
        host.root / "opt/web/bin/zookeeper-deploy",
        f"#!/bin/sh\necho waiting for the database\nread l < {gate}\n"
        f"yes more of it | head -c 3000000\necho; echo nearly there\nread l < {gate}\n",
    )
    start = len(host.log.lines)
    host.set_version(3)
    report = see(host, lambda r: r.output == ("waiting for the database",), "output is seen")
    assert (report.activity, report.version) == (Activity.DEPLOYING, 3)
    assert report.step == "deploying /x 0"
    assert report.since is not None

    gate.write_text("go on\n")
    report = see(host, lambda r: r.output[-1:] == ("nearly there",), "more of it is seen")
    assert len(report.output) <= 20
    assert len(host.zk.client.get(NODE)[0]) < LARGEST + 200

    gate.write_text("go on\n")
    host.outcome(3, start)
    assert shown(host).output == ()


def test_a_failure_keeps_its_step_and_the_end_of_its_output(reporting: Host) -> None:
    host = reporting
    host.start()
    host.deploy(2, "/x : cranky\n  version = '1.0'\n  /deploy\n    /host42\n")

    error = f"Command failed: {host.root}/opt/cranky/bin/zookeeper-deploy /x 0"
    assert without_report(host) == {"name": "host42", "version": 1, "error": error}
    report = shown(host)
    assert (report.activity, report.version) == (Activity.FAILED, 2)
    assert report.failure is not None
    assert (report.failure.step, report.failure.message) == ("deploying /x 0", error)
    assert report.failure.output == ("waaaa",)
    assert [(r.step, r.ok) for r in report.results][-1] == ("deploying /x 0", False)

    host.zk.delete_recursive("/x")
    host.deploy(3)
    assert without_report(host) == {"name": "host42", "version": 3}
    assert shown(host).failure is None


def test_a_package_that_cannot_be_had_is_told_with_what_dnf_said(reporting: Host) -> None:
    host = reporting
    host.start()
    host.deploy(2, TREE.replace("1.0.0", "6.6"))
    report = shown(host)
    assert report.failure is not None
    assert report.failure.step == "installing web 6.6"
    assert "there is no web-6.6" in report.failure.message
    assert any("web-6.6" in line for line in report.failure.output)


def test_who_waits_for_a_node_says_so(reporting: Host) -> None:
    host = reporting
    host.zk.import_tree("/agent-locks\n  /x\n")
    lock = host.zk.client.Lock("/agent-locks/x")
    assert lock.acquire(timeout=10)
    host.start()
    host.zk.import_tree(TREE)
    host.set_version(2)
    report = see(host, lambda r: r.activity is Activity.WAITING, "it waits")
    assert (report.waits_for, report.step) == ("/x", "waiting for the lock of /x")

    lock.release()
    host.outcome(2)
    report = shown(host)
    assert report.waits_for is None
    assert "waiting for the lock of /x" in [result.step for result in report.results]


def test_who_waits_for_its_role_says_so(reporting: Host) -> None:
    host = reporting
    host.role = "cache"
    host.zk.import_tree(
        "/roles\n  /cache : controller\n    version = '1.0'\n/role-locks\n  /cache\n"
        + TREE.replace("host42", "cache")
    )
    place = host.zk.client.create(
        "/role-locks/cache/lr-", b'{"requestor": "other"}', sequence=True
    )
    host.start()
    host.set_version(2)
    report = see(host, lambda r: r.activity is Activity.WAITING, "it waits")
    assert report.waits_for == "/role-locks/cache"
    host.zk.client.delete(place)
    host.outcome(2)
    assert shown(host).activity is Activity.IDLE


def test_a_deployment_that_was_left_says_where(reporting: Host) -> None:
    host = reporting
    host.zk.import_tree("/agent-locks\n  /x\n")
    assert host.zk.client.Lock("/agent-locks/x").acquire(timeout=10)
    host.start()
    host.zk.import_tree(TREE)
    host.set_version(2)
    see(host, lambda r: r.activity is Activity.WAITING, "it waits")
    host.set_version(None)
    report = see(host, lambda r: r.activity is Activity.ABANDONED, "it left")
    assert report.step == "waiting for the lock of /x"
    assert host.node["version"] == 1


def test_a_thousand_steps_leave_a_small_report_and_few_writes(reporting: Host) -> None:
    host = reporting
    host.start()
    host.deploy(2, TREE)
    write_file(host.root / "opt/web/bin/zookeeper-deploy", "#!/bin/sh\n: > /dev/null\n")
    before = host.zk.client.get(NODE)[1].version
    host.deploy(3, TREE + "      n = 1000\n")
    data, stat = host.zk.client.get(NODE)
    report = shown(host)
    assert report.results[-1].step == "deploying /x 999"
    assert report.seconds is not None
    assert len(data) < LARGEST + 200
    assert stat.version - before <= 3 * report.seconds + 4


def test_the_hook_after_a_deployment_is_told_and_its_failure_too(
    reporting: Host, tmp_path: Path
) -> None:
    host = reporting
    write_file(tmp_path / "after", "#!/bin/sh\necho no luck; exit 1\n")
    host.after = (str(tmp_path / "after"),)
    host.start()
    host.deploy(2, TREE)
    report = see(host, lambda r: r.activity is Activity.FAILED, "the hook failed")
    assert report.failure is not None
    assert (report.failure.step, report.failure.output) == ("running after hook", ("no luck",))
    host.after = ()
