"""``zkdeploy check`` as a monitoring system runs it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kazoo.security import make_acl

from zc.zk import ZK

Zkdeploy = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]
WaitForLog = Callable[[subprocess.Popen[str], str], None]


def answer(result: subprocess.CompletedProcess[str]) -> tuple[int, str]:
    """Return the status and the one line of an answer."""
    assert result.stderr == ""
    assert result.stdout.endswith("\n")
    assert result.stdout.count("\n") == 1
    return result.returncode, result.stdout[:-1]


@pytest.fixture
def registered(zk: ZK) -> ZK:
    """A fleet at version 2, which the host reached."""
    zk.import_tree("/hosts\n  version = 2\n")
    zk.create("/hosts/h1", b'{"name":"h1.example.com","version":2}', ephemeral=True)
    return zk


def write_status(root: Path, what: str, ago: int = 0) -> None:
    (root / "etc/zim/status").write_text(f"{time.time() - ago} 42 2 {what}")


def test_an_agent_is_followed_from_its_start_to_its_end(
    zkdeploy: Zkdeploy, start: Start, wait_for_log: WaitForLog, zk: ZK, tmp_path: Path
) -> None:
    """The after hook runs when everything is written that says that the version was reached."""
    configuration = tmp_path / "agent.conf"
    configuration.write_text(
        "[zkdeployment]\nhost-id = h2\nrun-directory = /run/zk\nafter = true\n"
    )

    def check() -> tuple[int, str]:
        return answer(zkdeploy("check", "agent.conf"))

    assert check() == (2, "Host not registered")
    zk.import_tree("/hosts\n  version = 1\n")
    agent = start("agent", str(configuration))
    wait_for_log(agent, "Running after hook")
    assert check() == (0, "1")
    assert answer(zkdeploy("stop"))[0] == 0
    assert check() == (1, "Cluster version is None")
    agent.terminate()
    assert agent.wait() == 0
    assert check() == (2, "Host not registered")


def test_checking_changes_nothing(zkdeploy: Zkdeploy, registered: ZK, root: Path) -> None:
    write_status(root, "done")

    def everything() -> object:
        files = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
        stats = [registered.exists(path) for path in ("/hosts", "/hosts/h1")]
        return files, stats, registered.export_tree(ephemeral=True)

    before = everything()
    assert answer(zkdeploy("check")) == (0, "2")
    assert everything() == before


def test_each_kind_of_trouble_has_its_status(
    zkdeploy: Zkdeploy, registered: ZK, root: Path
) -> None:
    status = root / "etc/zim/status"
    assert answer(zkdeploy("check")) == (2, f"There is no status file {status}")
    status.write_text("half a li")
    assert answer(zkdeploy("check")) == (
        2,
        f"Cannot read the status file {status}: "
        "expected one line 'TIME PROCESS VERSION STATUS', found 'half a li'",
    )
    write_status(root, "error")
    assert answer(zkdeploy("check")) == (2, "Error deploying 2")


def test_who_knows_that_steps_take_long_can_say_so(
    zkdeploy: Zkdeploy, registered: ZK, root: Path
) -> None:
    write_status(root, "deploying /app 0", ago=3600)
    late, message = answer(zkdeploy("check"))
    assert late == 2
    assert message.startswith("Too long deploying 2 (deploying /app 0; 36")
    assert message.endswith(" > 600)")
    assert answer(zkdeploy("check", "--error", "9000"))[0] == 1
    patient = zkdeploy("check", "--error", "9000", "--warn", "9000")
    assert answer(patient) == (0, "deploying /app 0")


def test_programs_read_the_answer_as_data(zkdeploy: Zkdeploy, registered: ZK, root: Path) -> None:
    write_status(root, "done")
    result = zkdeploy("check", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout) == {"state": "ok", "message": "2"}
    result = zkdeploy("check", "--json", "missing.conf")
    assert (result.returncode, result.stderr) == (3, "")
    assert json.loads(result.stdout)["state"] == "unknown"


def test_a_host_without_zookeeper_is_not_well(zkdeploy: Zkdeploy) -> None:
    assert answer(zkdeploy("check", "--zookeeper", "127.0.0.1:1")) == (
        2,
        "No ZooKeeper server answered at 127.0.0.1:1",
    )


def test_a_node_that_may_not_be_read_is_told(
    zkdeploy: Zkdeploy, zk: ZK, zk_connection: str
) -> None:
    zk.create("/hosts", b'{"version":1}', acl=[make_acl("world", "anyone", create=True)])
    assert answer(zkdeploy("check")) == (
        2,
        f"Cannot read /hosts from ZooKeeper at {zk_connection}: NoAuthError /hosts",
    )


def test_a_mistake_in_the_command_line_is_no_state_of_the_host(
    zkdeploy: Zkdeploy, root: Path
) -> None:
    """Exit status 2 would say that the host is ill, 1 that it may become so."""
    for args in ("--typo",), ("--warn", "-1"), ("--error", "soon"), ("a.conf", "b.conf"):
        result = zkdeploy("check", *args)
        assert (result.returncode, result.stdout) == (3, "")
        assert "Try 'zkdeploy check --help' for help." in result.stderr
    (root / "etc/zmh/pxemac").unlink()
    status, message = answer(zkdeploy("check"))
    assert status == 3
    assert message.startswith("host-id not specified: ")
