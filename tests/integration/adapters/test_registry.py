"""What a host shows of itself, what it sees of the fleet, and how it stops it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from kazoo.protocol.states import ZnodeStat
from tests.support.sessions import end_session

import zc.zk
from zc.zkdeployment.adapters.registry import MAX_ERROR, Registry
from zc.zkdeployment.adapters.stop_intent import StopIntent
from zc.zkdeployment.errors import AnotherAgent, BadHost, Unreachable
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.model import Identity, Version

LIMIT = 20  # seconds until a test that waits has failed
SHORT = 2.0  # seconds of a session that a test lets expire

CACHE = Identity("4242", "host42", "cache")


class Host:
    """A host's registry with what it needs."""

    def __init__(self, connection: str, run: Path, identity: Identity, timeout: float) -> None:
        self.zk = zc.zk.ZK(connection, timeout)
        self.wakeup = Wakeup()
        self.intent = StopIntent(str(run))
        self.registry = Registry(self.zk, identity, self.wakeup, self.intent)

    def wait_for_version(self, version: Version) -> None:
        while True:
            seen = self.wakeup.count
            self.registry.look()
            if self.registry.version() == version:
                return
            self.wakeup.wait(seen, LIMIT)
            assert self.wakeup.count > seen


MakeHost = Callable[..., Host]


@pytest.fixture
def host(zk_connection: str, tmp_path: Path) -> Iterator[MakeHost]:
    with ExitStack() as stack:

        def make(
            identity: Identity = CACHE, connection: str = zk_connection, timeout: float = 10.0
        ) -> Host:
            made = Host(connection, tmp_path, identity, timeout)
            stack.callback(made.zk.close)
            return made

        yield make


@pytest.fixture
def hosts(zk: zc.zk.ZK) -> zc.zk.ZK:
    zk.import_tree("/hosts\n  version = 1\n")
    return zk


def test_a_host_shows_name_role_and_version_while_it_lives(
    hosts: zc.zk.ZK, host: MakeHost
) -> None:
    one = host()
    assert one.registry.register("7", 5) == "7"
    assert hosts.get_properties("/hosts/4242") == {
        "name": "host42",
        "role": "cache",
        "version": "7",
    }
    one.zk.close()
    assert hosts.get_children("/hosts") == []


def test_a_host_without_a_role_shows_none(hosts: zc.zk.ZK, host: MakeHost) -> None:
    host(Identity("1", "one")).registry.register(None, 5)
    assert hosts.get_properties("/hosts/1") == {"name": "one", "version": None}


def test_without_a_fleet_an_agent_says_what_to_do(zk: zc.zk.ZK, host: MakeHost) -> None:
    with pytest.raises(BadHost, match="there is no /hosts in ZooKeeper: import a tree"):
        host().registry.register(None, 5)


def test_a_node_of_an_agent_of_old_gives_its_version_and_becomes_ephemeral(
    hosts: zc.zk.ZK, host: MakeHost
) -> None:
    hosts.create("/hosts/4242", b'{"version": 3}')
    assert host().registry.register(2, 5) == 3
    assert hosts.is_ephemeral("/hosts/4242")
    assert hosts.get_properties("/hosts/4242")["version"] == 3


def test_a_second_agent_for_a_host_is_refused(hosts: zc.zk.ZK, host: MakeHost) -> None:
    host().registry.register(1, 5)
    with pytest.raises(AnotherAgent, match="Another agent is running"):
        host().registry.register(1, 0.2)


def test_an_agent_that_was_killed_does_not_keep_the_next_one_out(
    zk_connection: str, hosts: zc.zk.ZK, host: MakeHost
) -> None:
    """The session of a killed agent lives on for a while: the next agent waits it out."""
    code = (
        "import sys, zc.zk\n"
        f"zk = zc.zk.ZK({zk_connection!r}, {SHORT})\n"
        "zk.client.create('/hosts/4242', ephemeral=True)\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"ready\n"
        killed.kill()
    assert host().registry.register(2, LIMIT) == 2
    assert hosts.get_properties("/hosts/4242")["version"] == 2


def test_reports_change_only_what_they_name(hosts: zc.zk.ZK, host: MakeHost) -> None:
    registry = host().registry
    registry.register(1, 5)
    registry.report(version=2)
    registry.report(error=None)
    assert hosts.get_properties("/hosts/4242") == {"name": "host42", "role": "cache", "version": 2}


def test_nothing_is_written_where_nothing_changed(hosts: zc.zk.ZK, host: MakeHost) -> None:
    """A thousand agents that have nothing to say leave ZooKeeper in peace."""
    registry = host().registry
    registry.register(1, 5)
    before = hosts.get("/hosts/4242")[1].version
    registry.report(error=None)
    registry.report(version=1)
    registry.deliver()
    assert hosts.get("/hosts/4242")[1].version == before


def test_an_all_stop_shows_why_until_the_error_is_taken_away(
    hosts: zc.zk.ZK, host: MakeHost
) -> None:
    hosts.properties("/hosts", watch=False).update(kept="this")
    one = host()
    one.registry.register(1, 5)
    one.registry.watch()
    one.registry.all_stop("Command failed: /opt/x")
    assert one.registry.version() is None
    assert hosts.get_properties("/hosts") == {"version": None, "kept": "this"}
    assert hosts.get_properties("/hosts/4242")["error"] == "Command failed: /opt/x"
    one.registry.report(error=None)
    assert "error" not in hosts.get_properties("/hosts/4242")


def test_a_huge_error_is_shown_in_part(hosts: zc.zk.ZK, host: MakeHost) -> None:
    one = host()
    one.registry.register(1, 5)
    one.registry.all_stop("x" * 10_000_000)
    assert len(hosts.get_properties("/hosts/4242")["error"]) == MAX_ERROR + 2


def test_a_fleet_that_is_gone_needs_no_stop(hosts: zc.zk.ZK, host: MakeHost) -> None:
    one = host()
    one.registry.register(1, 5)
    hosts.delete_recursive("/hosts", force=True)
    one.registry.all_stop("bad")
    assert one.intent.error is None


def test_the_cluster_version_is_followed(hosts: zc.zk.ZK, host: MakeHost) -> None:
    one = host()
    one.registry.watch()
    assert one.registry.version() == 1
    properties = hosts.properties("/hosts", watch=False)
    for version in ("a", False, None, 2):
        properties.update(version=version)
        one.wait_for_version(version)
    hosts.delete("/hosts")
    one.wait_for_version(None)


def test_a_fleet_that_is_founded_later_is_noticed(zk: zc.zk.ZK, host: MakeHost) -> None:
    one = host()
    one.registry.watch()
    assert one.registry.version() is None
    zk.import_tree("/hosts\n  version = 1\n")
    one.wait_for_version(1)


def test_nothing_is_asked_where_nothing_changed(
    zookeeper_server: Server, hosts: zc.zk.ZK, host: MakeHost
) -> None:
    """The stop is looked for before every step: that must cost nothing."""
    one = host()
    one.registry.watch()
    before = zookeeper_server.received()
    for _ in range(1000):
        one.registry.look()
    assert zookeeper_server.received() - before < 100  # pings of all clients


def test_the_version_is_seen_anew_after_the_connection_was_lost(
    tmp_path: Path, host: MakeHost
) -> None:
    """A stop that was set while a host was cut off is seen as soon as it is back."""
    with Server.start(tmp_path / "server") as server:
        one = host(connection=server.connection_string)
        one.zk.import_tree("/hosts\n  version = 1\n")
        one.registry.watch()
        server.restart()
        with contextlib.closing(zc.zk.ZK(server.connection_string)) as other:
            other.properties("/hosts", watch=False).update(version=None)
        one.wait_for_version(None)
        one.zk.close()


def test_a_stop_that_zookeeper_did_not_get_is_delivered_by_the_next_agent(
    tmp_path: Path, host: MakeHost
) -> None:
    """ZooKeeper is away while an error is reported, and the agent is restarted: still a stop."""
    with Server.start(tmp_path / "server") as server:
        one = host(connection=server.connection_string, timeout=1.0)
        one.zk.import_tree("/hosts\n  version = 1\n")
        one.registry.register(1, 5)
        server.stop()
        one.registry.all_stop("bad")
        assert (tmp_path / "stop").exists()
        one.zk.close()
        with pytest.raises(Unreachable):
            one.registry.deliver()
        one.registry.report(version=9)  # later, too
        server.restart()
        two = host(connection=server.connection_string)
        assert two.intent.error == "bad"
        two.registry.register(1, LIMIT)
        two.registry.deliver()
        assert two.zk.get_properties("/hosts")["version"] is None
        assert two.zk.get_properties("/hosts/4242")["error"] == "bad"
        assert not (tmp_path / "stop").exists()
        two.zk.close()


def test_an_intent_that_cannot_be_read_is_still_one(tmp_path: Path) -> None:
    """Stopping a fleet for nothing is cheaper than not stopping it."""
    (tmp_path / "stop").write_bytes(b"\xff{")
    assert "cannot be read" in str(StopIntent(str(tmp_path)).error)


def test_an_intent_survives_a_full_disk_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    intent = StopIntent(str(tmp_path / "missing"))
    intent.keep("bad")
    assert intent.error == "bad"
    assert "Cannot keep the intent" in caplog.text


def test_a_host_is_back_after_its_session_expired(
    zk_connection: str, hosts: zc.zk.ZK, host: MakeHost
) -> None:
    """A host that was cut off shows itself again, with what it reached meanwhile."""
    one = host()
    one.registry.register(1, 5)
    one.registry.report(version=2)
    first = hosts.get("/hosts/4242")[1].czxid
    back = threading.Event()

    def look(_: bytes | None, stat: ZnodeStat | None) -> None:
        if stat is not None and stat.czxid != first:
            back.set()

    hosts.client.DataWatch("/hosts/4242", look)
    end_session(zk_connection, one.zk.client.client_id)
    assert back.wait(LIMIT)
    assert hosts.get_properties("/hosts/4242")["version"] == 2
    one.registry.report(version=3)
    assert hosts.get_properties("/hosts/4242")["version"] == 3


def test_a_stop_that_was_delivered_is_not_delivered_again(hosts: zc.zk.ZK, host: MakeHost) -> None:
    """Once a person has resumed the fleet, what is still to be shown must not stop it again."""
    one = host()
    one.registry.register(1, 5)
    one.registry.all_stop("bad")
    hosts.properties("/hosts", watch=False).update(version=2)
    one.registry.report(version=2)
    one.registry.deliver()
    assert hosts.get_properties("/hosts") == {"version": 2}


def test_the_hosts_of_the_fleet_are_known_by_all_that_they_are(
    zk: zc.zk.ZK, host: MakeHost
) -> None:
    zk.import_tree("/hosts\n  version = 1\n  order = 'strict'\n")
    one = host()
    one.registry.register(1, 0.0)
    zk.create("/hosts/55", b'{"name": "db1"}', ephemeral=True)
    one.registry.watch()
    assert one.registry.host_identifiers() == ["4242", "55"]
    assert one.registry.host_targets() == [
        frozenset({"4242", "host42", "cache"}),
        frozenset({"55", "db1"}),
    ]
    assert one.registry.keep_order()
    zk.properties("/hosts", watch=False).update(version=2, order=None)
    one.wait_for_version(2)
    assert not one.registry.keep_order()


def test_a_stop_keeps_what_somebody_sets_in_the_same_moment(
    zk: zc.zk.ZK, host: MakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    zk.import_tree("/hosts\n  version = 1\n")
    one = host()
    one.registry.register(1, 0.0)
    write = one.zk.client.set_async

    def interfere(path: str, *arguments: Any) -> Any:
        if path == "/hosts" and "order" not in zk.get_properties(path):
            zk.properties(path, watch=False).update(version=2, order="strict")
        return write(path, *arguments)

    monkeypatch.setattr(one.zk.client, "set_async", interfere)
    one.registry.all_stop("it failed")
    assert zk.get_properties("/hosts") == {"version": None, "order": "strict"}
