"""Following a rollout in the terminal."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import asdict

import click

from zc.zkdeployment.cli.output import print_json
from zc.zkdeployment.cli.status_format import progress
from zc.zkdeployment.cli.why import print_explanation
from zc.zkdeployment.explanations.rollouts import Rollout, Verdict, remaining_seconds
from zc.zkdeployment.explanations.stops import is_explained
from zc.zkdeployment.explanations.why import Explanation, explain_fleet
from zc.zkdeployment.lines import one_line
from zc.zkdeployment.moments import in_units
from zc.zkdeployment.views.overview import Overview
from zc.zkdeployment.watching import FleetWatch

#: The exit status where the time is up.
TIME_UP = 3

_PATIENCE = 3.0  # seconds until a host that stopped the fleet should have said why
_LOOK = 1.0  # seconds until it is seen that ZooKeeper is away, and that time passes


class Follower:
    """Looks at a fleet until a rollout is over, and tells a person how far it is.

    ``began`` and ``end`` are moments of :func:`time.monotonic`, ``end`` may be ``None``.
    """

    def __init__(
        self,
        fleet: FleetWatch,
        wanted: Rollout,
        began: float,
        end: float | None,
        *,
        quiet: bool,
    ) -> None:
        self._fleet = fleet
        self._wanted = wanted
        self._began = began
        self._end = end
        self._quiet = quiet
        self._first = wanted.done(fleet.current())
        self._finished: list[float] = []
        self._told = ""

    def run(self) -> tuple[Verdict, Overview]:
        """Follow; the verdict is ``RUNNING`` where the time is up."""
        seen = self._fleet.current()
        while True:
            verdict = self._wanted.judge(seen)
            self._note(seen)
            if verdict is Verdict.STOPPED:
                return verdict, self._with_reason(seen)
            if verdict is not Verdict.RUNNING or self._left() == 0:
                return verdict, seen
            seen = self._fleet.wait(seen, min(_LOOK, self._left())) or seen

    def _with_reason(self, seen: Overview) -> Overview:
        """Wait a little for who stopped the fleet: a host does that first, then it says why."""
        end = time.monotonic() + _PATIENCE
        while not is_explained(seen) and (left := end - time.monotonic()) > 0:
            seen = self._fleet.wait(seen, left) or seen
        return seen

    def _left(self) -> float:
        return _LOOK if self._end is None else max(0.0, self._end - time.monotonic())

    def _note(self, seen: Overview) -> None:
        now = time.monotonic() - self._began
        done = self._wanted.done(seen) - self._first
        self._finished = self._finished[: max(done, 0)]
        self._finished += [now] * (done - len(self._finished))
        left = self._wanted.total(seen) - self._wanted.done(seen)
        rest = remaining_seconds(tuple(self._finished), left, now)
        self._tell(progress(seen), f", about {in_units(rest)} left" if rest else "")

    def _tell(self, text: str, estimate: str) -> None:
        if self._quiet:
            return
        if (away := self._fleet.away) is not None:
            text, estimate = f"ZooKeeper does not answer since {away}", ""
        if sys.stdout.isatty():
            click.echo(f"\r\x1b[K{_fitting(text + estimate)}", nl=False)
        elif text != self._told:
            click.echo(f"{text}{estimate}")
        self._told = text

    def report(self, verdict: Verdict, seen: Overview, *, as_json: bool) -> int:
        """Tell how it ended; return the exit status."""
        missing = self._wanted.missing(seen)
        seconds = time.monotonic() - self._began
        why = None
        if verdict is not Verdict.DONE:
            why = _reason(verdict, self._wanted, seen, self._fleet.away)
        result = "timeout" if verdict is Verdict.RUNNING else verdict.value
        if as_json:
            print_json(
                {
                    "result": result,
                    "version": self._wanted.version,
                    "done": self._wanted.done(seen),
                    "hosts": len(seen.hosts),
                    "missing": missing,
                    "absent": seen.absent,
                    "seconds": round(seconds, 3),
                    "why": why and asdict(why),
                }
            )
        else:
            self._print_end(verdict, seen, missing, seconds, why)
        return {Verdict.DONE: 0, Verdict.RUNNING: TIME_UP}.get(verdict, 1)

    def _print_end(
        self,
        verdict: Verdict,
        seen: Overview,
        missing: tuple[str, ...],
        seconds: float,
        why: Explanation | None,
    ) -> None:
        if sys.stdout.isatty():
            click.echo()
        if why is None:
            hosts = len(seen.hosts)
            done = "1 host is done" if hosts == 1 else f"{hosts} hosts are done"
            click.echo(f"{self._wanted.version!r}: {done}, in {in_units(seconds)}")
            if seen.absent:
                click.echo(f"not waited for: {one_line(', '.join(seen.absent))}")
            return
        if verdict is Verdict.RUNNING:
            click.echo(f"the time is up after {in_units(seconds)}; the rollout goes on")
        if missing:
            click.echo(f"not registered: {one_line(', '.join(missing))}")
        print_explanation(why)


def _fitting(text: str) -> str:
    """Return a text for the one line of a terminal that is drawn again and again."""
    columns = shutil.get_terminal_size().columns - 1
    if len(text) > columns:
        text = text.rpartition("] ")[2]  # the numbers say more than the bar
    return text if len(text) <= columns else text[: columns - 1] + "…"


def _reason(verdict: Verdict, wanted: Rollout, seen: Overview, away: str | None) -> Explanation:
    if away is not None and verdict is Verdict.RUNNING:
        return Explanation(
            f"ZooKeeper does not answer since {away}, so nobody knows how the fleet is. When it"
            f" was seen last: {explain_fleet(seen).cause}",
            (),
            (f"see to ZooKeeper, then follow {wanted.version!r} again: zkdeploy rollout",),
        )
    if verdict is Verdict.SUPERSEDED:
        by = f", published by {seen.record.by}" if seen.record else ""
        return Explanation(
            f"The fleet left version {wanted.version!r}: it is to reach {seen.version!r}{by}.",
            (),
            ("follow that: zkdeploy rollout",),
        )
    return explain_fleet(seen)
