"""``zkdeploy status``, ``why`` and ``rollout``: a person looks at a fleet, and follows it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.support.syncing import Texts, publish, registered, set_version, tree
from tests.support.terminal import terminal

from zc.zk import ZK, encode
from zc.zkdeployment.fleet_control import stop_fleet
from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.report import Activity, Failure, Report, Result, encode_report

Zkdeploy = Callable[..., subprocess.CompletedProcess[str]]

PATIENCE = 60  # seconds until a process is killed, which fails its test
AT = "2030-01-02T03:04:05Z"

FAILURE = Report(
    Activity.FAILED,
    1,
    "deploying /a 0",
    AT,
    results=(Result("install web", True, 1.5, AT),),
    failure=Failure("deploying /a 0", "exit 3", AT, ("no \x1b[1mdatabase", "at all")),
)


@pytest.fixture
def fleet(zk: ZK) -> ZK:
    """A fleet to which version 1 was published, for the host h1."""
    publish(zk, Texts())
    return zk


def good(result: subprocess.CompletedProcess[str]) -> str:
    assert (result.stderr, result.returncode) == ("", 0)
    return result.stdout


@pytest.fixture
def hosts(zk_connection: str) -> Iterator[Callable[..., ZK]]:
    """Return a function that registers a host, for as long as the test takes."""
    with ExitStack() as stack:

        def register(identifier: str, **properties: object) -> ZK:
            return stack.enter_context(registered(zk_connection, identifier, **properties))

        yield register


def test_a_fleet_is_told_in_short_and_host_by_host(
    zkdeploy: Zkdeploy, fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    hosts("h1", name="one", version=0, error="exit 3\x1b[1m", report=encode_report(FAILURE))
    hosts("h2", name="two", role="cache", version=1)
    lines = good(zkdeploy("status")).splitlines()

    assert lines[0].startswith("version: 1, set ")
    assert lines[0].endswith(" by me@ops")
    assert lines[1] == "source:  test"
    assert lines[2] == f"hosts:   [{'#' * 15}{'-' * 15}] 1 of 2 done: 1 failed, 1 current"
    assert lines[3].startswith("why:     one (h1) failed at the step 'deploying /a 0'")
    assert [line.split()[:2] for line in lines[5:]] == [
        ["State", "Host"],
        ["failed", "one"],
        ["current", "two"],
    ]
    assert "\x1b" not in "".join(lines)


def test_of_a_large_fleet_those_are_shown_that_are_not_done(
    zkdeploy: Zkdeploy, fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    agent = hosts("h1", name="one", version=0)
    for number in range(60):
        agent.create(f"/hosts/x{number}", encode({"version": 1}), ephemeral=True)
    output = good(zkdeploy("status"))
    assert "60 of 61 done: 1 behind, 60 current" in output
    assert "one (h1)" in output
    assert "x59" not in output
    assert "60 more hosts; --all shows them" in output
    assert "x59" in good(zkdeploy("status", "--all"))


def test_all_about_one_host(zkdeploy: Zkdeploy, fleet: ZK, hosts: Callable[..., ZK]) -> None:
    hosts("h1", name="one", version=0, error="exit 3", report=encode_report(FAILURE))
    output = good(zkdeploy("status", "one"))
    assert output == good(zkdeploy("status", "h1"))
    for line in (
        "state:    failed",
        "version:  0, wanted is 1",
        "software: web 1",
        "  /a    1  web       1                 h1",
        f"  {AT}  done  1.5 s  install web",
        "Output of deploying /a 0, which failed:",
        "  no [1mdatabase",
    ):
        assert line in output.splitlines(), output
    assert zkdeploy("status", "nobody").returncode == 1


def test_without_a_fleet_that_is_told(zkdeploy: Zkdeploy, zk: ZK) -> None:
    assert "none: there is no fleet yet" in good(zkdeploy("status"))
    assert "There is no fleet yet" in good(zkdeploy("why"))
    result = zkdeploy("rollout")
    assert (result.returncode, result.stdout) == (1, "")
    assert "there is no fleet yet" in result.stderr


def test_who_asks_about_something_unknown_learns_what_is_known(
    zkdeploy: Zkdeploy, fleet: ZK
) -> None:
    result = zkdeploy("why", "nobody")
    assert result.returncode == 1
    assert "nothing is known of nobody" in result.stderr
    assert "The tree expects h1" in good(zkdeploy("why", "h1"))


def test_a_person_is_told_the_cause_and_what_to_do(
    zkdeploy: Zkdeploy, fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    hosts("h1", name="one", version=0, error="exit 3", report=encode_report(FAILURE))
    set_version(fleet, None)
    lines = good(zkdeploy("why")).splitlines()
    assert lines[0].startswith("The fleet is stopped: one (h1) failed at the step")
    assert "  | no [1mdatabase" in lines
    assert lines[lines.index("What you can do:") + 1].endswith("zkdeploy sync --force SOURCE")


@contextmanager
def running(environ: dict[str, str], *args: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "zc.zkdeployment.cli", *args]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environ, stdout=pipe, stderr=pipe, text=True) as process:
        killer = threading.Timer(PATIENCE, process.kill)
        killer.start()
        try:
            yield process
        finally:
            killer.cancel()
            process.kill()


def read_until(process: subprocess.Popen[str], wanted: Callable[[str], bool]) -> str:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if wanted(line):
            return line
    raise AssertionError(f"it never came: {lines}")


def test_a_fleet_is_watched(environ: dict[str, str], fleet: ZK, hosts: Callable[..., ZK]) -> None:
    with running(environ, "status", "--watch", "--json") as process:
        read_until(process, lambda line: json.loads(line)["hosts"] == [])
        hosts("h1", name="one", version=0)
        read_until(process, lambda line: json.loads(line)["counts"]["behind"] == 1)
        stop_fleet(fleet, "a fire")
        read_until(process, lambda line: "a fire" in line and json.loads(line)["stopped"])
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0


def test_a_host_is_watched_that_comes_later(
    environ: dict[str, str], fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    with running(environ, "status", "--watch", "h1") as process:
        read_until(process, lambda line: "no registered host is h1" in line)
        hosts("h1", name="one", version=0)
        read_until(process, lambda line: line.startswith("state:    behind"))


def test_a_rollout_is_published_and_followed_to_its_end(
    environ: dict[str, str], fleet: ZK, hosts: Callable[..., ZK], tmp_path: Path
) -> None:
    agent = hosts("h1", name="one", version=1)
    write_file(tmp_path / "site/a.zk", tree("2"))
    command = ("rollout", str(tmp_path / "site"), "--version", "2", "--timeout", str(PATIENCE))
    with running(environ, *command) as process:
        read_until(process, lambda line: "0 of 1 done: 1 behind" in line)
        agent.set("/hosts/h1", encode({"name": "one", "version": 2}))
        read_until(process, lambda line: "2: 1 host is done" in line)
        assert process.wait() == 0


def test_a_rollout_that_is_stopped_says_why(
    environ: dict[str, str], fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    hosts("h1", name="one", version=0)
    with running(environ, "rollout", "--timeout", str(PATIENCE)) as process:
        read_until(process, lambda line: "0 of 1 done" in line)
        stop_fleet(fleet, "a fire")
        read_until(process, lambda line: "stopped it at version 1: a fire" in line)
        assert process.wait() == 1


def test_a_rollout_waits_for_what_a_host_says_that_stopped_the_fleet(
    environ: dict[str, str], fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    """It stops the fleet first. Nobody must read in between that nobody says why."""
    agent = hosts("h1", name="one", version=0)
    with running(environ, "rollout", "--timeout", str(PATIENCE)) as process:
        read_until(process, lambda line: "0 of 1 done" in line)
        set_version(fleet, None)
        read_until(process, lambda line: "stopped" in line)
        agent.set("/hosts/h1", encode({"name": "one", "version": 0, "error": "exit 3"}))
        read_until(process, lambda line: line.startswith("The fleet is stopped: one (h1)"))
        assert process.wait() == 1


def test_a_rollout_takes_no_longer_than_is_said(
    zkdeploy: Zkdeploy, fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    hosts("h1", name="one", version=0)
    result = zkdeploy("rollout", "--timeout", "0.2")
    assert result.returncode == 3
    assert "the time is up" in result.stdout
    assert "one (h1) did not begin with it yet" in result.stdout


def test_a_rollout_that_is_refused_or_meant_otherwise(
    zkdeploy: Zkdeploy, fleet: ZK, hosts: Callable[..., ZK], tmp_path: Path
) -> None:
    hosts("h1", name="one", version=0)
    write_file(tmp_path / "site/a.zk", tree("2"))
    result = zkdeploy("rollout", str(tmp_path / "site"))
    assert result.returncode == 1
    assert "host h1 has not converged" in result.stderr
    assert zkdeploy("rollout", "--resume", "1", str(tmp_path)).returncode == 2
    result = zkdeploy("rollout", "--resume")
    assert result.returncode == 1
    assert "the fleet is not stopped" in result.stderr


def test_a_stopped_fleet_is_resumed_and_followed(
    zkdeploy: Zkdeploy, fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    hosts("h1", name="one", version=1)
    stop_fleet(fleet, "a fire")
    result = json.loads(zkdeploy("rollout", "--resume", "--json").stdout)
    assert (result["result"], result["version"], result["done"]) == ("done", 1, 1)


def test_at_a_terminal_a_fleet_is_shown_in_a_table(
    environ: dict[str, str], fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    hosts("h1", name="one", version=0, error="exit 3")
    command = [sys.executable, "-m", "zc.zkdeployment.cli", "status"]
    with terminal() as shown:
        environ |= {"COLUMNS": "120", "TERM": "xterm"}
        subprocess.run(command, env=environ, stdout=shown.device, timeout=PATIENCE, check=True)
        screen = "\n".join(shown.screen())
    assert "one (h1)" in screen
    assert "━" in screen
