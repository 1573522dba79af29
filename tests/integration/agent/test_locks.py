"""Locks of an agent at work: what scripts learn of them, and what breaking one does."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.host import IDENTIFIER, Host

from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.lock_control import break_lock, read_locks

TREE = "/x : web\n  version = '1.0.0'\n  /deploy\n    /host42\n      n = 2\n"
SCRIPT = "/opt/web/bin/zookeeper-deploy"
TELL = 'echo "$1 ${ZKDEPLOY_VERSION-none} ${ZKDEPLOY_LOCK-none}" >>'


def test_scripts_learn_the_version_and_the_number_of_their_lock(
    host: Host, tmp_path: Path
) -> None:
    """A script can refuse, by the number, what an earlier holder left behind to run late."""
    told = tmp_path / "told"
    host.start()
    host.deploy(2, TREE)
    write_file(host.root / SCRIPT[1:], f"#!/bin/sh\n{TELL}{told}\n")
    host.deploy(3)
    host.deploy("4f2a91c")
    first, second, third, fourth = (line.split(" ") for line in told.read_text().splitlines())
    assert first == second
    assert third == fourth
    assert (first[:2], third[:2]) == (["/x", "3"], ["/x", "4f2a91c"])
    assert 0 < int(first[2]) < int(third[2])
    told.unlink()
    host.zk.delete_recursive("/x")
    host.deploy(5, "/y : worker\n  version = '1.0'\n  /deploy\n    /host42\n")
    assert told.read_text() == "-u 5 none\n-u 5 none\n"


def test_scripts_of_a_role_learn_the_version_and_hold_no_node(host: Host, tmp_path: Path) -> None:
    told = tmp_path / "told"
    host.role = "cache"
    tree = (
        TREE.replace("host42", "cache").replace("n = 2", "n = 1")
        + "/role-locks\n  /cache\n/roles\n  /cache : controller\n    version = '1.0'\n"
    )
    host.start()
    host.deploy(2, tree)
    for script in (
        SCRIPT[1:],
        "opt/controller/bin/starting-deployments",
        "opt/controller/bin/ending-deployments",
    ):
        write_file(host.root / script, f"#!/bin/sh\n{TELL}{told}\n")
    host.deploy(3)
    assert told.read_text() == "/roles/cache 3 none\n/x 3 none\n/roles/cache 3 none\n"


def test_an_agent_whose_lock_is_broken_begins_nothing_more_before_it_has_it_again(
    host: Host, tmp_path: Path
) -> None:
    """Somebody broke the lock, and another host works on the node now."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    host.start()
    host.deploy(2, TREE)
    write_file(host.root / SCRIPT[1:], f"#!/bin/sh\n[ ! -p {gate} ] || read line < {gate}\n")
    start = len(host.log.lines)
    host.set_version(3)
    host.log.wait_for(f"INFO {SCRIPT} /x 0", start)
    [lock] = read_locks(host.zk)
    [holder] = lock.holders
    assert (lock.path, holder.host, holder.alive, holder.same_session) == (
        "/x",
        IDENTIFIER,
        True,
        True,
    )
    assert (holder.version, holder.step) == (3, "deploying 2 instances")
    break_lock(host.zk, "/x", "a test", "ann", "2026-01-02T03:04:05Z", force=True)
    host.zk.properties("/agent-locks/x", watch=False).set({"owners": [{"host": "other"}]})
    gate.write_text("go on\n")
    gate.unlink()
    broken = "the lock /agent-locks/x was broken by somebody else"
    host.log.wait_for(f"WARNING Abandoning deployment because {broken}", start)
    before = len(host.log.lines)
    host.zk.properties("/agent-locks/x", watch=False).set({})
    assert host.outcome(3, before)[-3:] == [
        f"INFO {SCRIPT} /x 0",
        f"INFO {SCRIPT} /x 1",
        "INFO Done deploying version 3",
    ]
    assert f"INFO {SCRIPT} /x 1" not in host.log.lines[start:before]
    assert host.zk.get_properties("/agent-locks/x") == {}


def test_the_fleet_is_stopped_before_the_lock_of_a_failed_node_is_given_back(host: Host) -> None:
    """Else the host that waits for it would begin there, and fail as well."""
    host.start()
    host.deploy(2, "/x : cranky\n  version = '1.0'\n  /deploy\n    /host42\n")
    stop, release = host.zk.bulk.read(["/hosts", "/agent-locks/x"])
    assert stop.stat is not None
    assert release.stat is not None
    assert host.zk.get_properties("/hosts") == {"version": None}
    assert host.zk.get_properties("/agent-locks/x") == {}
    assert stop.stat.mzxid < release.stat.mzxid
