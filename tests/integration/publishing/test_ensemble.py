"""Publishing to a fleet whose ZooKeeper is an ensemble, which loses its leader meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from kazoo.exceptions import KazooException
from tests.integration.publishing.conftest import Root
from tests.support.host import running_host
from tests.support.publishing import (
    LIMIT,
    LIMITS,
    TERMS,
    Client,
    Release,
    Wanted,
    connected,
    wanted_now,
)
from tests.support.zookeeper import new_root

import zc.zk
from zc.zkdeployment.adapters.publisher_lock import LOCK
from zc.zkdeployment.lab.ensemble import Ensemble
from zc.zkdeployment.lab.packages import PackageRepository
from zc.zkdeployment.lab.repositories import GitRepository, SubversionRepository
from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.locations import parse_location
from zc.zkdeployment.sources import opened
from zc.zkdeployment.sync import State, sync

ONE = "/cust\n  /cms : web\n    version = '1.0.0'\n    /deploy\n      /host42\n"
TWO = f"{ONE.replace('1.0.0', '1.1.0')}/x : worker\n  version = '1.0'\n  /deploy\n    /host42\n"
LARGE = "".join(f"# {number:096}\n" for number in range(9000))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ensemble]:
    with Ensemble.start(tmp_path_factory.mktemp("ensemble")) as ensemble:
        yield ensemble


@pytest.fixture
def ensemble(servers: Ensemble) -> Ensemble:
    """All members run."""
    for server in servers.servers:
        if server.pid is None:
            server.restart(LIMIT)
    return servers


@pytest.fixture
def chroot(ensemble: Ensemble) -> str:
    """An empty root on the ensemble."""
    return new_root(ensemble.connection_string)


def seen_at_each(ensemble: Ensemble, chroot: str) -> list[tuple[Version, Wanted | None]]:
    """Return what hosts see at each member, once it has caught up."""
    views = []
    for server in ensemble.servers:
        with connected(Client(server.connection_string + chroot)) as zk:
            zk.client.sync("/")
            views.append(wanted_now(zk))
    return views


def test_hosts_see_what_git_holds_at_every_member(
    ensemble: Ensemble, chroot: str, first: Release, second: Release, tmp_path: Path
) -> None:
    """Tree files and what is laid over them, of one commit and then of another."""
    repository = GitRepository(tmp_path / "git")
    gone = dict.fromkeys(first.files.keys() - second.files.keys())
    location = parse_location(f"git://{repository.url}#main")
    with (
        connected(Client(ensemble.connection_string + chroot)) as zk,
        opened(location, work=tmp_path / "copy") as source,
    ):
        for release, files in ((first, first.files), (second, {**second.files, **gone})):
            commit = repository.commit(files)
            assert sync(zk, source, TERMS, LIMITS).state is State.PUBLISHED
            assert seen_at_each(ensemble, chroot) == [(commit, release.wanted)] * 3


def test_hosts_see_what_subversion_holds_at_every_member(
    ensemble: Ensemble, chroot: str, first: Release, tmp_path: Path
) -> None:
    repository = SubversionRepository(tmp_path / "svn")
    revision = repository.commit({**first.files})
    with (
        connected(Client(ensemble.connection_string + chroot)) as zk,
        opened(parse_location(repository.url)) as source,
    ):
        assert sync(zk, source, TERMS, LIMITS).state is State.PUBLISHED
        assert seen_at_each(ensemble, chroot) == [(revision, first.wanted)] * 3


@pytest.mark.parametrize("moment", ["objects", "live tree", "record"])
def test_the_leader_may_die_while_something_is_published(
    ensemble: Ensemble,
    chroot: str,
    root: Root,
    repository: PackageRepository,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    """It is published, or the publisher says that it was not, and the next one does it.

    Hosts take no harm: none stops the fleet, and none deploys anything else.
    """
    one = Release(tmp_path / "one", 2, {"tree.zk": ONE})
    two = Release(tmp_path / "two", 3, {"tree.zk": TWO, "large.zk": LARGE})
    with root() as (zk, _):
        one.publish(zk)
        before = zk.client.writes
        two.publish(zk)
        writes = zk.client.writes - before
    # After the fleet, the node of the lock and a place there; giving that back is the last.
    fatal = {"objects": 4, "live tree": writes - 2, "record": writes - 1}[moment]
    connection = ensemble.connection_string + chroot

    def kill_leader(number: int, _: int) -> None:
        if number == fatal:
            ensemble.leader().kill()

    with (
        connected(Client(connection)) as zk,
        running_host(tmp_path, zk, connection, repository, monkeypatch) as host,
    ):
        host.start()
        one.publish(zk)
        host.outcome(2)
        with connected(Client(connection, kill_leader)) as publisher:
            published = claims_to_publish(two, publisher)
        version = zk.get_properties("/hosts")["version"]
        assert version == 3 if published else version in (2, 3)
        complete(two, zk)
        assert host.outcome(3)[-1] == "INFO Done deploying version 3"
        assert host.deployed() == ["web/cust,cms.0.deployed", "worker/x.0.deployed"]
        assert not any("FAILED" in line or "ERROR" in line for line in host.log.lines)
        _, stat = zk.get("/hosts")
        assert stat.version == 2  # set by two publications, and by nobody else
        assert not zk.exists("/revisions/updating")


def claims_to_publish(release: Release, zk: zc.zk.ZK) -> bool:
    try:
        outcome = release.sync(zk)
    except KazooException:
        return False
    assert outcome.state is State.PUBLISHED
    return True


def complete(release: Release, zk: zc.zk.ZK) -> None:
    """Publish, unless that is done, when the place of the publisher before is gone."""
    for _ in range(3):
        changed = change_of_places(zk)
        outcome = release.sync(zk)
        if outcome.state is not State.LOCKED:
            break
        assert changed.wait(LIMIT)
    assert outcome.state in (State.PUBLISHED, State.CURRENT), outcome


def change_of_places(zk: zc.zk.ZK) -> threading.Event:
    """Return what is set as soon as a publisher comes or goes."""
    changed = threading.Event()
    zk.get_children(LOCK, lambda _: changed.set())
    return changed
