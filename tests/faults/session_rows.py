"""Rows about sessions: those that end while scripts run, and servers that die."""

from __future__ import annotations

import random

from tests.faults.fleets import running_fleet
from tests.faults.rows import Row, Setting

from zc.zkdeployment.lab.ensemble import Ensemble
from zc.zkdeployment.lab.zookeeper import Server

_HOSTS = 4


def session_expiries(setting: Setting) -> Row:
    """End sessions while scripts run under locks: never two hosts at one node."""
    choose = random.Random(setting.seed)
    wanted = 15 if setting.short else 1000
    expired = 0
    with (
        Server.start(setting.directory / "zookeeper") as server,
        running_fleet(setting.directory, server.connection_string, hosts=_HOSTS) as fleet,
    ):
        version = 0
        while expired < wanted:
            version += 1
            begun = fleet.begun()
            fleet.set_version(version)
            for _ in range(_HOSTS):
                begun += 1
                fleet.wait_for_scripts(begun)
                fleet.expire(choose.choice(fleet.agents))
                expired += 1
            fleet.wait_for_version(version)
            if version % 25 == 0:
                setting.say(f"{expired} of {wanted} sessions")
        violations = fleet.overlaps()
        if (found := fleet.zk.get_properties("/hosts")) != {"version": version}:
            violations.append(f"the fleet was stopped: {found}")
        begun = fleet.begun()
    note = f"{begun} scripts of {_HOSTS} hosts at one node"
    return Row("session ends while scripts run", expired, "expiries", tuple(violations), note)


def leader_kills(setting: Setting) -> Row:
    """Kill the leader of an ensemble of three while hosts deploy: no false stop."""
    choose = random.Random(setting.seed)
    wanted = 1 if setting.short else 100
    with (
        Ensemble.start(setting.directory / "zookeeper") as ensemble,
        running_fleet(
            setting.directory, ensemble.connection_string, hosts=2, nodes=("/a", "/b")
        ) as fleet,
    ):
        violations = []
        for version in range(1, wanted + 1):
            begun = fleet.begun()
            fleet.set_version(version)
            fleet.wait_for_scripts(begun + choose.randint(1, 4))
            leader = ensemble.leader()
            leader.kill()
            fleet.wait_for_version(version)
            leader.restart()
            if (found := fleet.zk.get_properties("/hosts")) != {"version": version}:
                violations.append(f"the fleet was stopped at version {version}: {found}")
                fleet.set_version(version)
            if version % 10 == 0:
                setting.say(f"{version} of {wanted} leaders")
        violations += fleet.overlaps()
    return Row("leader killed while hosts deploy", wanted, "kills", tuple(violations))
