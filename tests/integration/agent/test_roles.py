"""Hosts of a role: configured alike, and taken out of service one at a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.host import IDENTIFIER, Host

TREE = """
/cust
  /cms : web
    version = '1.0.0'
    /deploy
      /cache
/role-locks
  /cache
"""

STARTED = "INFO /opt/{}/bin/starting-deployments /roles/cache"
ENDED = "INFO /opt/{}/bin/ending-deployments /roles/cache"


def with_controller(name: str, version: str = "1.0") -> str:
    return f"{TREE}/roles\n  /cache : {name}\n    version = '{version}'\n"


@pytest.fixture
def cache(host: Host) -> Host:
    host.role = "cache"
    return host


def test_a_role_is_shown_and_deployed(cache: Host) -> None:
    cache.start()
    lines = cache.deploy(2, TREE)
    assert lines[-2:] == [
        "INFO /opt/web/bin/zookeeper-deploy /cust/cms 0",
        "INFO Done deploying version 2",
    ]
    assert cache.node == {"name": "host42", "role": "cache", "version": 2}


def test_a_host_of_a_role_has_no_deployments_of_its_own(cache: Host) -> None:
    cache.start()
    tree = TREE + f"/x : web\n  version = '1.0.0'\n  /deploy\n    /{IDENTIFIER}\n"
    assert cache.deploy(2, tree)[3] == (
        f"ValueError: Found a host-based deployment at /x/deploy/{IDENTIFIER} "
        "but the host has a role, cache."
    )


def test_a_controller_wraps_the_deployments(cache: Host) -> None:
    cache.start()
    assert cache.deploy(2, with_controller("controller"))[2:] == [
        "INFO yum -y clean all",
        "INFO yum -y install controller-1.0",
        "INFO yum -q list installed controller",
        STARTED.format("controller"),
        "INFO yum -y install web-1.0.0",
        "INFO yum -q list installed web",
        "INFO /opt/web/bin/zookeeper-deploy /cust/cms 0",
        ENDED.format("controller"),
        "INFO Done deploying version 2",
    ]
    assert cache.zk.get_children("/role-locks/cache") == []
    assert not cache.zk.exists("/agent-locks")
    assert cache.deploy(3)[2:4] == [
        "INFO yum -q list installed controller",
        STARTED.format("controller"),
    ]


def test_a_node_that_was_locked_before_there_was_a_controller_is_given_back(cache: Host) -> None:
    """Hosts without the role must not wait for a lock that nobody will use again."""
    cache.zk.import_tree(f"/agent-locks\n  /cust,cms\n    owners = [{{'host': {IDENTIFIER!r}}}]\n")
    cache.start()
    cache.deploy(2, with_controller("controller"))
    assert cache.zk.get_properties("/agent-locks/cust,cms") == {}


def test_a_controller_is_updated_replaced_and_removed(cache: Host) -> None:
    cache.start()
    cache.deploy(2, with_controller("controller"))
    assert cache.deploy(3, with_controller("controller", "1.1"))[2:7] == [
        "INFO yum -q list installed controller",
        "INFO yum -q list installed controller",
        "INFO yum -y clean all",
        "INFO yum -y install controller-1.1",
        "INFO yum -q list installed controller",
    ]
    assert cache.deploy(4, with_controller("another"))[2:7] == [
        "INFO yum -q list installed controller",
        "INFO yum -y remove controller",
        "INFO yum -y clean all",
        "INFO yum -y install another-1.0",
        "INFO yum -q list installed another",
    ]
    cache.zk.delete_recursive("/roles")
    assert cache.deploy(5)[2:] == [
        "INFO yum -q list installed another",
        "INFO yum -y remove another",
        "INFO yum -q list installed web",
        "INFO /opt/web/bin/zookeeper-deploy /cust/cms 0",
        "INFO Done deploying version 5",
    ]
    assert cache.software() == ["web"]


def test_without_a_lock_node_for_the_role_nothing_is_deployed(cache: Host) -> None:
    cache.start()
    cache.zk.import_tree(with_controller("controller"))
    cache.zk.delete_recursive("/role-locks")
    lines = cache.deploy(2)
    assert lines[-2] == "RuntimeError: role lock node '/role-locks/cache' must exist"
    assert cache.deployed() == []


def test_a_controller_that_will_not_start_fails_and_keeps_the_lock(cache: Host) -> None:
    cache.start()
    lines = cache.deploy(2, with_controller("unwilling"))
    assert lines[-2] == (
        "RuntimeError: Command failed: /opt/unwilling/bin/starting-deployments /roles/cache"
    )
    assert cache.deployed() == []
    [request] = cache.zk.get_children("/role-locks/cache")
    assert cache.zk.get_properties(f"/role-locks/cache/{request}")["requestor"] == IDENTIFIER
    cache.deploy(3, with_controller("controller"))
    assert cache.zk.get_children("/role-locks/cache") == []


def test_a_controller_that_will_not_end_fails(cache: Host) -> None:
    cache.start()
    lines = cache.deploy(2, with_controller("unending"))
    assert lines[-4:-2] == ["ERROR FAILURE", "ERROR deploying"]
    assert len(cache.zk.get_children("/role-locks/cache")) == 1


def test_the_ending_script_does_not_run_after_a_failure(cache: Host) -> None:
    cache.start()
    cranky = "/x : cranky\n  version = '1.0'\n  /deploy\n    /cache\n"
    lines = cache.deploy(2, with_controller("controller") + cranky)
    assert lines[-1] == "CRITICAL FAILED deploying version 2"
    assert ENDED.format("controller") not in lines


def test_two_installed_controllers_need_a_person(cache: Host) -> None:
    for name in ("one", "two"):
        script = cache.root / "opt" / name / "bin/starting-deployments"
        script.parent.mkdir(parents=True)
        script.touch()
    cache.start()
    assert cache.deploy(2, with_controller("controller"))[3] == (
        "RuntimeError: too many installed role controllers: one, two"
    )


def test_a_host_out_of_service_finishes_although_the_fleet_stops(
    cache: Host, tmp_path: Path
) -> None:
    """It was taken out of the load balancer and must come back."""
    cache.start()
    cache.deploy(2, with_controller("controller"))
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    script = cache.root / "opt/controller/bin/starting-deployments"
    script.write_text(f"#!/bin/sh\nread line < {gate}\n")
    start = len(cache.log.lines)
    cache.set_version(3)
    cache.log.wait_for(STARTED.format("controller"), start)
    cache.set_version(None)
    gate.write_text("go on\n")
    assert cache.outcome(3, start)[-2:] == [
        ENDED.format("controller"),
        "INFO Done deploying version 3",
    ]


def test_a_host_that_waits_for_its_turn_stops_with_the_fleet(cache: Host) -> None:
    cache.zk.import_tree(with_controller("controller"))
    cache.zk.create("/role-locks/cache/lr-0000000000", b'{"requestor": "other"}')
    cache.start()
    cache.set_version(2)
    cache.log.wait_for("INFO yum -q list installed controller")
    cache.set_version(None)
    cache.log.wait_for("WARNING Abandoning deployment because cluster version is None")
    assert cache.zk.get_children("/role-locks/cache") == ["lr-0000000000"]
