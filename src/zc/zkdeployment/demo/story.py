"""The story that the demo tells: hosts, software, and acts with what each must lead to.

All data; nothing here touches a fleet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from zc.zkdeployment.demo.fleet import Fleet, HostState
from zc.zkdeployment.model import Version, same_version

#: The cluster version before the first act: there is no tree yet.
NOTHING = 0

#: The node that is deployed on every host, so that its lock has to be waited for.
WEB = "/shop/web"


@dataclass(frozen=True, slots=True)
class Host:
    """A host by its identifier; one with a role is deployed to by that role alone."""

    name: str
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """A package to build; ``failure`` is what its zookeeper-deploy complains of, if it fails."""

    name: str
    version: str
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One change of the tree and what comes of it.

    ``look`` tells a person what to look at. ``version`` is the cluster version
    that the act publishes, or rolls ``back`` to; ``web`` and ``probe`` are the versions
    that its tree asks for. ``running`` is the version of web that every host must have in
    the end. ``fails`` says that the fleet must stop.
    """

    title: str
    look: str
    version: int
    web: str
    probe: str
    running: str
    fails: bool = False
    back: bool = False


HOSTS = (Host("host1"), Host("host2"), Host("host3", role="edge"))

PACKAGES = (
    Package("web", "1.0"),
    Package("web", "2.0"),
    Package("web", "3.0", failure="the database has schema 2, this release needs schema 3"),
    Package("web", "3.1"),
    Package("worker", "1.0"),
)

#: The version of report in its Subversion repository.
REPORT = "1.0"

#: Tags of the git repository that probe is checked out from.
PROBES = ("1.0", "2.0")

ACTS = (
    Act(
        "The first deployment",
        "The tree is published from its git repository, checked and whole. "
        "Every host installs what the tree wants on it, packages and checkouts. They do so side "
        f"by side, but {WEB} is deployed by one host at a time: look at its lock.",
        version=1,
        web="1.0",
        probe="1.0",
        running="1.0",
    ),
    Act(
        "An upgrade rolls through the fleet",
        "One property of the tree changes, and web goes from 1.0 to 2.0 everywhere, one host "
        "after the other: while one upgrades, two serve.",
        version=2,
        web="2.0",
        probe="1.0",
        running="2.0",
    ),
    Act(
        "A bad release stops the fleet",
        "The script of web 3.0 fails on the first host that runs it. That host sets the cluster "
        "version to None, and the others stop before they run it: they go on serving 2.0.",
        version=3,
        web="3.0",
        probe="1.0",
        running="2.0",
        fails=True,
    ),
    Act(
        "Back to what worked",
        "A person rolls back. Version 2 is kept in ZooKeeper, so no version control is needed, "
        "and hosts go there from wherever they are: web 3.0 leaves them again. Version 3 counts "
        "as bad now: nobody publishes it again by mistake.",
        version=2,
        web="2.0",
        probe="1.0",
        running="2.0",
        back=True,
    ),
    Act(
        "The fix",
        "A person publishes a fixed web 3.1, and all hosts move on. Probe moves along, to "
        "another tag of its git repository.",
        version=4,
        web="3.1",
        probe="2.0",
        running="3.1",
    ),
)

#: The file of its git repository that holds the tree.
TREE_FILE = "site.zk"

_TREE = """\
/defaults
  web-version = '{web}'
/shop
  /web : web
    version => /defaults web-version
    /deploy
      /host1
      /host2
      /edge
  /worker : worker
    version = '1.0'
    /deploy
      /host1
        n = 2
  /tools
    /report : report
      version = '{report_url}'
      /deploy
        /host2
    /probe : probe
      version = 'git://{probe_repository}#{probe}'
      /deploy
        /edge
"""


def title(act: Act) -> str:
    """Return number and title of an act."""
    return f"Act {ACTS.index(act) + 1} of {len(ACTS)}: {act.title}"


def tree(act: Act, report_url: str, probe_repository: str) -> str:
    """Return the tree that an act publishes.

    ``report_url`` is what svn checks out, ``probe_repository`` what git clones.
    """
    return _TREE.format(
        web=act.web,
        report_url=report_url,
        probe=act.probe,
        probe_repository=probe_repository,
    )


def missing(act: Act, fleet: Fleet) -> tuple[str, ...]:
    """Return what still differs from the end of an act, in words; nothing at its end."""
    return tuple(_missing(act, fleet))


def _missing(act: Act, fleet: Fleet) -> Iterator[str]:
    wanted: Version = None if act.fails else act.version
    if not same_version(fleet.version, wanted):
        yield f"the cluster version is {fleet.version}, not {wanted}"
    failed = [host for host in fleet.hosts if host.error]
    if act.fails and len(failed) != 1:
        yield f"{' and '.join(host.name for host in failed) or 'no host'} failed, not one"
    if not act.fails:
        yield from (f"{host.name} failed: {host.error}" for host in failed)
    for host in fleet.hosts:
        yield from _missing_on(act, host)
    for lock in fleet.locks:
        if lock.owners or lock.waiting:
            yield f"the lock of {lock.node} is not free"


def _missing_on(act: Act, host: HostState) -> Iterator[str]:
    if host.busy:
        yield f"{host.name} is busy: {host.status}"
    if not act.fails and not same_version(host.version, act.version):
        yield f"{host.name} is on version {host.version}, not on {act.version}"
    wanted = deployed(act, host.name)
    for instance in sorted(wanted.keys() | host.deployed):
        is_, should = host.deployed.get(instance), wanted.get(instance)
        if is_ != should:
            yield f"{host.name} has {is_} at {instance}, not {should}"


def deployed(act: Act, host: str) -> Mapping[str, str]:
    """Return what must be deployed on a host at the end of an act: ``PATH N`` → version."""
    others = {
        "host1": {"/shop/worker 0": "1.0", "/shop/worker 1": "1.0"},
        "host2": {"/shop/tools/report 0": REPORT},
        "host3": {"/shop/tools/probe 0": act.probe},
    }
    return {f"{WEB} 0": act.running} | others[host]


def outcome(act: Act, fleet: Fleet) -> str:
    """Return in a sentence what came of an act that ended as it should."""
    if not act.fails:
        went = "went back to" if act.back else "reached"
        return f"all hosts {went} version {act.version} and run web {act.running}"
    failed = next(host.name for host in fleet.hosts if host.error)
    return f"{failed} failed and stopped the fleet; web {act.running} is deployed everywhere"


def not_ready(fleet: Fleet) -> tuple[str, ...]:
    """Return which agents have not started and settled on version :data:`NOTHING` yet."""
    return tuple(
        f"{host.name} is not there or busy"
        for host in fleet.hosts
        if host.busy or not (host.registered and same_version(host.version, NOTHING))
    )
