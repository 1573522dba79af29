"""What must hold of a schedule of a fleet of processes, whatever happened in it."""

from __future__ import annotations

from collections import Counter

from tests.faults.schedule_fleet import Fleet
from tests.faults.schedule_host import Host

_LEFT = "Abandoning deployment because cluster version is "
_BEGUN = "Deploying version "
_SCRIPT = "/bin/zookeeper-deploy "


def overlaps(fleet: Fleet) -> list[str]:
    """Return where hosts worked on a node at a time, under its lock."""
    running: dict[str, Counter[str]] = {}
    found = []
    for script in fleet.scripts():
        if script.removal:
            continue
        hosts = running.setdefault(script.node, Counter())
        if script.what == "end":
            hosts[script.host] -= 1
            continue
        others = [host for host, count in hosts.items() if count > 0 and host != script.host]
        if others:
            found.append(f"{script.node}: {script.host} began while {others[0]} worked")
        hosts[script.host] += 1
    return found


def begun_in_spite(fleet: Fleet) -> list[str]:
    """Return where a host began more than one script while the fleet was stopped.

    One is what its agent had decided just before.
    """
    begun = [script for script in fleet.scripts() if script.what == "begin"]
    found = []
    for start, *end in fleet.stops:
        until = end[0] if end else fleet.set_at
        hosts = Counter(script.host for script in begun if start < script.at < until)
        found += [
            f"{host} began {count} scripts while the fleet was stopped for {until - start:.1f} s"
            for host, count in hosts.items()
            if count > 1
        ]
    return found


def begun_after_leaving(host: Host) -> list[str]:
    """Return where an agent ran a script of a version that it had left, as its log tells."""
    left = False
    found = []
    for line in host.log.splitlines():
        if _LEFT in line:
            left = True
        elif _BEGUN in line:
            left = False
        elif left and _SCRIPT in line and " INFO " in line:
            found.append(f"{host.name} had left the version, but then: {line}")
    return found


def differences(fleet: Fleet) -> list[str]:
    """Return in what a fleet that came to rest is not as its tree wants it."""
    found = []
    for host in fleet.hosts:
        packages, files = fleet.wanted(host)
        for what, there, wanted in (
            ("packages", host.packages(), packages),
            ("files", _seen(host), files),
        ):
            for name in sorted(there.keys() | wanted.keys()):
                if there.get(name) != wanted.get(name):
                    told = f"{there.get(name)!r}, not {wanted.get(name)!r}"
                    found.append(f"{what} of {host.name}: {name} is {told}")
        if (state := host.state()) != {"host_version": fleet.version}:
            found.append(f"{host.name} rests with {state}")
    locks = "/agent-locks"
    for name in fleet.zk.get_children(locks) if fleet.zk.exists(locks) else ():
        lock = f"{locks}/{name}"
        left = fleet.zk.get_properties(lock), fleet.zk.get_children(lock)
        if left != ({}, []):
            found.append(f"{lock} is left: {left}")
    return found


def _seen(host: Host) -> dict[str, str]:
    """Return the files that an agent can know of.

    Where somebody removed a package, nobody knows any more how to take its instances away.
    """
    there = host.packages()
    lost = {f"etc/{name}/" for name in host.emptied - there.keys()}
    return {
        name: text
        for name, text in host.configuration().items()
        if not name.startswith(tuple(lost))
    }
