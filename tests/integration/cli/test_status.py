"""``zkdeploy status``, ``why`` and ``rollout``: a person looks at a fleet, and follows it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from tests.faults.fleets import until
from tests.support.programs import zkdeploy_running
from tests.support.syncing import Texts, publish, registered, set_version, tree
from tests.support.terminal import terminal

from zc.zk import ZK, encode
from zc.zkdeployment.fleet_control import stop_fleet
from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.lab.relay import Relay
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.reports.installed_software import InstalledSoftware, SoftwareSeen
from zc.zkdeployment.reports.report import Activity, Failure, Report, Result, encode_report

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


@pytest.fixture
def relay(
    zookeeper_server: Server, zk_connection: str, environ: dict[str, str]
) -> Iterator[Relay]:
    """A way to ZooKeeper that can be held up; commands take it."""
    with Relay(zookeeper_server) as way:
        root = zk_connection.partition("/")[2]
        environ["ZC_ZK_CONNECTION_STRING"] = f"{way.connection_string}/{root}"
        yield way


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
        "software: what is installed is not known: its agent does not report it",
        "  unknown  web   1",
        "  /a    1  web       1                 h1",
        f"  {AT}  done  1.5 s  install web",
        "Output of deploying /a 0, which failed:",
        "  no [1mdatabase",
    ):
        assert line in output.splitlines(), output
    assert zkdeploy("status", "nobody").returncode == 1


SOFTWARE = SoftwareSeen(
    AT,
    (
        InstalledSoftware("old", "3.0-1"),
        InstalledSoftware("web", "1-7"),
    ),
    3,
)


def test_the_software_of_a_host_is_told_beside_what_is_wanted(
    zkdeploy: Zkdeploy, fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    report = Report(Activity.IDLE, 1, software=SOFTWARE)
    hosts("h1", name="one", version=1, report=encode_report(report))
    lines = good(zkdeploy("status", "h1")).splitlines()
    title = next(number for number, line in enumerate(lines) if line.startswith("Software"))
    assert lines[title].endswith("; 1 more are installed")
    assert [line.split() for line in lines[title + 1 : title + 4]] == [
        ["State", "Name", "Wanted", "Installed", "Commit"],
        ["not", "wanted", "old", "3.0-1"],
        ["as", "wanted", "web", "1", "1-7"],
    ]
    document = json.loads(good(zkdeploy("status", "h1", "--json")))
    assert document["software"][1] == {
        "name": "web",
        "wanted": "1",
        "installed": "1-7",
        "commit": None,
        "state": "as wanted",
    }


def test_what_is_wanted_and_cannot_be_read_does_not_hide_the_host(
    zkdeploy: Zkdeploy, fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    hosts("h1", name="one", version=1)
    [shard] = [name for name in fleet.get_children("/revisions/objects") if _is_shard(fleet, name)]
    fleet.set(f"/revisions/objects/{shard}", b"{}")
    output = good(zkdeploy("status", "h1"))
    assert "state:    current" in output
    assert "what is wanted cannot be read" in output
    assert json.loads(good(zkdeploy("status", "h1", "--json")))["trouble"]


def _is_shard(zk: ZK, name: str) -> bool:
    return b'"deployments"' in zk.get(f"/revisions/objects/{name}")[0]


@pytest.mark.parametrize("arguments", [(), ("h1",)])
def test_halves_of_characters_are_no_reason_to_fail(
    zkdeploy: Zkdeploy, fleet: ZK, hosts: Callable[..., ZK], arguments: tuple[str, ...]
) -> None:
    report = encode_report(Report(Activity.IDLE, 1, output=("\ud83d",)))
    hosts("h1", name="a\ud83d", version=1, error="\udc00", report=report)
    assert "failed" in good(zkdeploy("status", *arguments))
    assert "a\\ud83d" in good(zkdeploy("status", "--json", *arguments))


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


def running(environ: dict[str, str], *args: str) -> AbstractContextManager[subprocess.Popen[str]]:
    return zkdeploy_running(environ, *args, patience=PATIENCE, reads=True)


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


def test_who_watches_is_told_that_zookeeper_is_away_and_back(
    environ: dict[str, str], relay: Relay, fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    hosts("h1", name="one", version=1)
    for arguments in ((), ("h1",)):
        with running(environ, "status", "--watch", "--json", *arguments) as process:
            read_until(process, lambda line: json.loads(line)["away"] is None)
            relay.hold()
            line = read_until(process, lambda line: json.loads(line)["away"] is not None)
            assert json.loads(line)["goal"] == 1, "it is told as it was"
            relay.release()
            read_until(process, lambda line: json.loads(line)["away"] is None)


def test_on_a_pipe_a_host_is_told_again_only_if_it_changed(
    environ: dict[str, str], fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    agent = hosts("h1", name="one", version=0)
    with running(environ, "status", "--watch", "h1") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("at 20"), "no control characters, no blank"
        assert process.stdout.readline().startswith("host:")
        read_until(process, lambda line: line.startswith("state:"))
        hosts("h2", name="two", version=1)
        agent.set("/hosts/h1", encode({"name": "one", "version": 1}))
        read_until(process, lambda line: line == "\n")  # between two
        assert process.stdout.readline().startswith("at 20")
        line = read_until(process, lambda line: line.startswith("state:"))
        assert line == "state:    current\n", "the other host is no news of this one"


def test_a_host_that_goes_while_it_is_watched_is_called_gone(
    environ: dict[str, str], fleet: ZK, zk_connection: str
) -> None:
    with running(environ, "status", "--watch", "one") as process:
        read_until(process, lambda line: "nothing is known of one" in line)
        with registered(zk_connection, "h1", name="one", version=0):
            read_until(process, lambda line: line.startswith("state:    behind"))
        read_until(process, lambda line: "one was registered, and is not any more" in line)


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


def test_a_rollout_that_cannot_be_followed_says_so(
    environ: dict[str, str], relay: Relay, fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    hosts("h1", name="one", version=0)
    with running(environ, "rollout", "--timeout", "15") as process:
        read_until(process, lambda line: "0 of 1 done" in line)
        relay.hold()
        read_until(process, lambda line: line.startswith("ZooKeeper does not answer since 20"))
        read_until(process, lambda line: "nobody knows how the fleet is" in line)
        assert process.wait() == 3


def test_who_stops_following_does_not_stop_the_rollout(
    environ: dict[str, str], fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    hosts("h1", name="one", version=0)
    with running(environ, "rollout", "--timeout", str(PATIENCE)) as process:
        read_until(process, lambda line: "0 of 1 done" in line)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 3
    assert fleet.get_properties("/hosts")["version"] == 1


@pytest.mark.parametrize("command", ["status", "why"])
def test_who_asks_for_no_one_host_is_told_whom_to_ask_for(
    zkdeploy: Zkdeploy, fleet: ZK, hosts: Callable[..., ZK], command: str
) -> None:
    hosts("x1", name="same", version=1, role="cache")
    hosts("x2", name="same", version=1, role="cache")
    for name, words in (
        ("same", "2 hosts are called same: give an identifier, x1, x2"),
        ("cache", "cache is the role of 2 hosts: give one, same (x1), same (x2)"),
        ("", "nothing is known of ''"),
    ):
        result = zkdeploy(command, name)
        assert result.returncode == 1
        assert words in result.stderr


def test_a_node_that_is_not_there_is_no_node_where_all_is_well(
    zkdeploy: Zkdeploy, fleet: ZK
) -> None:
    assert "Nobody works on /a or waits for it" in good(zkdeploy("why", "/a"))
    result = zkdeploy("why", "/nothing")
    assert (result.returncode, result.stdout) == (1, "")
    assert "there is no node /nothing" in result.stderr


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


def test_in_a_narrow_terminal_a_host_has_two_lines_whatever_it_says(
    environ: dict[str, str], fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    error = "Command failed: /opt/web/bin/zookeeper-deploy /a/long/path 0 " * 20
    for number in range(3):
        name = f"web{number}.with-a-long-name.of-a-region.example.com"
        hosts(f"0015C5F4D4F{number}", name=name, version=0, error=error)
    command = [sys.executable, "-m", "zc.zkdeployment.cli", "status"]
    with terminal() as shown:
        environ |= {"COLUMNS": "60", "TERM": "xterm"}
        subprocess.run(command, env=environ, stdout=shown.device, timeout=PATIENCE, check=True)
        screen = shown.screen()
    table = screen[screen.index("Hosts (version, for how long):") + 1 :]
    assert len(table) == 6
    assert all(len(line) <= 60 for line in table)
    assert all(f"0015C5F4D4F{number}" in table[2 * number] for number in range(3))


def test_in_a_narrow_terminal_a_rollout_is_followed_in_one_line(
    environ: dict[str, str], fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    """A longer line would be left behind, again and again."""
    hosts("h1", name="one", version=0)
    command = [sys.executable, "-m", "zc.zkdeployment.cli", "rollout", "--timeout", "2"]
    with terminal() as shown:
        environ |= {"COLUMNS": "30", "LINES": "15", "TERM": "xterm"}
        result = subprocess.run(command, env=environ, stdout=shown.device, timeout=PATIENCE)
        drawn = shown.written().partition("\n")[0].replace("\r", "").split("\x1b[K")
    assert result.returncode == 3
    assert "0 of 1 done: 1 behind" in drawn
    assert all(len(each) < 30 for each in drawn)


def test_a_screen_begins_with_what_matters_most(
    environ: dict[str, str], fleet: ZK, hosts: Callable[..., ZK]
) -> None:
    """A fleet that is larger than the screen does not push the problems off it."""
    agent = hosts("h1", name="one", version=0, error="exit 3")
    for number in range(30):
        agent.create(f"/hosts/x{number}", encode({"version": 1}), ephemeral=True)
    command = [sys.executable, "-m", "zc.zkdeployment.cli", "status", "--watch"]
    with terminal() as shown:
        environ |= {"COLUMNS": "80", "LINES": "15", "TERM": "xterm"}
        with subprocess.Popen(command, env=environ, stdout=shown.device) as process:
            until(lambda: "more lines than fit here" in shown.so_far(), "the screen is drawn")
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0
        last = shown.written().rpartition("\x1b[2J")[2]
    lines = last.replace("\r", "").strip("\n").split("\n")
    assert lines[0].startswith("version: 1")
    assert any("one (h1)" in line for line in lines)
    assert len(lines) <= 14, lines
