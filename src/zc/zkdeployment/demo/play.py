"""Plays the story on a stage, shows it, and checks that each act ends as it should."""

from __future__ import annotations

import time
from collections.abc import Callable

from zc.zkdeployment.demo import story
from zc.zkdeployment.demo.errors import DemoFailed
from zc.zkdeployment.demo.fleet import Fleet
from zc.zkdeployment.demo.stage import Stage
from zc.zkdeployment.demo.view import View

#: Seconds that an act may take beyond what its scripts take.
PATIENCE = 60.0

_SCRIPTS = 10  # more than run one after the other in any act
_BEFORE = 2.0  # paces that a person gets to read what an act is about
_AFTER = 3.0  # and to look at what came of it
_LOOK = 0.1  # seconds between two looks at the fleet

#: Says what still differs from what is waited for.
Missing = Callable[[Fleet], tuple[str, ...]]


class Play:
    """Plays on ``stage``, shown in ``view``. Scripts take ``pace`` seconds."""

    def __init__(
        self, stage: Stage, view: View, pace: float, *, patience: float = PATIENCE
    ) -> None:
        self._stage = stage
        self._view = view
        self._pace = pace
        self._patience = patience + _SCRIPTS * pace

    def run(self) -> None:
        """Play all acts; raises :exc:`DemoFailed` if one does not end as it should."""
        self.wait("The agents did not start", story.not_ready)
        for act in story.ACTS:
            self._act(act)

    def show(self, ended: Callable[[], bool]) -> None:
        """Show the fleet until ``ended`` says that it is enough."""
        while not ended():
            self._view.show(*self._stage.observer.look())
            time.sleep(_LOOK)

    def wait(self, complaint: str, missing: Missing, *, stops: bool = False) -> Fleet:
        """Show the fleet until nothing is missing; return how it then is.

        Raises :exc:`DemoFailed` with ``complaint`` if that takes too long, if an
        agent ends, or if the fleet is stopped, unless ``stops``.
        """
        deadline = time.monotonic() + self._patience
        while True:
            fleet, lines = self._stage.observer.look()
            self._view.show(fleet, lines)
            left = missing(fleet)
            if not left:
                return fleet
            if time.monotonic() >= deadline:
                self._fail(f"{complaint} within {self._patience:g} s", left)
            if fleet.version is None and not stops:
                self._fail(f"{complaint}: the fleet was stopped", left)
            if dead := [agent.host.name for agent in self._stage.agents if agent.pid is None]:
                self._fail(f"{complaint}: the agent of {' and '.join(dead)} ended", left)
            time.sleep(_LOOK)

    def _act(self, act: story.Act) -> None:
        changes = f"$ {self._stage.command(act)}\n{self._stage.changes(act)}"
        self._view.begin(story.title(act), act.look, changes)
        self._let_read(_BEFORE)
        start = time.monotonic()
        self._stage.publish(act)
        fleet = self.wait(
            f"{story.title(act)}: this did not end as it should",
            lambda fleet: story.missing(act, fleet),
            stops=act.fails,
        )
        self._view.end(story.outcome(act, fleet), time.monotonic() - start)
        self._let_read(_AFTER)

    def _let_read(self, paces: float) -> None:
        enough = time.monotonic() + paces * self._pace
        self.show(lambda: time.monotonic() >= enough)

    def _fail(self, complaint: str, left: tuple[str, ...]) -> None:
        reasons = "".join(f"\n  {reason}" for reason in left)
        logs = "".join(f"\n  {host.log}" for host in self._stage.hosts)
        raise DemoFailed(f"{complaint}:{reasons}\nThe agents' logs tell more:{logs}")
