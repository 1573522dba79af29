"""What people are told in ten predicaments: the cause, and what they can do."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.agents import Agents, agents_below
from tests.support.commands import check_commands
from tests.support.zookeeper import new_root

import zc.zk
from zc.zkdeployment.adapters.signatures import generate
from zc.zkdeployment.explanations.why import Explanation, explain_host, explain_node
from zc.zkdeployment.fleet_control import stop_fleet
from zc.zkdeployment.lab.packages import Package, PackageRepository, write_file
from zc.zkdeployment.lab.relay import Relay
from zc.zkdeployment.lab.scripts import application
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.sync import State
from zc.zkdeployment.views.overview import HostState, Overview
from zc.zkdeployment.watching import read_overview

WAITS = "[ $uninstall ] || { echo waiting for the database; echo again 1>&2; sleep 600; }"
FAILS = "echo cannot find the database; exit 3"

PACKAGES = (
    Package("web", "1.0"),
    Package("slow", "1.0", files=application(WAITS)),
    Package("bad", "1.0", files=application(FAILS)),
)


def tree(software: str, *hosts: str, version: str = "1.0") -> str:
    lines = "".join(f"    /{host}\n" for host in hosts)
    return f"/app : {software}\n  version = '{version}'\n  /deploy\n{lines}"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> PackageRepository:
    made = PackageRepository(tmp_path_factory.mktemp("packages") / "repository")
    made.add(*PACKAGES)
    return made


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on which sessions end soon."""
    directory = tmp_path_factory.mktemp("zookeeper")
    with Server.start(directory, settings=["maxSessionTimeout=2000"]) as started:
        yield started


@pytest.fixture
def chroot(server: Server) -> str:
    return new_root(server.connection_string)


@pytest.fixture
def fleet(
    tmp_path: Path, server: Server, chroot: str, repository: PackageRepository
) -> Iterator[Agents]:
    connection = server.connection_string + chroot
    with (
        contextlib.closing(zc.zk.ZK(connection)) as zk,
        agents_below(tmp_path / "hosts", zk, connection, repository) as agents,
    ):
        yield agents


def zkdeploy(fleet: Agents, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "zc.zkdeployment.cli", *args],
        env={**os.environ, "ZC_ZK_CONNECTION_STRING": fleet.connection},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


def told(fleet: Agents, *args: str) -> Explanation:
    """Return what ``zkdeploy why`` says; the commands that it names must exist."""
    result = zkdeploy(fleet, "why", "--json", *args)
    assert (result.returncode, result.stderr) == (0, "")
    explanation = Explanation(**json.loads(result.stdout))
    check_commands(explanation)
    return explanation


def names(explanation: Explanation, *parts: str) -> None:
    """Check that a cause names all of these."""
    missing = [part for part in parts if part not in explanation.cause]
    assert not missing, explanation


def advises(explanation: Explanation, *parts: str) -> None:
    """Check that there is a step with each of these."""
    missing = [part for part in parts if not any(part in step for step in explanation.next_steps)]
    assert not missing, explanation


def does(
    fleet: Agents, explanation: Explanation, command: str, source: Path | None = None
) -> None:
    """Do what a step advises with a command: exactly that, with the blanks filled in."""
    [line] = [
        each.rpartition(": zkdeploy ")[2] for each in explanation.next_steps if command in each
    ]
    blanks = {"TEXT": "as advised", "SOURCE": str(source)}
    words = [blanks.get(word, word) for word in shlex.split(line)]
    result = zkdeploy(fleet, *words)
    assert result.returncode == 0, result


def site(tmp_path: Path, text: str) -> Path:
    """Return a directory with a tree, to publish from."""
    write_file(tmp_path / "site/site.zk", text)
    return tmp_path / "site"


def state_of(host: str) -> Callable[[Overview], HostState | None]:
    def state(overview: Overview) -> HostState | None:
        found = overview.host(host)
        return found.state if found else None

    return state


def reached(version: int, hosts: int = 1) -> Callable[[Overview], bool]:
    def is_reached(overview: Overview) -> bool:
        return overview.settled and overview.version == version and len(overview.hosts) == hosts

    return is_reached


def one_waits_for_the_other(fleet: Agents) -> Overview:
    """Start two hosts, one of which holds the lock that the other one wants."""
    fleet.start("h1")
    fleet.until(reached(0))
    fleet.publish(1, tree("slow", "h1", "h2"))
    fleet.until(lambda seen: seen.locks and seen.locks[0].holders)
    fleet.start("h2")
    return fleet.until(lambda seen: seen.locks and seen.locks[0].waiters)


def test_a_lock_is_held_by_a_dead_host(fleet: Agents) -> None:
    one_waits_for_the_other(fleet)
    fleet.running["h1"].kill()
    fleet.until(lambda seen: seen.locks and seen.locks[0].dead)

    for explanation in (told(fleet), told(fleet, "h2"), told(fleet, "/app"), told(fleet, "h1")):
        names(explanation, "/app", "h1", "its agent is not registered", "since 20")
        advises(explanation, "zkdeploy agent", "zkdeploy locks break /app --reason TEXT")
        everything = " ".join((explanation.cause, *explanation.details))
        assert "about to get it" not in everything, "h1 holds it, and does not let go"
        assert "never came up" not in everything, "h1 was at work there"
    does(fleet, told(fleet), "zkdeploy locks break")
    fleet.until(lambda seen: seen.locks and [h.host for h in seen.locks[0].holders] == ["h2"])


def test_a_script_hangs(fleet: Agents) -> None:
    one_waits_for_the_other(fleet)
    fleet.until(lambda seen: any(h.report and h.report.output for h in seen.hosts))
    seen = fleet.until(lambda seen: state_of("h2")(seen) is HostState.WAITING)

    for explanation in (told(fleet), told(fleet, "h1"), told(fleet, "h2"), told(fleet, "/app")):
        names(explanation, "h1", "deploying /app 0", "since 20")
        assert "| waiting for the database" in explanation.details
        assert "| again" in explanation.details
        advises(explanation, "zkdeploy stop --reason TEXT", "timeout")
    waiting = seen.host("h2")
    assert waiting is not None
    names(explain_host(seen, waiting), "h2", "waits", "/app")
    names(explain_node(seen, "/app"), "/app", "held by", "h1")


def test_a_script_fails(fleet: Agents) -> None:
    agent = fleet.start("h1")
    fleet.until(reached(0))
    fleet.publish(1, tree("bad", "h1"))
    fleet.until(
        lambda seen: seen.stopped and seen.hosts[0].report and seen.hosts[0].report.failure
    )

    for explanation in (told(fleet), told(fleet, "h1"), told(fleet, "/app")):
        names(
            explanation, "h1", "failed at the step 'deploying /app 0'", "zookeeper-deploy /app 0"
        )
        assert "| cannot find the database" in explanation.details
        advises(explanation, "zkdeploy sync --force", "zkdeploy resume 1", "zkdeploy rollback")
    explanation = told(fleet)
    write_file(agent.host.root / "opt/bad/bin/zookeeper-deploy", "#!/bin/sh\n")
    does(fleet, explanation, "zkdeploy resume 1")
    fleet.until(reached(1))


def test_a_script_fails_and_people_go_back(fleet: Agents) -> None:
    fleet.start("h1")
    fleet.until(reached(0))
    fleet.publish(1, tree("web", "h1"))
    fleet.until(reached(1))
    fleet.publish(2, tree("bad", "h1"))
    fleet.until(lambda seen: seen.stopped and seen.hosts[0].error)

    does(fleet, told(fleet), "zkdeploy rollback")
    fleet.until(reached(1))


def test_a_script_fails_and_a_mended_tree_is_published(fleet: Agents, tmp_path: Path) -> None:
    fleet.start("h1")
    fleet.until(reached(0))
    fleet.publish(1, tree("bad", "h1"))
    fleet.until(lambda seen: seen.stopped and seen.hosts[0].error)

    does(fleet, told(fleet), "zkdeploy sync --force", site(tmp_path, tree("web", "h1")))
    fleet.until(lambda seen: seen.settled and seen.hosts[0].version not in (0, 1))


def test_a_package_is_missing(fleet: Agents) -> None:
    fleet.start("h1")
    fleet.until(reached(0))
    fleet.publish(1, tree("web", "h1", version="9.9"))
    fleet.until(lambda seen: seen.stopped and seen.hosts[0].error)

    for explanation in (told(fleet), told(fleet, "h1")):
        names(explanation, "h1", "failed", "web-9.9")
        advises(explanation, "package repository", "zkdeploy resume 1", "zkdeploy rollback")


def test_a_host_is_cut_off(fleet: Agents, server: Server, chroot: str) -> None:
    with Relay(server) as relay:
        fleet.start("h1", relay.connection_string + chroot)
        fleet.start("h2")
        fleet.publish(1, tree("web", "h1", "h2"))
        fleet.until(reached(1, hosts=2))
        relay.hold()
        seen = fleet.until(lambda seen: "h1" in seen.absent)

        for explanation in (told(fleet), told(fleet, "h1")):
            names(explanation, "h1", "no host is registered", "cut off from ZooKeeper")
            advises(explanation, "zkdeploy agent")
        assert [host.identity.host_identifier for host in seen.gone] == ["h1"]
        relay.release()
        fleet.until(lambda seen: not seen.absent)


def test_a_person_stopped_the_fleet(fleet: Agents) -> None:
    fleet.start("h1")
    fleet.publish(1, tree("web", "h1"))
    fleet.until(reached(1))
    stop_fleet(fleet.zk, "pool 3 fails")
    fleet.until(lambda seen: seen.stopped)

    names(told(fleet), "The fleet is stopped since 20", "@", "version 1", "pool 3 fails")
    advises(told(fleet), "zkdeploy resume", "zkdeploy sync --force")
    assert told(fleet, "h1").cause.endswith("waits for nothing: it reached version 1.")
    fleet.start("h3")
    fleet.until(state_of("h3"))
    names(told(fleet, "h3"), "h3", "has not reached any version", "stopped", "pool 3 fails")
    does(fleet, told(fleet), "zkdeploy resume")
    fleet.until(reached(1, hosts=2))


def test_nobody_says_why_the_fleet_is_stopped(fleet: Agents) -> None:
    fleet.zk.properties("/hosts", watch=False).update(version=None)

    names(told(fleet), "stopped", "nobody says why")
    explanation = told(fleet)
    assert not any("zkdeploy rollback" in each for each in explanation.next_steps), "to what?"
    does(fleet, explanation, "zkdeploy resume 0")
    fleet.until(reached(0, hosts=0))


def test_the_version_was_set_by_hand(fleet: Agents) -> None:
    fleet.start("h1")
    fleet.publish(1, tree("web", "h1"))
    fleet.until(reached(1))
    fleet.zk.properties("/hosts", watch=False).update(version=7)
    fleet.until(reached(7))

    names(told(fleet), "version 7 was set by hand", "no revision of it")
    advises(told(fleet), "zkdeploy sync --force", "zkdeploy tree set /hosts version=1")
    does(fleet, told(fleet), "zkdeploy tree set")
    fleet.until(reached(1))


def test_an_expected_host_never_came(fleet: Agents) -> None:
    fleet.start("h1")
    fleet.publish(1, tree("web", "h1", "h9"))
    fleet.until(reached(1))

    for explanation in (told(fleet), told(fleet, "h9")):
        names(explanation, "expects h9", "no host is registered", "never came up")
        advises(explanation, "zkdeploy agent", "zkdeploy sync")


def test_a_publisher_was_refused(fleet: Agents, tmp_path: Path) -> None:
    fleet.start("h1")
    fleet.publish(1, tree("web", "h1"))
    fleet.until(reached(1))
    refused = fleet.sync(2, "/app : web\n  version = '-x'\n  /deploy\n    /h1\n")
    assert refused.state is State.REFUSED
    fleet.until(lambda seen: seen.refusal)

    names(told(fleet), "publisher was refused", "tester@ops", "version 2", "/app", "-x")
    explanation = told(fleet)
    assert not any("rollback" in each for each in explanation.next_steps), "the fleet is fine"
    mended = site(tmp_path, tree("web", "h1") + "    /h2\n")
    does(fleet, explanation, "zkdeploy sync SOURCE", mended)
    fleet.until(lambda seen: seen.refusal is None and seen.settled)


def test_a_signature_is_refused(fleet: Agents, tmp_path: Path) -> None:
    generate(tmp_path / "fleet.key")
    public = (tmp_path / "fleet.key.pub").read_text()
    fleet.start("h1", files={"etc/fleet.pub": public}, public_keys="/etc/fleet.pub")
    fleet.publish(1, tree("web", "h1"))
    fleet.until(lambda seen: seen.stopped and seen.hosts and seen.hosts[0].error)

    for explanation in (told(fleet), told(fleet, "h1")):
        names(explanation, "h1", "failed", "not signed", "accepts signed revisions only")
        advises(explanation, "zkdeploy sync --force --sign KEY", "public-keys")
        advises(explanation, "zkdeploy rollback --reason TEXT --sign KEY")


def test_a_host_drifted(fleet: Agents) -> None:
    agent = fleet.start("h1", verify_interval="1")
    fleet.publish(1, tree("web", "h1"))
    fleet.until(reached(1))
    [deployed] = agent.host.root.glob("etc/web/*.deployed")
    deployed.unlink()
    fleet.until(lambda seen: state_of("h1")(seen) is HostState.DRIFTED)

    for explanation in (told(fleet), told(fleet, "h1")):
        names(explanation, "h1", "drifted", "/app")
        advises(explanation, "drift = repair", "zkdeploy sync")


def test_all_is_well(fleet: Agents) -> None:
    fleet.start("h1")
    fleet.publish(1, tree("web", "h1"))
    fleet.until(reached(1))

    explanation = told(fleet)
    names(explanation, "waits for nothing", "the one host that is registered reached version 1")
    assert not explanation.next_steps
    assert read_overview(fleet.zk).done == 1
