"""What may be done to a fleet of processes: by persons, servers and chance."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from tests.faults.fleets import until
from tests.faults.schedule_fleet import SOFTWARE, Fleet
from tests.faults.schedule_host import Host

from zc.zkdeployment.fleet_control import stop_fleet

_FROZEN = 2.0  # seconds, more than a session lasts without its client

#: Does something; returns what must not be but is.
Action = Callable[[Fleet], list[str]]


def pass_time(seconds: float) -> None:
    """Let a fleet go on."""
    threading.Event().wait(seconds)


def calm(fleet: Fleet) -> None:
    """Undo all that would keep hosts from doing what they are to do."""
    for host in fleet.hosts:
        host.thaw()
        host.free()
        host.fail_no_more()
        host.reinstall()
        host.start()
    fleet.say("all agents run")


def publish(fleet: Fleet) -> list[str]:
    fleet.publish()
    return []


def resume(fleet: Fleet) -> list[str]:
    if fleet.stopped:
        fleet.publish(resume=True)
    return []


def stop(fleet: Fleet) -> list[str]:
    stop_fleet(fleet.zk, "a schedule says so")
    fleet.say("stopped")
    pass_time(fleet.choose.choice((0.1, 0.5, 2.0)))
    return []


def hold(fleet: Fleet) -> list[str]:
    fleet.hold()
    return []


def kill(fleet: Fleet) -> list[str]:
    host = _some(fleet)
    host.kill()
    fleet.say(f"the agent of {host.name} is killed")
    return []


def kill_and_start(fleet: Fleet) -> list[str]:
    host = _some(fleet)
    host.kill()
    host.start()
    fleet.say(f"the agent of {host.name} is killed and started again")
    return []


def start(fleet: Fleet) -> list[str]:
    for host in fleet.hosts:
        if not host.runs:
            host.start()
            fleet.say(f"the agent of {host.name} is started")
    return []


def freeze(fleet: Fleet) -> list[str]:
    """Stop an agent for longer than its session lasts; it may miss something."""
    host = _some(fleet)
    host.freeze()
    fleet.say(f"the agent of {host.name} stands still")
    pass_time(0.5)
    found = fleet.choose.choice((publish, resume, stop, hold))(fleet)
    pass_time(_FROZEN)
    host.thaw()
    fleet.say(f"the agent of {host.name} goes on")
    return found


def remove_package(fleet: Fleet) -> list[str]:
    host, name = _some(fleet), fleet.choose.choice(SOFTWARE)
    if name in host.packages():
        host.remove_package(name)
        fleet.say(f"{name} of {host.name} is removed by hand")
    return []


def delete_script(fleet: Fleet) -> list[str]:
    host, name = _some(fleet), fleet.choose.choice(SOFTWARE)
    if name in host.packages():
        host.delete_script(name)
        fleet.say(f"the script of {name} of {host.name} is deleted")
    return []


def fail_once(fleet: Fleet) -> list[str]:
    host = _some(fleet)
    host.fail_once()
    fleet.say(f"the next script of {host.name} fails")
    return []


def restart_server(fleet: Fleet) -> list[str]:
    fleet.server.kill()
    pass_time(fleet.choose.choice((0.1, 1.0)))
    fleet.server.restart()
    fleet.say("ZooKeeper was killed and started again")
    until(lambda: fleet.zk.client.connected, "a person is connected again")
    return []


def fill_disk(fleet: Fleet) -> list[str]:
    """Have a host deploy without space on its disk: it fails, says so, and spoils nothing."""
    host = fleet.hosts[0]
    if not host.small or fleet.stopped:
        return []
    host.start()
    until(lambda: fleet.registered(host), f"{host.name} is registered")
    before = host.state()
    host.fill()
    fleet.say(f"the disk of {host.name} is full")
    if not fleet.publish():
        return []
    until(fleet.reached, "the fleet is stopped by the host whose disk is full")
    until(lambda: fleet.errors() or not fleet.stopped, "a host says why it stopped the fleet")
    errors = fleet.errors()
    found = [] if host.state().keys() >= before.keys() else [f"{before} became {host.state()}"]
    if not fleet.stopped:
        found.append("a host without space on its disk reached a version")
    if "No space left" not in errors and "Command failed" not in errors:
        found.append(f"nobody says what is wrong: {errors!r}")
    return found


def free_disk(fleet: Fleet) -> list[str]:
    fleet.hosts[0].free()
    return []


def _some(fleet: Fleet) -> Host:
    return fleet.choose.choice(fleet.hosts)


ACTIONS: Mapping[Action, int] = {
    publish: 6,
    resume: 4,
    stop: 2,
    hold: 1,
    kill: 2,
    kill_and_start: 3,
    start: 2,
    freeze: 2,
    remove_package: 1,
    delete_script: 1,
    fail_once: 2,
    restart_server: 1,
    fill_disk: 3,
    free_disk: 1,
}
