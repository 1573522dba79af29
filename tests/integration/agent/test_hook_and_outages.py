"""What happens after a deployment, and while ZooKeeper is away."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.fleets import until
from tests.support.host import Host

import zc.zk
from zc.zk import FailedConnect
from zc.zkdeployment.agent import Agent
from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.lab.relay import Relay
from zc.zkdeployment.lab.zookeeper import Server

TREE = "/x : web-4.0.0\n  /deploy\n    /host42\n"


@pytest.fixture
def prepared(host: Host, tmp_path: Path) -> Host:
    """A host whose only software is there, and whose script waits for a line from ``gate``."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    write_file(host.root / "opt/web-4.0.0/bin/zookeeper-deploy", f"#!/bin/sh\nread l < {gate}\n")
    write_file(tmp_path / "bin/yum", "#!/bin/sh\necho web-4.0.0.noarch 1-1 @lab\n")
    return host


def test_the_hook_runs_after_a_deployment_that_succeeded(host: Host, tmp_path: Path) -> None:
    host.after = ("touch", str(tmp_path / "hook ran"))
    host.start()
    assert "INFO Done deploying version 2" in host.deploy(2)
    host.log.wait_for("INFO touch")
    assert "INFO Running after hook" in host.log.lines
    assert host.deploy(3, "/x : bad\n  /deploy\n    /host42\n")[-1].startswith("CRITICAL FAILED")
    assert host.log.lines.count("INFO Running after hook") == 1


def test_a_hook_that_fails_stops_the_fleet(host: Host) -> None:
    host.after = ("false",)
    agent = host.start()
    start = len(host.log.lines)
    host.deploy(2)
    host.log.wait_for("CRITICAL FAILED after", start)
    assert host.log.lines[start + 2 :] == [
        "INFO Done deploying version 2",
        "INFO Running after hook",
        "INFO false",
        "ERROR FAILURE",
        "ERROR after",
        "RuntimeError: Command failed: false",
        "CRITICAL FAILED after deploying version 2",
    ]
    assert agent.failing
    assert host.zk.get_properties("/hosts") == {"version": None}
    assert host.node["error"] == "Command failed: false"
    assert host.node["version"] == 2


def test_an_agent_without_zookeeper_says_so_and_keeps_nothing(host: Host) -> None:
    """The supervisor starts it again; it must not find its own lock taken."""
    connection, host.connection = host.connection, "127.0.0.1:1"
    with pytest.raises(FailedConnect):
        host.start()
    host.connection = connection
    assert host.start().version == 1


def test_a_host_without_a_fleet_says_what_to_do(host: Host) -> None:
    host.zk.delete_recursive("/hosts")
    with pytest.raises(RuntimeError, match="there is no /hosts in ZooKeeper"):
        host.start()


def test_a_server_that_restarts_while_a_script_runs_stops_nobody(
    prepared: Host, tmp_path: Path
) -> None:
    """The script goes on, nothing is started meanwhile, and the deployment is finished."""
    with Server.start(tmp_path / "server") as server:
        prepared.connection = server.connection_string
        prepared.zk = zc.zk.ZK(server.connection_string)
        prepared.zk.import_tree("/hosts\n  version = 2\n" + TREE)
        agent = prepared.start()
        prepared.log.wait_for("INFO /opt/web-4.0.0/bin/zookeeper-deploy /x 0")
        server.stop()
        (tmp_path / "gate").write_text("go on\n")
        server.restart()
        assert prepared.outcome(2)[-1] == "INFO Done deploying version 2"
        agent.close()
        assert prepared.zk.get_properties("/hosts") == {"version": 2}
        assert prepared.zk.get_properties("/agent-locks/x") == {}
        prepared.zk.close()


def test_an_idle_agent_notices_a_version_that_was_set_while_it_was_cut_off(
    host: Host, tmp_path: Path
) -> None:
    with Server.start(tmp_path / "server") as server:
        host.connection = server.connection_string
        host.zk = zc.zk.ZK(server.connection_string)
        host.zk.import_tree("/hosts\n  version = 1\n")
        agent = host.start()
        server.restart()
        host.set_version(2)
        assert host.outcome(2)[-1] == "INFO Done deploying version 2"
        agent.close()
        host.zk.close()


def test_an_agent_ends_soon_when_it_is_told_to_while_zookeeper_is_away(
    prepared: Host, tmp_path: Path
) -> None:
    with Server.start(tmp_path / "server") as server:
        prepared.connection = server.connection_string
        with contextlib.closing(zc.zk.ZK(server.connection_string)) as zk:
            zk.import_tree("/hosts\n  version = 2\n" + TREE)
        agent = prepared.start()
        prepared.log.wait_for("INFO /opt/web-4.0.0/bin/zookeeper-deploy /x 0")
        server.stop()
        (tmp_path / "gate").write_text("go on\n")
        agent.close()
        assert agent.run() == 0


def test_a_hook_is_not_begun_without_zookeeper_but_by_the_next_agent(
    prepared: Host, tmp_path: Path
) -> None:
    """Like any other script: somebody may have stopped the fleet meanwhile."""
    hook_ran = tmp_path / "hook ran"
    prepared.after = ("touch", str(hook_ran))
    with Server.start(tmp_path / "server", settings=["maxSessionTimeout=2000"]) as server:
        prepared.connection = server.connection_string
        with contextlib.closing(zc.zk.ZK(server.connection_string)) as zk:
            zk.import_tree("/hosts\n  version = 2\n" + TREE)
        agent = prepared.start()
        prepared.log.wait_for("INFO /opt/web-4.0.0/bin/zookeeper-deploy /x 0")
        server.stop()
        (tmp_path / "gate").write_text("go on\n")
        agent.close()
        assert not hook_ran.exists()
        server.restart()
        start = len(prepared.log.lines)
        gate = os.open(tmp_path / "gate", os.O_RDWR)
        os.write(gate, b"go on\n")
        prepared.start()
        prepared.log.wait_for("INFO touch", start)
        prepared.agents.close()
        os.close(gate)
        assert hook_ran.exists()


def test_who_looks_at_the_host_sees_that_zookeeper_is_away(prepared: Host, tmp_path: Path) -> None:
    """Also while a script runs, which goes on."""

    def shown() -> str:
        return (prepared.root / "etc/zim/status").read_text().split(" ", 2)[2]

    with Server.start(tmp_path / "server") as server:
        prepared.connection = server.connection_string
        with contextlib.closing(zc.zk.ZK(server.connection_string)) as zk:
            zk.import_tree("/hosts\n  version = 2\n" + TREE)
        agent = prepared.start()
        prepared.log.wait_for("INFO /opt/web-4.0.0/bin/zookeeper-deploy /x 0")
        server.stop()
        prepared.log.wait_for("WARNING ZooKeeper is away since ")
        away = r"2 deploying /x 0 \(without ZooKeeper since [\dTZ:-]+\)"
        until(lambda: re.fullmatch(away, shown()), "the status says that it is away")
        server.restart()
        prepared.log.wait_for("INFO ZooKeeper is back")
        until(lambda: shown() == "2 deploying /x 0", "the status says no more than before")
        (tmp_path / "gate").write_text("go on\n")
        prepared.outcome(2)
        agent.close()


def test_an_agent_that_cannot_go_on_ends_its_process(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that looks alive and does nothing is the worst of all."""
    agent = host.start()

    def broken(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(agent._registry, "deliver", broken)
    host.set_version(2)
    assert agent.run() == 1
    assert "CRITICAL The agent cannot go on" in host.log.lines


# It is the thread of the connection, which is meant to die here.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_agent_whose_connection_ended_for_good_does_not_go_on_without(
    host: Host, zookeeper_server: Server
) -> None:
    chroot = host.connection.partition("/")[2]
    with Relay(zookeeper_server) as relay:
        host.connection = f"{relay.connection_string}/{chroot}"
        agent = host.start()
        relay.garble()
        assert agent.run() == 1


@pytest.mark.parametrize("moment", ["INFO yum -q list", "INFO /opt/web-4.0.0/bin"])
def test_an_agent_that_is_killed_converges_when_it_is_started_again(
    prepared: Host, tmp_path: Path, moment: str
) -> None:
    """Killed while it deploys, it finds its own lock and host node, and finishes."""
    write_file(prepared.root / "etc/zmh/pxemac", "424242424242\n")
    prepared.zk.import_tree(TREE.replace("host42", "424242424242"))
    prepared.set_version(2)
    environment = os.environ | {
        "TEST_ROOT": str(prepared.root),
        "ZC_ZK_CONNECTION_STRING": prepared.connection,
    }
    log = tmp_path / "agent.log"
    command = [sys.executable, "-m", "zc.zkdeployment.cli", "agent"]
    with (
        log.open("w") as stream,
        subprocess.Popen(command, env=environment, stderr=stream) as process,
    ):
        wanted = moment.removeprefix("INFO ")
        while wanted not in log.read_text().replace(str(prepared.root), ""):
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    assert prepared.zk.get_children("/hosts") == ["424242424242"]  # it lingers
    gate = os.open(tmp_path / "gate", os.O_RDWR)
    os.write(gate, b"go on\ngo on\n")  # for the script of the killed agent, too
    agent: Agent = prepared.start()
    assert prepared.outcome(2)[-1] == "INFO Done deploying version 2"
    os.close(gate)
    assert agent.version == 2
    assert prepared.zk.get_properties("/agent-locks/x") == {}
