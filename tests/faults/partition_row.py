"""The row of hosts that are cut off from ZooKeeper at any step of a deployment."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass

from tests.faults.fleets import until
from tests.faults.partition_fleet import (
    INSTANCES,
    NODES,
    SESSION,
    Fleet,
    Host,
    partitionable_fleet,
    uptime,
)
from tests.faults.rows import Row, Setting

_HOSTS = 3
_MOMENTS = ("idle", "before a lock", "in a script", "between instances", "at the end")
_ENDING = 20.0  # seconds within which an agent that is told to end must end, cut off or not


@dataclass(frozen=True, slots=True)
class _Cut:
    """A cut, drawn beforehand, so that a seed draws the same ones again."""

    moment: str
    host: int
    inside: bool  # at which end of the cable
    after: float  # seconds between the moment and the cut
    lasting: float | None  # seconds; None: beyond the end of the session
    ending: bool  # the agent is told to end meanwhile

    @classmethod
    def drawn(cls, choose: random.Random, number: int) -> _Cut:
        late = number % 2 == 1
        return cls(
            moment=choose.choice(_MOMENTS),
            host=choose.randrange(_HOSTS),
            inside=choose.random() < 0.5,
            after=choose.random() * 0.1,
            lasting=None if late else choose.random() * SESSION,
            ending=late and choose.random() < 0.5,
        )


def partitions(setting: Setting) -> Row:
    """Cut hosts off from ZooKeeper at any step: nothing is begun there, nor stopped anywhere."""
    choose = random.Random(setting.seed)
    wanted = 2 if setting.short else 100
    violations: list[str] = []
    moments: Counter[str] = Counter()
    latest = longest = 0.0
    number = 0
    with partitionable_fleet(setting.directory, _HOSTS) as fleet:
        for number in range(1, wanted + 1):
            cut = _Cut.drawn(choose, number)
            moments[cut.moment] += 1
            trial = _Trial(fleet, cut, number)
            violations += [f"cut {number}, {cut}: {what}" for what in trial.run()]
            latest, longest = max(latest, trial.latest), max(longest, trial.ending)
            if trial.lost:
                break
            if number % 10 == 0:
                setting.say(f"{number} of {wanted} cuts")
        violations += fleet.overlaps()
        begun = sum(event.what == "begin" for event in fleet.events())
    note = (
        f"{', '.join(f'{count} {moment}' for moment, count in sorted(moments.items()))};"
        f" {begun} scripts, none later than {latest:.2f} s after a cut; of {SESSION:g} s"
        f" sessions; ended after {longest:.1f} s at most"
    )
    return Row("host cut off from ZooKeeper", number, "cuts", tuple(violations), note)


class _Trial:
    """One cut. ``lost`` tells that the fleet did not come back.

    ``latest`` is how many seconds after the cut a script still began there, ``ending`` how
    many it took the agent to end that was told to.
    """

    def __init__(self, fleet: Fleet, cut: _Cut, version: int) -> None:
        self._fleet = fleet
        self._cut = cut
        self._version = version
        self._host: Host = fleet.hosts[cut.host]
        self.lost = False
        self.latest = self.ending = 0.0

    def run(self) -> list[str]:
        """Cut, heal, wait for the fleet; return what must not be."""
        if self._cut.moment != "idle":
            self._fleet.set_version(self._version)
            # It does not come where the host was overtaken: then it is cut off at the end.
            until(self._moment_is_there, f"the moment {self._cut.moment}")
            _pause(self._cut.after)
        cut_at = uptime()
        self._host.network.cut(inside=self._cut.inside)
        try:
            if self._cut.moment == "idle":
                self._fleet.set_version(self._version)
            found = self._while_away()
        finally:
            healed_at = uptime()
            self._host.network.heal()
        if not self._host.runs():
            self._host.start()
        trouble = self._fleet.wait_for_version(self._version)
        self.lost = bool(trouble)
        return (
            found
            + ([f"not healed: {trouble}"] if trouble else [])
            + self._begun(cut_at, healed_at)
        )

    def _moment_is_there(self) -> bool:
        mine = Counter(
            event.what
            for event in self._fleet.events()
            if (event.host, event.version) == (self._host.name, str(self._version))
        )
        match self._cut.moment:
            case "before a lock":
                return f"Deploying version {self._version}\n" in self._host.log()
            case "in a script":
                return mine["begin"] > 0
            case "between instances":
                return mine["end"] > 0
            case _:
                return mine["end"] >= len(NODES) * INSTANCES

    def _while_away(self) -> list[str]:
        if self._cut.lasting is not None:
            _pause(self._cut.lasting)
            return []
        found = []
        until(lambda: not self._fleet.registered(self._host), "the session has ended")
        try:
            until(lambda: "without ZooKeeper since" in self._host.status(), "it is shown")
        except AssertionError:
            found.append(f"the status does not show it: {self._host.status()!r}")
        if self._cut.ending:
            start = time.monotonic()
            self._host.told_to_end()
            with contextlib.suppress(AssertionError):
                until(lambda: not self._host.runs(), "it has ended")
            self.ending = time.monotonic() - start
            if self.ending > _ENDING:
                found.append(f"told to end, the agent took {self.ending:.1f} s")
        return found

    def _begun(self, cut_at: float, healed_at: float) -> list[str]:
        """Return what was begun there when it could be known that it must not be."""
        found = []
        for event in self._fleet.events():
            if event.what == "begin" and event.host == self._host.name:
                after = event.at - cut_at
                if 0 < after < healed_at - cut_at:
                    self.latest = max(self.latest, after)
                    if after > SESSION:
                        found.append(f"{event.node} was begun {after:.2f} s after the cut")
        return found


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)
