"""Rows of ensembles: too few servers while hosts deploy, no leader while somebody publishes."""

from __future__ import annotations

import contextlib
import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from pathlib import Path

from kazoo.exceptions import KazooException
from kazoo.handlers.threading import KazooTimeoutError
from tests.faults.fleets import Fleet, running_fleet, until
from tests.faults.rows import Row, Setting
from tests.support.publishing import AtWrite, Client, Release, connected

import zc.zk
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.trees import Trees
from zc.zkdeployment.errors import Unreachable
from zc.zkdeployment.host.observe import read_desired
from zc.zkdeployment.lab.ensemble import Ensemble
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.model import Identity
from zc.zkdeployment.sync import State

_SHORT_SESSIONS = ("maxSessionTimeout=2000",)
_LONGEST = 7.0  # seconds without a majority: servers, and sessions, take less to give up
_HOSTS = 2
_NODES = 20  # of a release
_KEPT = "/kept"  # a node of all releases, or the software would go with the first one
_SIZE = 12_000  # characters of a property of each, so that a release takes several writes


def minority(setting: Setting) -> Row:
    """Leave one server of three while hosts deploy: no false stop, and all reach the version."""
    choose = random.Random(setting.seed)
    wanted = 1 if setting.short else 30
    longest = 2.0 if setting.short else _LONGEST
    ways: Counter[str] = Counter()
    violations: list[str] = []
    version = 0
    with (
        Ensemble.start(setting.directory / "zookeeper", settings=_SHORT_SESSIONS) as ensemble,
        running_fleet(
            setting.directory, ensemble.connection_string, hosts=3, nodes=("/a", "/b")
        ) as fleet,
    ):
        for version in range(1, wanted + 1):
            begun = fleet.begun()
            fleet.set_version(version)
            fleet.wait_for_scripts(begun + choose.randint(0, 5))
            gone = choose.sample(ensemble.servers, 2)
            way = choose.choice(("paused", "killed"))
            ways[way] += 1
            with _gone(gone, way):
                threading.Event().wait(choose.random() * longest)
            if trouble := _trouble(fleet, version):
                violations.append(f"outage {version}, {way}: {trouble}")
                break
            if version % 10 == 0:
                setting.say(f"{version} of {wanted} outages")
        violations += fleet.overlaps()
    note = ", ".join(f"servers {way} {count} times" for way, count in sorted(ways.items()))
    return Row("a minority of servers is left", version, "outages", tuple(violations), note)


@contextlib.contextmanager
def _gone(servers: Sequence[Server], way: str) -> Iterator[None]:
    for server in servers:
        if way == "paused":
            server.pause()
        else:
            server.kill()
    try:
        yield
    finally:
        for server in servers:
            if way == "paused":
                server.resume()
            else:
                server.launch()
        for server in servers:
            server.wait()


def _trouble(fleet: Fleet, version: int) -> str:
    """Wait until a fleet has reached a version, without a stop; return what is wrong if not."""
    try:
        fleet.wait_for_version(version)
    except AssertionError as error:
        return f"{error}: {fleet.zk.export_tree('/hosts', ephemeral=True)!r}"
    found = fleet.zk.get_properties("/hosts")
    return "" if found == {"version": version} else f"the fleet was stopped: {found}"


def publish_leader_kills(setting: Setting) -> Row:
    """Kill the leader while a version is published: hosts see the old tree or the new one."""
    choose = random.Random(setting.seed)
    wanted = 1 if setting.short else 50
    ran = setting.directory / "ran"
    ran.touch()
    violations: list[str] = []
    tries = 0
    with (
        Ensemble.start(setting.directory / "zookeeper", settings=_SHORT_SESSIONS) as ensemble,
        running_fleet(
            setting.directory,
            ensemble.connection_string,
            hosts=_HOSTS,
            nodes=(_KEPT,),
            body=f'echo "$ZKDEPLOY_VERSION $1 $TEST_ROOT" >>{ran}',
        ) as fleet,
    ):
        publication = _Publication(ensemble, fleet, setting.directory)
        writes = publication.publish(1, 0)
        violations += publication.trouble(1)
        for version in range(2, wanted + 2):
            if violations:
                break
            with _views(ensemble, version) as mixed:
                publication.publish(version, choose.randint(1, writes))
                violations += publication.trouble(version)
            violations += mixed
            publication.restore()
            if (version - 1) % 10 == 0:
                setting.say(f"{version - 1} of {wanted} kills")
        tries = publication.tries
    violations += _mixed(ran, wanted + 1)
    note = f"{tries} attempts to publish; {publication.kills} leaders killed within one"
    return Row(
        "leader killed while a version is published", wanted, "kills", tuple(violations), note
    )


class _Publication:
    """Publishes versions, each until it succeeds. ``tries`` and ``kills`` count."""

    def __init__(self, ensemble: Ensemble, fleet: Fleet, directory: Path) -> None:
        self._ensemble = ensemble
        self._fleet = fleet
        self._directory = directory
        self._killed: Server | None = None
        self.tries = self.kills = 0

    def publish(self, version: int, fatal: int) -> int:
        """Publish; the leader is killed at the write ``fatal``. Return how many there were."""
        release = _release(self._directory, version)
        writes = 0

        def at_write(number: int, _: int) -> None:
            nonlocal writes
            writes = number
            if number == fatal and self._killed is None:
                self._killed = self._ensemble.leader()
                self._killed.kill()
                self.kills += 1

        until(lambda: self._try(release, at_write), f"version {version} is published")
        return writes

    def _try(self, release: Release, at_write: AtWrite) -> bool:
        self.tries += 1
        try:
            with connected(Client(self._ensemble.connection_string, at_write)) as publisher:
                outcome = release.sync(publisher)
        except (KazooException, KazooTimeoutError):
            return False
        return outcome.state in (State.PUBLISHED, State.CURRENT)

    def restore(self) -> None:
        """Start the server again that was killed."""
        if self._killed is not None:
            self._killed.restart()
            self._killed = None

    def trouble(self, version: int) -> list[str]:
        found = _trouble(self._fleet, version)
        return [f"version {version}: {found}"] if found else []


def _release(directory: Path, version: int) -> Release:
    hosts = "".join(f"    /h{number}\n" for number in range(_HOSTS))
    text = "".join(
        f"{node} : app-1\n  filling = '{version:0{_SIZE}}'\n  /deploy\n{hosts}"
        for node in sorted(_nodes(version))
    )
    return Release(directory / f"release-{version}", version, {"tree.zk": text})


def _nodes(version: int) -> frozenset[str]:
    return frozenset(f"/v{version}-{number:02}" for number in range(_NODES)) | {_KEPT}


@contextlib.contextmanager
def _views(ensemble: Ensemble, version: int) -> Iterator[list[str]]:
    """Look, again and again, at what a host is to do; provide what is neither old nor new."""
    mixed: list[str] = []
    done = threading.Event()

    def look() -> None:
        with contextlib.closing(zc.zk.ZK(ensemble.connection_string)) as zk:
            trees = Trees(Requests(zk), None)
            while not done.is_set():
                try:
                    found = zk.get_properties("/hosts").get("version")
                    desired = read_desired(trees, Identity("h0", "h0"), found)
                except (KazooException, Unreachable):
                    continue
                paths = frozenset(deployment.path for deployment in desired.deployments)
                if found not in (version - 1, version) or paths != _nodes(found):
                    mixed.append(f"at version {found} a host saw {sorted(paths)}")
                    return

    thread = threading.Thread(target=look, name="views")
    thread.start()
    try:
        yield mixed
    finally:
        done.set()
        thread.join()


def _mixed(ran: Path, last: int) -> list[str]:
    """Return which hosts did anything but all of each version, and of each only its own."""
    done: dict[tuple[str, str], set[str]] = {}
    for line in ran.read_text().splitlines():
        version, node, host = line.split(" ")
        done.setdefault((host, version), set()).add(node)
    wanted: dict[str, Set[str]] = {str(version): _nodes(version) for version in range(1, last + 1)}
    found = [
        f"{host} at version {version}: {sorted(nodes)}"
        for (host, version), nodes in done.items()
        if version != "0" and nodes != wanted.get(version)
    ]
    if len(done) != _HOSTS * (last + 1):
        found.append(f"{len(done)} deployments of {_HOSTS} hosts, {last} versions")
    return found
