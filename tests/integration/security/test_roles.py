"""Who may do what: agents, publishers and readers with their own credentials."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kazoo.exceptions import NoAuthError
from kazoo.security import OPEN_ACL_UNSAFE
from tests.support.host import IDENTIFIER, Host, running_host
from tests.support.publishing import LIMIT, TERMS, Release
from tests.support.security import POLICY, Guarded
from tests.support.sessions import expire

import zc.zk
from zc.zkdeployment.access_control import deviations
from zc.zkdeployment.adapters.revisions import NOTIFY, record_path
from zc.zkdeployment.agent import Agent
from zc.zkdeployment.connection import connect
from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.fleet_control import resume_fleet, stop_fleet
from zc.zkdeployment.follow import notify
from zc.zkdeployment.lab.packages import PackageRepository
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.rollback import rollback

LOCK = "/agent-locks/cust,cms"

TREE = """\
/cust
  /cms : web
    version = '1.0.0'
    /deploy
      /{target}
/roles
  /cache : controller
    version = '1.0'
/role-locks
  /cache
"""
CRANKY = "/cust\n  /cms : cranky\n    version = '1.0'\n    /deploy\n      /cache\n"


@pytest.fixture
def fleet_host(
    guarded: Guarded,
    repository: PackageRepository,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Host]:
    """A host of a guarded fleet; its ``zk`` is that of a publisher."""
    with (
        guarded.as_("publisher") as zk,
        running_host(tmp_path, zk, guarded.connection, repository, monkeypatch) as host,
    ):
        yield host


def agent_on(host: Host, guarded: Guarded, who: str = "agent", role: str | None = None) -> Agent:
    security = guarded.settings(who)
    agent = Agent(settings=replace(host.settings(), security=security, role=role))
    host.agents.callback(agent.close)
    return agent


def publish(host: Host, directory: Path, version: int, text: str) -> list[str]:
    """Publish; return what the host logged until it had dealt with that."""
    start = len(host.log.lines)
    Release(directory / str(version), version, {"t.zk": text}).publish(host.zk)
    return host.outcome(version, start)


def forbidden(action: Callable[[], object]) -> None:
    with pytest.raises(NoAuthError):
        action()


@pytest.mark.parametrize(("target", "role"), [("host42", None), ("cache", "cache")])
def test_an_agent_deploys_what_a_publisher_published(
    guarded: Guarded, fleet_host: Host, tmp_path: Path, target: str, role: str | None
) -> None:
    """It needs its own node, node locks, the queue of its role, and to read the rest."""
    agent = agent_on(fleet_host, guarded, role=role)
    lines = publish(fleet_host, tmp_path / "releases", 2, TREE.format(target=target))
    assert lines[-1] == "INFO Done deploying version 2"
    assert fleet_host.node["version"] == 2
    assert fleet_host.deployed() == ["web/cust,cms.0.deployed"]
    with guarded.as_("admin") as zk:
        assert deviations(zk, POLICY) == []
    agent.close()


def test_an_agent_whose_deployment_failed_stops_the_fleet(
    guarded: Guarded, fleet_host: Host, tmp_path: Path
) -> None:
    agent_on(fleet_host, guarded, role="cache")
    text = TREE.format(target="cache").split("/roles")[1]
    publish(fleet_host, tmp_path / "releases", 2, f"{CRANKY}/roles{text}")
    assert fleet_host.zk.get_properties("/hosts")["version"] is None
    assert "cranky" in str(fleet_host.node["error"])
    with guarded.as_("admin") as zk:
        assert deviations(zk, POLICY) == []


def test_an_agent_waits_in_line_for_another_one(
    guarded: Guarded, fleet_host: Host, tmp_path: Path
) -> None:
    queued = threading.Event()
    with guarded.as_("admin") as admin:
        admin.create(LOCK, zc.zk.encode({"owners": [{"host": "another"}]}))
        in_line = admin.children(LOCK)
        in_line(lambda names: queued.set() if list(names) else None)
        agent_on(fleet_host, guarded)
        start = len(fleet_host.log.lines)
        release = Release(tmp_path / "r", 2, {"t.zk": TREE.format(target="host42")})
        release.publish(fleet_host.zk)
        assert queued.wait(LIMIT)
        assert deviations(admin, POLICY) == []
        admin.set(LOCK, zc.zk.encode({}))
        assert fleet_host.outcome(2, start)[-1] == "INFO Done deploying version 2"


def test_the_node_of_a_host_comes_back_with_its_acl(guarded: Guarded, fleet_host: Host) -> None:
    """After a lost session it would be open to everybody."""
    agent = agent_on(fleet_host, guarded)
    with guarded.as_("admin") as admin:
        hosts = admin.children("/hosts")
        seen: queue.SimpleQueue[int] = queue.SimpleQueue()

        def look(_: object) -> None:
            stat = admin.client.exists(f"/hosts/{IDENTIFIER}")
            if stat:
                seen.put(stat.ephemeralOwner)

        hosts(look)
        before = seen.get(timeout=LIMIT)
        expire(guarded.connection, agent.zk)
        while seen.get(timeout=LIMIT) == before:
            pass
        assert deviations(admin, POLICY) == []


@pytest.fixture
def published(guarded: Guarded, tmp_path: Path) -> Guarded:
    """A guarded fleet with two revisions."""
    with guarded.as_("publisher") as zk:
        for version in (1, 2):
            text = TREE.format(target=f"host{version}")
            Release(tmp_path / f"r{version}", version, {"t.zk": text}).publish(zk)
    return guarded


@pytest.mark.parametrize("who", ["agent", "reader"])
def test_nobody_but_a_publisher_publishes(published: Guarded, tmp_path: Path, who: str) -> None:
    """Whoever has one host would have root on all the others."""
    release = Release(tmp_path / "theirs", 3, {"t.zk": "/a : web\n  version = '1'\n"})
    with published.as_(who) as zk:
        forbidden(lambda: release.sync(zk, limits=Limits(force=True, removals=1000)))
        for write in (
            lambda: zk.create("/new"),
            lambda: zk.import_tree("/cust\n  /cms : evil\n", trim=False),
            lambda: zk.delete("/cust/cms/deploy", recursive=True),
            lambda: zk.set(record_path(2), b""),
            lambda: zk.set("/revisions", b""),
            lambda: zk.delete(record_path(1)),
            lambda: zk.create("/revisions/objects/x"),
            lambda: zk.create("/roles/evil"),
            lambda: zk.create("/hosts-lock/me", ephemeral=True),
            lambda: zk.create("/revisions/updating"),
            lambda: zk.client.set_acls("/cust", OPEN_ACL_UNSAFE),
        ):
            forbidden(write)
    with published.as_("admin") as zk:
        assert deviations(zk, POLICY) == []
        assert zk.get_properties("/cust/cms")["type"] == "web"


def test_a_reader_reads_all_and_writes_nothing(published: Guarded) -> None:
    with published.as_("reader") as zk:
        assert zk.read_tree("/")["/hosts"] == {"version": 2}
        for write in (
            lambda: stop_fleet(zk),
            lambda: zk.create("/hosts/h", ephemeral=True),
            lambda: zk.create("/agent-locks/x"),
            lambda: zk.create("/role-locks/cache/lr-", sequence=True),
            lambda: notify(zk),
        ):
            forbidden(write)


def test_without_a_password_nothing_is_read(published: Guarded) -> None:
    with published.as_(None) as zk:
        forbidden(lambda: zk.read_tree("/"))


def test_a_publisher_stops_resumes_rolls_back_and_notifies(published: Guarded) -> None:
    with published.as_("publisher") as zk:
        stop_fleet(zk, "why not")
        resume_fleet(zk)
        notify(zk)
        assert zk.exists(NOTIFY)
        rolled = rollback(zk, None, replace(TERMS, reason="bad"), Limits(removals=1000))
        assert rolled.version == 1
    with published.as_("admin") as zk:
        assert deviations(zk, POLICY) == []


def test_a_publisher_does_not_change_who_may_do_what(published: Guarded) -> None:
    with published.as_("agent") as zk:
        zk.create(LOCK)
    with published.as_("publisher") as zk:
        forbidden(lambda: zk.client.set_acls("/hosts", OPEN_ACL_UNSAFE))
        forbidden(lambda: zk.set(LOCK, b""))


def test_an_import_resets_no_acl(published: Guarded, tmp_path: Path) -> None:
    """Whatever an admin gave to an application would be gone with the next commit."""
    with published.as_("admin") as admin:
        before, _ = admin.client.get_acls("/cust/cms")
        own = [*before, *OPEN_ACL_UNSAFE]
        admin.client.set_acls("/cust/cms", own)
        with published.as_("publisher") as zk:
            text = TREE.format(target="host3").replace("1.0.0", "1.1.0")
            Release(tmp_path / "r3", 3, {"t.zk": text}).publish(zk)
            zk.import_tree("/cust\n  /cms : other\n", trim=True)
        assert admin.get_properties("/cust/cms")["type"] == "other"
        assert set(admin.client.get_acls("/cust/cms")[0]) == set(own)


@pytest.mark.parametrize("wait", [False, True])
def test_a_wrong_password_is_one_error_at_once(published: Guarded, wait: bool) -> None:
    """ZooKeeper takes any password, and refuses each request later."""
    wrong = replace(published.settings("agent"), digest="agent:not-that-one")
    with pytest.raises(BadConfiguration) as caught:
        connect(wrong, wait=wait)
    assert str(caught.value).startswith("ZooKeeper does not let digest user 'agent' read /: ")
    assert "not-that-one" not in str(caught.value)


def test_credentials_are_no_obstacle_where_nothing_is_guarded(unguarded: Guarded) -> None:
    with contextlib.closing(connect(replace(unguarded.settings("agent"), policy=None))) as zk:
        zk.create("/open")
        assert zk.client.get_acls("/open")[0] == OPEN_ACL_UNSAFE
