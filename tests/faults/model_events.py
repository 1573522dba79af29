"""What may be done to a model of a fleet: by persons, networks, servers and chance."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from tests.faults.model_fleet import Fleet
from tests.faults.model_oracle import stopped

from zc.zkdeployment.adapters.lock_state import see_locks
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.lock_control import break_lock

_LONG = 60.0  # seconds, more than any session lasts


def publish(fleet: Fleet) -> None:
    """Publish another version, as a publisher does: not where the fleet is stopped."""
    if fleet.version is not None:
        fleet.publish()


def resume(fleet: Fleet, *, anew: bool = False) -> None:
    """Have a person resume a fleet, with a new version or, unless ``anew``, one that there was."""
    if not stopped(fleet.version):
        return
    fleet.oracle.resuming = True
    if anew or fleet.live or not fleet.last or fleet.choose.random() < 0.6:
        fleet.publish()
    else:
        fleet.set_version(fleet.choose.randint(max(1, fleet.last - 1), fleet.last))
    fleet.oracle.resuming = False


def calm(fleet: Fleet) -> None:
    """Undo all that would keep the fleet from coming to rest."""
    _heal(fleet)
    for host in fleet.hosts:
        host.disk.doomed = 0
        if not host.process:
            host.start()
        if host.zk:
            host.zk.client.lagging = False
    fleet.say("all agents run, in one network")


def disturb(fleet: Fleet) -> None:
    """Do one thing to the fleet."""
    [event] = fleet.choose.choices(list(_EVENTS), list(_EVENTS.values()))
    event(fleet)


def _stop(fleet: Fleet) -> None:
    fleet.set_version(None)


def _hold(fleet: Fleet) -> None:
    if fleet.version is not None:
        fleet.set_version(False)


def _fail(fleet: Fleet) -> None:
    host = fleet.choose.choice(fleet.hosts)
    host.disk.doomed = 1
    fleet.say(f"the next script of {host.name} fails")
    if fleet.choose.random() < 0.6:
        publish(fleet)


def _kill(fleet: Fleet) -> None:
    if running := [host for host in fleet.hosts if host.process]:
        host = fleet.choose.choice(running)
        fleet.lingering.append(host.kill())
        fleet.say(f"the agent of {host.name} is killed")


def _restart(fleet: Fleet) -> None:
    if down := [host for host in fleet.hosts if not host.process]:
        host = fleet.choose.choice(down)
        host.start()
        fleet.say(f"the agent of {host.name} starts")


def _expire(fleet: Fleet) -> None:
    if zk := fleet.some_client():
        fleet.store.end_session(zk.client.session)
        fleet.say(f"the session of {fleet.owner(zk)} ends")


def _stand_still(fleet: Fleet) -> None:
    """Have an agent stand still until its session has ended, which it does not know."""
    if running := [host for host in fleet.hosts if host.process and host.zk]:
        host = fleet.choose.choice(running)
        assert host.process
        assert host.zk
        host.process.clock += _LONG
        fleet.store.end_session(host.zk.client.session)
        fleet.say(f"{host.name} stands still for {_LONG:g} s")


def _cut(fleet: Fleet) -> None:
    if zk := fleet.some_client():
        done = fleet.choose.choice(("before", "after"))
        zk.client.cut(done)
        fleet.say(f"{fleet.owner(zk)} loses its connection {done} a request is done")


def _partition(fleet: Fleet) -> None:
    if zk := fleet.some_client():
        zk.client.cut(fleet.choose.choice(("before", "after")))
        zk.client.reachable = False
        fleet.say(f"{fleet.owner(zk)} is cut off")


def _heal(fleet: Fleet) -> None:
    for host in fleet.hosts:
        if host.process and host.zk and not host.zk.client.reachable:
            host.zk.client.reachable = True
            fleet.say(f"{host.name} is not cut off any more")


def _lag(fleet: Fleet) -> None:
    if zk := fleet.some_client():
        zk.client.lagging = not zk.client.lagging
        fleet.say(f"the server of {fleet.owner(zk)} lags behind: {zk.client.lagging}")


def _break_lock(fleet: Fleet) -> None:
    """Have a person break a lock, where the product lets, or in spite of it."""
    held = [seen.state for seen in see_locks(fleet.operator) if seen.state.holders]
    if not held:
        return
    lock = fleet.choose.choice(held)
    holder = fleet.choose.choice(lock.holders)
    force = fleet.choose.random() < 0.6
    with contextlib.suppress(Refused):
        break_lock(fleet.operator, lock.path, "", "", "", host=holder.host, force=force)
        if lock.kind == "node":
            fleet.oracle.broken.add((lock.path, holder.number or 0))
        else:
            fleet.oracle.broken_roles.add(holder.host or "")
        fleet.say(f"the lock of {lock.path}, held by {holder.host}, is broken")


def _take_away(fleet: Fleet) -> None:
    host = fleet.choose.choice(fleet.hosts)
    if host.disk.software:
        name = fleet.choose.choice(sorted(host.disk.software))
        del host.disk.software[name]
        host.disk.tampered = True
        host.disk.orphans |= {each for each in host.disk.deployed if each[0] == name}
        fleet.say(f"{name} of {host.name} is removed by hand")


_EVENTS: Mapping[Callable[[Fleet], None], int] = {
    publish: 6,
    resume: 4,
    _stop: 2,
    _hold: 1,
    _fail: 5,
    _kill: 4,
    _restart: 3,
    _expire: 3,
    _stand_still: 2,
    _cut: 3,
    _partition: 2,
    _heal: 2,
    _lag: 1,
    _break_lock: 4,
    _take_away: 1,
}
