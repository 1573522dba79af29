"""Scripts that hang: the fleet stops, instead of waiting for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.host import IDENTIFIER, Host, controller

from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.lab.scripts import deploy_script

TREE = "/x : web-4.0.0\n  /deploy\n    /host42\n"
ROLE = (
    "/x : web-4.0.0\n  /deploy\n    /cache\n"
    "/roles\n  /cache : controller-1\n/role-locks\n  /cache\n"
)
HANG = "echo waiting for the database; sleep 600"
LAST = "it printed last: waiting for the database"


@pytest.fixture
def prepared(host: Host, tmp_path: Path) -> Host:
    """A host whose only software is there, and whose programs may take two seconds."""
    write_script(host)
    write_file(
        tmp_path / "bin/yum",
        '#!/bin/sh\nfor name in "$@"; do :; done\necho "$name.noarch 1-1 @lab"\n',
    )
    host.timeout = 2.0
    return host


def write_script(host: Host, before: str = "") -> None:
    write_file(host.root / "opt/web-4.0.0/bin/zookeeper-deploy", deploy_script(before))


def test_a_script_of_a_node_may_take_as_long_as_the_node_says(host: Host) -> None:
    """One that takes longer stops the fleet, and says where it was."""
    tree = (
        "/defaults\n  patience = 1.5\n"
        "/x : sleepy\n  version = '1.0'\n  timeout => /defaults patience\n"
        "  /deploy\n    /host42\n"
    )
    host.start()
    lines = host.deploy(2, tree)
    error = (
        f"Command failed: /opt/sleepy/bin/zookeeper-deploy /x 0 (took longer than 1.5 s; {LAST})"
    )
    assert lines[-5:] == [
        "INFO /opt/sleepy/bin/zookeeper-deploy /x 0",
        "ERROR FAILURE",
        "ERROR deploying",
        f"RuntimeError: {error}",
        "CRITICAL FAILED deploying version 2",
    ]
    assert host.zk.get_properties("/hosts") == {"version": None}
    assert str(host.node["error"]).replace(str(host.root), "") == error
    assert host.zk.get_children("/agent-locks/x") == []
    assert host.deployed() == []


def test_a_node_may_be_given_more_time_than_the_host_gives(prepared: Host) -> None:
    write_script(prepared, "sleep 2.5")
    prepared.start()
    lines = prepared.deploy(2, TREE.replace("\n", "\n  timeout = 120\n", 1))
    assert lines[-1] == "INFO Done deploying version 2"


def test_a_node_without_a_time_gets_that_of_the_host(prepared: Host) -> None:
    write_script(prepared, HANG)
    prepared.start()
    assert prepared.deploy(2, TREE)[-2:] == [
        "RuntimeError: Command failed: /opt/web-4.0.0/bin/zookeeper-deploy /x 0"
        f" (took longer than 2 s; {LAST})",
        "CRITICAL FAILED deploying version 2",
    ]


def test_a_script_that_takes_something_away_has_the_time_of_the_host(prepared: Host) -> None:
    """What its node said is not in the tree any more."""
    prepared.start()
    prepared.deploy(2, TREE.replace("\n", "\n  timeout = 120\n", 1))
    write_script(prepared, HANG)
    prepared.zk.delete_recursive("/x")
    assert prepared.deploy(3)[-2:] == [
        "RuntimeError: Command failed: /opt/web-4.0.0/bin/zookeeper-deploy -u /x 0"
        f" (took longer than 2 s; {LAST})",
        "CRITICAL FAILED deploying version 3",
    ]
    assert prepared.deployed() == ["web/x.0.deployed"]


@pytest.mark.parametrize("hanging", ["starting", "ending"])
def test_a_role_script_has_the_time_of_the_host(prepared: Host, hanging: str) -> None:
    for path, text in controller(**{hanging: HANG}).items():
        write_file(prepared.root / "opt/controller-1" / path, text)
    prepared.role = "cache"
    prepared.start()
    assert prepared.deploy(2, ROLE)[-2:] == [
        f"RuntimeError: Command failed: /opt/controller-1/bin/{hanging}-deployments /roles/cache"
        f" (took longer than 2 s; {LAST})",
        "CRITICAL FAILED deploying version 2",
    ]


def test_the_hook_has_the_time_of_the_host(prepared: Host) -> None:
    prepared.after = ("sh", "-c", HANG)
    prepared.start()
    prepared.deploy(2, TREE)
    prepared.log.wait_for("CRITICAL FAILED after deploying version 2")
    assert f"RuntimeError: Command failed: sh -c {HANG} (took longer than 2 s; {LAST})" in (
        prepared.log.lines
    )
    assert prepared.node["version"] == 2


def test_a_time_that_makes_no_sense_stops_before_anything_is_done(host: Host) -> None:
    host.start()
    assert host.deploy(2, TREE.replace("\n", "\n  timeout = 'soon'\n", 1))[2:] == [
        "ERROR deploying",
        "ValueError: /x: timeout must be a number of seconds above 0, at most 604800, not 'soon'",
        "CRITICAL FAILED deploying version 2",
    ]
    assert host.software() == []


def test_scripts_learn_nothing_of_the_agents_own_environment(
    prepared: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that starts a daemon would otherwise hand it the agent's place in systemd."""
    told = prepared.root / "told"
    for name in ("NOTIFY_SOCKET", "PYTHONPATH", "ZKDEPLOY_LOCK", "ZKDEPLOY_ZOOKEEPER_CONFIG"):
        monkeypatch.setenv(name, "of the agent")
    monkeypatch.setenv("http_proxy", "of the host")
    write_script(prepared, f"env > {told}")
    prepared.start()
    prepared.deploy(2, TREE)
    found = dict(line.split("=", 1) for line in told.read_text().splitlines() if "=" in line)
    assert found["http_proxy"] == "of the host"
    assert found["HOME"] == "/root"
    assert found["TEST_ROOT"] == str(prepared.root)
    assert found["ZC_ZK_CONNECTION_STRING"] == prepared.connection
    assert found["ZKDEPLOY_VERSION"] == "2"
    assert found["ZKDEPLOY_LOCK"].isdigit()
    assert "of the agent" not in found.values()
    assert prepared.zk.get_properties(f"/hosts/{IDENTIFIER}")["version"] == 2
