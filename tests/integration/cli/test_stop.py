"""``zkdeploy stop`` and ``zkdeploy resume``: how a person stops a fleet and lets it go on."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.host import IDENTIFIER, Host

from zc.zk import ZK
from zc.zkdeployment.lab.packages import write_file

Zkdeploy = Callable[..., subprocess.CompletedProcess[str]]

AT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture
def fleet(zk: ZK, environ: dict[str, str]) -> ZK:
    """A fleet at version 7 with another property, and alice who became root."""
    environ["SUDO_USER"] = "alice"
    zk.import_tree("/hosts\n  version = 7\n  owner = 'ops'\n")
    return zk


def good(result: subprocess.CompletedProcess[str]) -> str:
    assert (result.stderr, result.returncode) == ("", 0)
    return result.stdout


def refused(result: subprocess.CompletedProcess[str], status: int = 1) -> str:
    assert (result.stdout, result.returncode) == ("", status)
    return result.stderr


def fail(zk: ZK, host: str, error: str) -> None:
    """Do to ZooKeeper what the agent of ``host`` does when a deployment fails."""
    data = json.dumps({"name": f"{host}.example.com", "version": 6, "error": error})
    zk.create(f"/hosts/{host}", data, ephemeral=True)
    zk.properties("/hosts", watch=False).update(version=None)


def test_a_stop_is_noted_and_taken_back(zkdeploy: Zkdeploy, fleet: ZK) -> None:
    output = good(zkdeploy("stop", "--reason", "pool 3\nis \x1b[1mdown"))
    assert output == "/hosts version: 7 -> None; 'zkdeploy resume' sets it again\n"
    properties = fleet.get_properties("/hosts")
    stopped = properties.pop("stopped")
    assert properties == {"version": None, "owner": "ops"}
    assert re.fullmatch(AT, stopped.pop("at"))
    assert stopped.pop("by") == f"alice@{os.uname().nodename}"
    assert stopped == {"reason": "pool 3 is [1mdown", "version": 7, "changes": 1}
    assert good(zkdeploy("resume")) == "/hosts version: None -> 7\n"
    assert fleet.get_properties("/hosts") == {"version": 7, "owner": "ops"}


def test_the_first_stop_is_the_one_that_counts(zkdeploy: Zkdeploy, fleet: ZK) -> None:
    for reason, told in ((), ""), (("--reason", "a bad release"), ": a bad release"):
        good(zkdeploy("stop", *reason))
        before = fleet.get_properties("/hosts")
        again = good(zkdeploy("stop", "--reason", "another"))
        by = f"by alice@\\S+ at {AT}, version was 7"
        assert re.fullmatch(f"The fleet is stopped already, {by}{told}\n", again)
        assert fleet.get_properties("/hosts") == before
        good(zkdeploy("resume"))


def test_programs_learn_what_was_done(zkdeploy: Zkdeploy, fleet: ZK) -> None:
    for already in False, True:
        stopped = json.loads(good(zkdeploy("stop", "--json")))
        note = fleet.get_properties("/hosts")["stopped"]
        assert stopped == {"stop": note, "already": already}
    resumed = json.loads(good(zkdeploy("resume", "--json")))
    assert resumed == {"version": 7, "stop": note, "errors": []}


@pytest.mark.parametrize(
    ("given", "version"), [("8", 8), (" 8 ", 8), ("1.5", 1.5), ("'4f2a91c'", "4f2a91c")]
)
def test_another_version_may_be_deployed_than_the_one_that_was_stopped(
    zkdeploy: Zkdeploy, fleet: ZK, given: str, version: object
) -> None:
    good(zkdeploy("stop"))
    assert good(zkdeploy("resume", given)) == f"/hosts version: None -> {version!r}\n"
    assert fleet.get_properties("/hosts") == {"version": version, "owner": "ops"}


def test_a_fleet_that_held_still_holds_still_again(zkdeploy: Zkdeploy, fleet: ZK) -> None:
    good(zkdeploy("tree", "set", "/hosts", "version=False"))
    good(zkdeploy("stop"))
    assert good(zkdeploy("resume")) == "/hosts version: None -> False\n"


def test_a_fleet_that_was_not_stopped_is_not_touched(zkdeploy: Zkdeploy, fleet: ZK) -> None:
    for args in (), ("8",):
        assert refused(zkdeploy("resume", *args)) == (
            "zkdeploy: error: the fleet is not stopped: its version is 7\n"
        )
    assert fleet.get_properties("/hosts") == {"version": 7, "owner": "ops"}


def test_after_a_failed_deployment_a_person_sees_the_errors_and_chooses(
    zkdeploy: Zkdeploy, fleet: ZK
) -> None:
    fail(fleet, "h2", "Command failed: /opt/cms/bin/zookeeper-deploy /cms 0\n(status 3)")
    fleet.create("/hosts/h1", b'{"name":"h1.example.com","version":7}', ephemeral=True)
    errors = (
        "Hosts that show an error\n"
        "  Host  Name            Error\n"
        "  h2    h2.example.com  "
        "Command failed: /opt/cms/bin/zookeeper-deploy /cms 0 (status 3)\n"
    )
    result = zkdeploy("resume")
    assert (result.returncode, result.stdout) == (1, errors)
    assert result.stderr == (
        "zkdeploy: error: the fleet was not stopped by 'zkdeploy stop', so its last version"
        " is not known: give the version to resume with\n"
    )
    assert good(zkdeploy("stop")) == (
        "The fleet is stopped already, but not by 'zkdeploy stop' alone;"
        " 'zkdeploy resume' shows the errors of hosts.\n"
    )
    assert fleet.get_properties("/hosts")["version"] is None
    assert good(zkdeploy("resume", "8")) == errors + "/hosts version: None -> 8\n"
    assert fleet.get_properties("/hosts") == {"version": 8, "owner": "ops"}


def test_programs_learn_why_a_version_is_needed(zkdeploy: Zkdeploy, fleet: ZK) -> None:
    fail(fleet, "h2", "waaaa")
    result = zkdeploy("resume", "--json")
    assert result.returncode == 1
    assert json.loads(result.stdout) == {
        "version": None,
        "stop": None,
        "errors": [
            {"host_identifier": "h2", "host_name": "h2.example.com", "error": "waaaa"},
        ],
    }
    assert "give the version to resume with" in result.stderr


def test_a_failure_since_a_person_stopped_the_fleet_is_not_passed_over(
    zkdeploy: Zkdeploy, fleet: ZK
) -> None:
    """Who resumes without a version means what was stopped, and no failure."""
    good(zkdeploy("stop"))
    fail(fleet, "h2", "waaaa")
    result = zkdeploy("resume")
    assert (result.returncode, "waaaa" in result.stdout) == (1, True)
    assert "changed since it was stopped by a person; an agent may" in result.stderr
    good(zkdeploy("resume", "7"))
    assert fleet.get_properties("/hosts") == {"version": 7, "owner": "ops"}


def test_a_stop_of_long_ago_is_not_taken_for_this_one(zkdeploy: Zkdeploy, fleet: ZK) -> None:
    """Version 7 was bad; somebody set 8 by hand, which was stopped by an agent."""
    good(zkdeploy("stop"))
    good(zkdeploy("tree", "set", "/hosts", "version=8"))
    fail(fleet, "h2", "waaaa")
    assert zkdeploy("resume").returncode == 1
    assert fleet.get_properties("/hosts")["version"] is None


def test_a_note_that_makes_no_sense_is_none(zkdeploy: Zkdeploy, fleet: ZK) -> None:
    for note in "'yesterday'", "{'by': 1}":
        good(zkdeploy("tree", "set", "/hosts", "version=None", f"stopped={note}"))
        assert zkdeploy("resume").returncode == 1
        assert "not by 'zkdeploy stop' alone" in good(zkdeploy("stop"))


def test_where_there_is_no_fleet_there_is_nothing_to_stop(zkdeploy: Zkdeploy, zk: ZK) -> None:
    """A mistyped address must not look like a stopped fleet."""
    for command in "stop", "resume":
        assert refused(zkdeploy(command)) == (
            "zkdeploy: error: there is no /hosts in ZooKeeper, so there is no fleet;"
            " is the address right?\n"
        )
    assert zk.export_tree() == ""


def test_an_agent_that_waits_is_stopped_and_goes_on(
    zkdeploy: Zkdeploy, host: Host, tmp_path: Path
) -> None:
    """What was resumed is deployed, and what was begun is not finished behind the stop."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    tree = "/x : web\n  version = '1.0.0'\n  /deploy\n    /host42\n      n = 2\n"
    host.start()
    host.deploy(2, tree)
    waiting = f"#!/bin/sh\n[ ! -p {gate} ] || read line < {gate}\n"
    write_file(host.root / "opt/web/bin/zookeeper-deploy", waiting)
    start = len(host.log.lines)
    host.set_version(3)
    host.log.wait_for("INFO /opt/web/bin/zookeeper-deploy /x 0", start)
    good(zkdeploy("stop", "--reason", "wait"))
    gate.write_text("go on\n")
    gate.unlink()
    host.log.wait_for("WARNING Abandoning deployment because cluster version is None", start)
    assert host.node["version"] == 2
    start = len(host.log.lines)
    assert good(zkdeploy("resume")) == "/hosts version: None -> 3\n"
    host.outcome(3, start)
    assert host.node == {"name": "host42", "version": 3}


def test_a_fleet_that_an_agent_stopped_goes_on_when_the_tree_is_mended(
    zkdeploy: Zkdeploy, host: Host
) -> None:
    agent = host.start()
    tree = "/x : cranky\n  version = '1.0'\n  /deploy\n    /host42\n"
    assert host.deploy(2, tree)[-1] == "CRITICAL FAILED deploying version 2"
    result = zkdeploy("resume")
    assert result.returncode == 1
    assert f"{IDENTIFIER}  host42  Command failed: " in result.stdout
    assert "/opt/cranky/bin/zookeeper-deploy /x 0\n" in result.stdout
    host.zk.import_tree(tree.replace("cranky", "worker"), trim=True)
    start = len(host.log.lines)
    assert good(zkdeploy("resume", "3")).endswith("/hosts version: None -> 3\n")
    host.outcome(3, start)
    assert (agent.failing, host.node["version"]) == (False, 3)
