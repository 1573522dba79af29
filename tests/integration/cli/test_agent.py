"""``zkdeploy agent`` as a supervisor runs it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from zc.zk import ZK
from zc.zkdeployment.lab.free_ports import free_ports
from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.lab.relay import Relay
from zc.zkdeployment.lab.zookeeper import Server

Zkdeploy = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]
WaitForLog = Callable[[subprocess.Popen[str], str], None]

_NEVER_LOADED = {
    *("rich", "cryptography", "asyncio", "concurrent.futures", "multiprocessing", "ctypes"),
    *("http", "http.client", "urllib.request", "email", "xml", "sqlite3", "unittest", "pydoc"),
    *("importlib.metadata", "pkgutil", "csv", "zipfile", "tarfile"),
    *(f"zc.zkdeployment.{name}" for name in ("demo", "lab", "publishing", "sync", "validate")),
    *(f"zc.zkdeployment.{name}" for name in ("adapters.signatures", "access_control")),
    "zc.zkdeployment.adapters.metrics_server",
}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_agent_and_takes_its_host_node_away(
    start: Start, wait_for_log: WaitForLog, zk: ZK, number: signal.Signals
) -> None:
    zk.import_tree("/hosts\n  version = 1\n")
    agent = start("agent")
    wait_for_log(agent, "Done deploying version 1")
    assert zk.get_properties("/hosts/h1")["version"] == 1
    agent.send_signal(number)
    assert agent.wait() == 0
    assert zk.get_children("/hosts") == []


@pytest.mark.parametrize(("setting", "reports"), [("", True), ("reports = no", False)])
def test_an_agent_reports_unless_it_is_told_not_to(
    start: Start, wait_for_log: WaitForLog, zk: ZK, tmp_path: Path, setting: str, reports: bool
) -> None:
    configuration = tmp_path / "agent.conf"
    configuration.write_text(
        f"[zkdeployment]\nhost-id = h1\nrun-directory = /etc/zim\n{setting}\n"
    )
    zk.import_tree("/hosts\n  version = 1\n")
    agent = start("agent", str(configuration))
    wait_for_log(agent, "Done deploying version 1")
    node = zk.get_properties("/hosts/h1")
    assert set(node) == {"name", "version", *(["report"] if reports else [])}
    if reports:
        assert (node["report"]["activity"], node["report"]["version"]) == ("idle", 1)


def test_a_second_signal_ends_the_script_and_stops_nobody(
    start: Start,
    wait_for_log: WaitForLog,
    zk: ZK,
    root: Path,
    tmp_path: Path,
    environ: dict[str, str],
) -> None:
    """A supervisor that wants to restart an agent must not need SIGKILL, nor stop the fleet."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    script = (
        f"#!/bin/sh\ntrap 'echo ended >{tmp_path}/ended; exit 1' TERM\nread l <{gate} &\nwait\n"
    )
    write_file(root / "opt/app-1/bin/zookeeper-deploy", script)
    write_file(tmp_path / "bin/yum", "#!/bin/sh\necho app-1.noarch 1-1 @lab\n")
    zk.import_tree("/hosts\n  version = 1\n/a : app-1\n  /deploy\n    /h1\n")
    environ["PATH"] = f"{tmp_path}/bin:{environ['PATH']}"
    agent = start("agent")
    with gate.open("w"):  # as soon as the script reads it
        agent.send_signal(signal.SIGTERM)
        wait_for_log(agent, "Told to end")
        agent.send_signal(signal.SIGTERM)
        assert agent.wait() == 0
    assert (tmp_path / "ended").read_text() == "ended\n"
    assert zk.get_properties("/hosts") == {"version": 1}
    assert zk.get_properties("/agent-locks/a") == {}


def test_an_agent_that_cannot_go_on_ends_for_its_supervisor_to_restart_it(
    start: Start, wait_for_log: WaitForLog, zk: ZK, root: Path
) -> None:
    zk.import_tree("/hosts\n  version = 1\n")
    agent = start("agent")
    wait_for_log(agent, "Done deploying version 1")
    assert (root / "etc/zim/status").read_text().endswith(" done")
    (root / "etc/zim").rename(root / "etc/gone")
    (root / "etc/zim").touch()
    zk.properties("/hosts").update(version=2)
    assert agent.wait() == 1


def test_an_agent_ends_soon_although_it_has_not_noticed_that_it_is_cut_off(
    start: Start,
    wait_for_log: WaitForLog,
    root: Path,
    tmp_path: Path,
    environ: dict[str, str],
) -> None:
    """It holds a lock that it cannot give back. The process is killed if that takes too long."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    write_file(root / "opt/app-1/bin/zookeeper-deploy", f"#!/bin/sh\nread l <{gate}\n")
    write_file(tmp_path / "bin/yum", "#!/bin/sh\necho app-1.noarch 1-1 @lab\n")
    with Server.start(tmp_path / "server", settings=["maxSessionTimeout=3000"]) as server:
        environ["ZC_ZK_CONNECTION_STRING"] = server.connection_string
        environ["PATH"] = f"{tmp_path}/bin:{environ['PATH']}"
        with contextlib.closing(ZK(server.connection_string)) as zk:
            zk.import_tree("/hosts\n  version = 1\n/a : app-1\n  /deploy\n    /h1\n")
        agent = start("agent")
        with gate.open("w"):  # as soon as the script reads it
            server.pause()
        agent.send_signal(signal.SIGTERM)
        assert agent.wait() == 0
        server.resume()


def test_an_agent_whose_connection_is_beyond_repair_ends_for_its_supervisor_to_restart_it(
    start: Start,
    wait_for_log: WaitForLog,
    zk: ZK,
    zk_connection: str,
    zookeeper_server: Server,
    environ: dict[str, str],
) -> None:
    """The thread that reads answers died of one, so that no other one will ever come."""
    zk.import_tree("/hosts\n  version = 1\n")
    with Relay(zookeeper_server) as relay:
        chroot = zk_connection.partition("/")[2]
        environ["ZC_ZK_CONNECTION_STRING"] = f"{relay.connection_string}/{chroot}"
        agent = start("agent")
        wait_for_log(agent, "Done deploying version 1")
        relay.garble()
        wait_for_log(agent, "The thread ")
        assert agent.wait() == 1


def test_a_second_agent_on_a_host_refuses(
    start: Start, wait_for_log: WaitForLog, zkdeploy: Zkdeploy, zk: ZK
) -> None:
    zk.import_tree("/hosts\n  version = 1\n")
    wait_for_log(start("agent"), "Done deploying version 1")
    result = zkdeploy("agent")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("zkdeploy: error: Another agent is running")


def test_once_is_enough_for_a_cron_job(zkdeploy: Zkdeploy, zk: ZK, root: Path) -> None:
    zk.import_tree("/hosts\n  version = 1\n")
    result = zkdeploy("agent", "--run-once")
    assert result.returncode == 0
    assert (root / "etc/zim/host_version").read_text().strip() == "1"
    record = r"^[\d-]+ [\d:,]+ zc\.zkdeployment\S* INFO Done deploying version 1$"
    assert re.search(record, result.stderr, re.MULTILINE)
    assert result.stdout == ""
    result = zkdeploy("agent", "-1")
    assert (result.returncode, "Deploying" in result.stderr) == (0, False)


def test_a_cron_job_learns_that_its_deployment_failed(zkdeploy: Zkdeploy, zk: ZK) -> None:
    zk.import_tree("/hosts\n  version = 1\n/app\n  /deploy\n    /h1\n")
    assert zkdeploy("agent", "-1").returncode == 1
    assert zk.get_properties("/hosts") == {"version": None}


def test_a_configuration_file_says_which_host_this_is(
    zkdeploy: Zkdeploy, zk: ZK, root: Path, tmp_path: Path
) -> None:
    zk.import_tree("/hosts\n  version = 1\n/app\n  /deploy\n    /cache\n")
    (tmp_path / "agent.conf").write_text(
        "[zkdeployment]\nhost-id = h2\nrole = cache\nrun-directory = /run/zk\n"
    )
    (root / "run/zk").mkdir(parents=True)
    result = zkdeploy("agent", "-1", "agent.conf")
    assert (result.returncode, "/app" in result.stderr) == (1, True)
    assert (root / "run/zk/status").exists()


def test_a_missing_setting_is_all_that_is_told(zkdeploy: Zkdeploy, tmp_path: Path) -> None:
    (tmp_path / "agent.conf").write_text("[zkdeployment]\nrun-directory = /run/zk\n")
    result = zkdeploy("agent", "agent.conf")
    assert (result.returncode, result.stderr) == (2, "host-id not specified\n")


def test_staging_does_not_talk_to_production(zkdeploy: Zkdeploy, zk: ZK) -> None:
    """The address is one that no host has."""
    zk.import_tree("/hosts\n  version = 1\n")
    result = zkdeploy("agent", "-1", "-z", "192.0.2.1")
    assert result.returncode == 1
    assert re.match(r"zkdeploy: error: the name zookeeper .* 192\.0\.2\.1\b.*\n", result.stderr)
    assert "Deploying" not in result.stderr


def test_an_agent_shows_metrics_where_it_is_told_to(
    start: Start, wait_for_log: WaitForLog, zk: ZK, tmp_path: Path, root: Path
) -> None:
    zk.import_tree("/hosts\n  version = 1\n/app\n  /deploy\n    /h2\n")
    [port] = free_ports(1)
    (tmp_path / "agent.conf").write_text(
        "[zkdeployment]\nhost-id = h2\nrun-directory = /etc/zim\n"
        f"metrics-port = {port}\nmetrics-file = /etc/zkdeploy.prom\n"
    )
    agent = start("agent", str(tmp_path / "agent.conf"))
    wait_for_log(agent, "FAILED deploying version 1")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    assert 'zkdeploy_agent_activity{activity="failed"} 1' in text
    assert 'zkdeploy_agent_deployments_total{outcome="failed"} 1' in text
    assert 'zkdeploy_agent_info{host="h2",' in text
    assert (root / "etc/zkdeploy.prom").exists()
    agent.send_signal(signal.SIGTERM)
    assert agent.wait() == 0
    assert not (root / "etc/zkdeploy.prom").exists()


def test_an_agent_that_has_deployed_has_loaded_little(
    environ: dict[str, str], zk: ZK, root: Path, tmp_path: Path
) -> None:
    """It stays in the memory of every host of the fleet, and runs as root."""
    write_file(root / "opt/app-1/bin/zookeeper-deploy", "#!/bin/sh\n")
    write_file(tmp_path / "bin/yum", "#!/bin/sh\necho app-1.noarch 1-1 @lab\n")
    zk.import_tree("/hosts\n  version = 1\n/a : app-1\n  /deploy\n    /h1\n")
    program = (
        "import sys; from zc.zkdeployment.cli import main;"
        "main(['agent', '--run-once'], standalone_mode=False);"
        "print(*sys.modules)"
    )
    unmeasured = {"COVERAGE_PROCESS_CONFIG": ""}  # measuring would load modules of its own
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environ | unmeasured | {"PATH": f"{tmp_path}/bin:{environ['PATH']}"},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert zk.get_properties("/hosts") == {"version": 1}
    loaded = set(done.stdout.split())
    assert loaded & {"zc.zkdeployment.host.execute", "zc.zkdeployment.adapters.locks"}
    assert loaded & _NEVER_LOADED == set()
