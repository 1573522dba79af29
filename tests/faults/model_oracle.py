"""What must never happen in a fleet, watched from outside: by scripts and by what is written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from tests.faults.model_disk import CONTROLLER, Disk, Instance
from tests.faults.model_store import State, Store

from zc.zk import codec
from zc.zkdeployment.host.desired import gather
from zc.zkdeployment.model import Desired, Identity, Version
from zc.zkdeployment.tree.tree_parts import Tree


class Oracle:
    """Watches the scripts of all hosts, and ``/hosts``.

    ``trees`` are those of versions, in a ``live`` fleet only about.
    ``resuming`` says that a person resumes the fleet right now. ``broken`` are locks that a
    person broke, by node and number: what their holders then do is not held against anybody.
    """

    def __init__(self, store: Store, trees: Mapping[Version, Tree], *, live: bool) -> None:
        self.violations: list[str] = []
        self.resuming = False
        self.broken: set[tuple[str, int]] = set()
        self.broken_roles: set[str] = set()
        self.scripts = 0
        self.stops = 0
        self._trees = trees
        self._live = live
        self._store = store
        self._running: dict[str, dict[str, int]] = defaultdict(dict)  # by node: numbers by host
        self._highest: dict[str, tuple[str, int]] = {}
        self._failed: dict[str, tuple[str, int]] = {}
        self._after_break: Counter[tuple[str, int]] = Counter()  # scripts, by lock
        self._owing: set[str] = set()  # hosts that mean to stop the fleet, and have not yet
        self._since_stop: Counter[str] = Counter()  # scripts that hosts began
        self._out_of_service: set[str] = set()
        self._excused_stops: set[str] = set()  # of hosts for which something failed

    def script(
        self,
        host: Identity,
        seen: bytes,
        what: str,
        argv: tuple[str, ...],
        env: Mapping[str, str],
    ) -> None:
        """Take note of a script; ``seen`` is what its agent last read of ``/hosts``."""
        name = host.host_identifier
        told = f"{name}: {' '.join(argv)} of version {env.get('ZKDEPLOY_VERSION')}"
        if what in ("failed", "missing"):
            self._excused_stops.add(name)
        if what == "missing":
            return
        if argv[0].endswith("-deployments"):
            self._role_script(name, argv[0], what, told)
            return
        node, number = argv[-2], int(env.get("ZKDEPLOY_LOCK", 0))
        if what == "begin":
            self.scripts += 1
            if name not in self._out_of_service:
                self._check_stop(name, seen, told)
            self._check_wanted(host, argv, env, told)
            if number:
                self._begin(name, node, number, told)
        elif number and self._running[node].get(name) == number:
            del self._running[node][name]
            if what == "failed":
                self._failed[node] = name, number

    def wrote(self, session: int, hosts: Mapping[int, str]) -> None:
        """Look at what was written last; ``hosts`` are whose sessions are whose."""
        before, after = (hosts_of(state) for state in self._store.states[-2:])
        if before is after:
            return
        was, now = version_in(before), version_in(after)
        if stopped(was) != stopped(now):
            self._since_stop.clear()
        host = hosts.get(session)
        if host is not None:
            if now is not None:
                self.violations.append(f"{host} set the cluster version from {was!r} to {now!r}")
            elif host not in self._excused_stops:
                self.violations.append(f"{host} stopped the fleet, but nothing failed there")
            self.stops += 1
            self._owing.discard(host)
            self._failed = {node: by for node, by in self._failed.items() if by[0] != host}
        elif was is None and now is not None and not self.resuming:
            self.violations.append(f"a stop was lost: the version became {now!r}")

    def owes_stop(self, host: str) -> None:
        """Take note that a host wrote down that the fleet is to be stopped."""
        self._owing.add(host)

    def forgets_stop(self, host: str) -> None:
        """Take note that a host believes that it has stopped the fleet."""
        if host in self._owing:
            self.violations.append(f"{host} forgot to stop the fleet")

    def killed(self, host: str) -> None:
        """Take note of the end of an agent: nobody finishes what it began."""
        for running in self._running.values():
            running.pop(host, None)

    def finished(self, host: Identity, version: Version, disk: Disk) -> None:
        """Look at a host that claims to have reached a version."""
        if (
            not self._live
            and version in self._trees
            and (told := trouble(self._trees[version], host, disk))
        ):
            self.violations.append(f"{host.host_identifier} finished {version}, but {told}")

    def _check_stop(self, host: str, seen: bytes, told: str) -> None:
        """One script is what an agent had decided on just before a stop."""
        if stopped(version_in(seen)):
            self.violations.append(f"{told} began although its agent knew of a stop")
        elif stopped(version_in(hosts_of(self._store.now))):
            self._since_stop[host] += 1
            if self._since_stop[host] > 1:
                self.violations.append(f"{told} is the second one to begin since a stop")

    def _begin(self, host: str, node: str, number: int, told: str) -> None:
        allowed, running = self._allowed(node), self._running[node]
        others = {
            other: its
            for other, its in running.items()
            if other != host and not self._excused(node, number, its)
        }
        if len(others) >= allowed:
            self.violations.append(f"{told} began while {', '.join(others)} ran there")
        if (node, number) in self.broken:
            self._after_break[node, number] += 1
            if self._after_break[node, number] > 1:  # one is what was decided on just before
                self.violations.append(f"{told}: the second one to begin since a lock was broken")
        if allowed == 1:
            self._check_number(host, node, number, told)
        running[host] = number
        self._failed.pop(node, None)

    def _check_number(self, host: str, node: str, number: int, told: str) -> None:
        """Where one at a time works, whoever comes later has a greater number, and seen a stop."""
        other, its = self._failed.get(node, (host, 0))
        if other != host and not self._excused(node, number, its):
            self.violations.append(f"{told} began after {other} failed there, before the stop")
        other, highest = self._highest.get(node, ("", 0))
        if number < highest and not self._excused(node, number, highest):
            self.violations.append(f"{told}: lock {number} after {highest} of {other}")
        self._highest[node] = max((other, highest), (host, number), key=lambda each: each[1])

    def _allowed(self, node: str) -> int:
        """Return how many hosts may work on a node at once, by whatever version."""
        return max(int(tree.get(node, {}).get("max_parallel", 1)) for tree in self._trees.values())

    def _excused(self, node: str, *numbers: int) -> bool:
        return any((node, number) in self.broken for number in numbers)

    def _role_script(self, host: str, script: str, what: str, told: str) -> None:
        if script.endswith("starting-deployments") and what == "begin":
            others = self._out_of_service - {host} - self.broken_roles
            if others and host not in self.broken_roles:
                self.violations.append(f"{told} began with {', '.join(sorted(others))} away")
            self._out_of_service.add(host)
        elif script.endswith("ending-deployments") and what == "end":
            self._out_of_service.discard(host)
            self.broken_roles.discard(host)

    def _check_wanted(
        self, host: Identity, argv: tuple[str, ...], env: Mapping[str, str], told: str
    ) -> None:
        """Check a script against the tree of the version that it says it is for."""
        tree = next((t for v, t in self._trees.items() if str(v) == env["ZKDEPLOY_VERSION"]), None)
        if tree is not None:
            instance = argv[0].split("/")[2], argv[-2], int(argv[-1])
            if (instance in instances(gather(tree, host))) == ("-u" in argv):
                self.violations.append(f"{told} is not what that version wants")


def trouble(tree: Tree, host: Identity, disk: Disk) -> str:
    """Return in what a host is not as a tree wants it, but for orphans."""
    desired = gather(tree, host)
    software = {each.name: each.version for each in desired.software}
    if desired.controller:
        software[CONTROLLER] = desired.controller.version
    deployed = {key: by for key, by in disk.deployed.items() if key not in disk.orphans}
    for what, found, wanted in (
        ("software", disk.software, software),
        ("deployed", deployed, instances(desired)),
    ):
        if found != wanted:
            return f"{what} is {found}, not {wanted}"
    return ""


def instances(desired: Desired) -> dict[Instance, str | None]:
    """Return what is deployed where everything is, and of which version."""
    return {(d.app, d.path, d.n): d.version for d in desired.deployments}


def version_in(data: bytes) -> Version:
    version: Version = codec.decode(data).get("version")
    return version


def hosts_of(state: State) -> bytes:
    """Return what ``/hosts`` holds."""
    return state["/hosts"].data if "/hosts" in state else b""


def stopped(version: Version) -> bool:
    """Tell whether nothing may begin."""
    return version is None or version is False
