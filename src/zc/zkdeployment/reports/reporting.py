"""From what an agent does to what it reports: each event gives the next account."""

from __future__ import annotations

from dataclasses import dataclass, replace

from zc.zkdeployment.errors import CommandFailed
from zc.zkdeployment.model import Version, same_version
from zc.zkdeployment.reports.installed_software import SoftwareSeen
from zc.zkdeployment.reports.report import (
    LONGEST_LINE,
    MOST_LINES,
    MOST_RESULTS,
    Activity,
    Drift,
    Failure,
    Report,
    Result,
)

#: Steps of a moment that say nothing once they are over.
_PASSING = frozenset({"deploying", "got deployments", "remove old deployments", "update software"})

_IN_WORK = frozenset({Activity.DEPLOYING, Activity.WAITING})


@dataclass(frozen=True, slots=True)
class Now:
    """A moment: ISO 8601 in UTC, and in seconds of a clock that only goes forward."""

    at: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Account:
    """A report, and when its deployment and its step began, in seconds of the clock."""

    report: Report
    began: float = 0.0
    step_began: float = 0.0

    @property
    def is_working(self) -> bool:
        """Whether a deployment is on its way."""
        return self.report.activity in _IN_WORK

    def begins(self, version: Version, now: Now) -> Account:
        """A deployment of a version begins. Drift that was found stays until it is reached."""
        report = Report(
            Activity.DEPLOYING,
            version,
            "deploying",
            since=now.at,
            began=now.at,
            drift=self.report.drift,
            software=self.report.software,
        )
        return Account(report, now.seconds, now.seconds)

    def step(self, words: str, now: Now) -> Account:
        """The next step begins; the one before succeeded."""
        return self._next(Activity.DEPLOYING, words, None, now)

    def waits(self, what: str, now: Now) -> Account:
        """The lock of a node or role is waited for; said again, nothing changes."""
        if self.report.waits_for == what:
            return self
        return self._next(Activity.WAITING, f"waiting for the lock of {what}", what, now)

    def reached(self, version: Version, now: Now) -> Account:
        """The deployment is done; what had drifted was deployed anew."""
        ended = self._end(Activity.IDLE, now, ok=True)
        return replace(ended, report=replace(ended.report, version=version, step=None, drift=None))

    def failed(self, error: BaseException, now: Now) -> Account:
        """The step that runs, or the whole deployment, failed."""
        return self._fail(Activity.FAILED, error, now)

    def unrepaired(self, error: BaseException, now: Now) -> Account:
        """Drift could not be repaired: the host is where it was, and idle again."""
        failed = self._fail(Activity.IDLE, error, now)
        return replace(failed, report=replace(failed.report, step=None))

    def abandoned(self, now: Now) -> Account:
        """The deployment was left, usually between two steps."""
        return self._end(Activity.ABANDONED, now, ok=True)

    def rests(self, version: Version, now: Now) -> Account:
        """There is nothing to do, or nothing any more, whatever was before."""
        report = self.report
        if report.activity is Activity.IDLE and same_version(report.version, version):
            return self
        ended = self._end(Activity.IDLE, now, ok=True) if self.is_working else self
        idle = replace(
            ended.report,
            activity=Activity.IDLE,
            version=version,
            step=None,
            since=now.at,
            waits_for=None,
            failure=None,
        )
        return replace(ended, report=idle)

    def verified(self, drift: Drift) -> Account:
        """What was deployed was looked at."""
        failure = self.report.failure if drift.found else None
        return replace(self, report=replace(self.report, drift=drift, failure=failure))

    def has(self, software: SoftwareSeen | None) -> Account:
        """It was looked at which software there is; ``None``: that cannot be known."""
        return replace(self, report=replace(self.report, software=software))

    def _fail(self, activity: Activity, error: BaseException, now: Now) -> Account:
        failure = Failure(self.report.step or "", str(error), now.at, output_of(error))
        ended = self._end(activity, now, ok=False)
        return replace(ended, report=replace(ended.report, failure=failure))

    def _next(self, activity: Activity, step: str, waits_for: str | None, now: Now) -> Account:
        report = replace(
            self.report,
            activity=activity,
            step=step,
            since=now.at,
            waits_for=waits_for,
            results=self._results(now, ok=True),
            failure=None,
        )
        return Account(report, self.began, now.seconds)

    def _end(self, activity: Activity, now: Now, *, ok: bool) -> Account:
        report = replace(
            self.report,
            activity=activity,
            since=now.at,
            seconds=round(now.seconds - self.began, 3),
            waits_for=None,
            results=self._results(now, ok=ok),
        )
        return Account(report, self.began, now.seconds)

    def _results(self, now: Now, *, ok: bool) -> tuple[Result, ...]:
        """Return the results, with that of the step that ends now."""
        report = self.report
        if not self.is_working or report.step is None or (ok and report.step in _PASSING):
            return report.results
        result = Result(report.step, ok, round(now.seconds - self.step_began, 3), now.at)
        return (*report.results[1 - MOST_RESULTS :], result)


def output_of(error: BaseException) -> tuple[str, ...]:
    """Return the last lines that a failing program printed, whatever its failure led to."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, CommandFailed):
        cause = cause.__cause__
    return last_lines(cause.output) if cause is not None else ()


def last_lines(text: str) -> tuple[str, ...]:
    """Return the last lines of an output, no longer than a report holds, without empty ends."""
    lines = text.strip("\n").split("\n")[-MOST_LINES:] if text.strip() else []
    return tuple(line[:LONGEST_LINE] for line in lines)
