"""How ``zkdeploy status`` shows a fleet, and one host: as text, and as data for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from zc.zkdeployment.explanations.explanation import known_as, name_of
from zc.zkdeployment.explanations.why import explain_fleet, explain_host
from zc.zkdeployment.lines import one_line
from zc.zkdeployment.model import Manifest, Version
from zc.zkdeployment.moments import in_units, seconds_between
from zc.zkdeployment.reports.report import Report
from zc.zkdeployment.revisions.fleet_diff import manifest_data
from zc.zkdeployment.views.overview import HostView, Overview
from zc.zkdeployment.views.software_views import SoftwareView, software_of

_BAR = 30  # characters
_LONGEST = 100  # characters of a cell
_MOST_NAMES = 10

Table = tuple[str, Sequence[str], list[tuple[str, ...]]]


def as_data(value: Any) -> Any:
    """Return a dataclass as it is printed as JSON."""
    return asdict(value, dict_factory=_plain)


def _plain(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: v.value if isinstance(v, Enum) else v for name, v in items}


def fleet_data(overview: Overview, away: str | None = None) -> dict[str, Any]:
    """Return an overview as it is printed as JSON; ``away``: since when ZooKeeper is."""
    counts = {state.value: count for state, count in overview.counts().items()}
    return {
        **as_data(overview),
        "stopped": overview.stopped,
        "settled": overview.settled,
        "done": overview.done,
        "counts": counts,
        "away": away,
    }


@dataclass(frozen=True, slots=True)
class Details:
    """A host, and what a published revision wants there; ``None`` where that is not known.

    ``trouble`` says why it cannot be read, ``away`` since when ZooKeeper does not answer.
    """

    host: HostView
    wanted: tuple[Manifest, ...] | None
    trouble: str | None = None
    away: str | None = None

    @property
    def software(self) -> tuple[SoftwareView, ...]:
        """What is installed beside what is wanted."""
        report = self.host.report
        return software_of(report.software if report else None, self.wanted)


def host_data(overview: Overview, details: Details) -> dict[str, Any]:
    """Return all about one host as it is printed as JSON."""
    return {
        "at": overview.at,
        "goal": overview.goal,
        **as_data(details.host),
        "wanted": [manifest_data(manifest) for manifest in details.wanted or ()],
        "software": [as_data(each) for each in details.software],
        "trouble": details.trouble,
        "away": details.away,
    }


def facts(overview: Overview) -> Iterator[tuple[str, str]]:
    """Yield labels and what is said of the whole fleet."""
    yield "version", _version(overview)
    if (record := overview.record) and overview.index:
        origin = record.origin
        commit = f" at {cell(origin.commit)}" if origin.commit else ""
        yield "source", f"{cell(origin.source)}{commit}"
        if origin.subject:
            yield "subject", cell(origin.subject)
    yield "hosts", progress(overview)
    if overview.absent:
        yield "absent", f"{len(overview.absent)}: {_names(overview.absent)}"
    if overview.gone:
        yield "gone", _names([name_of(host.identity) for host in overview.gone])
    yield "why", one_line(explain_fleet(overview).cause)


def _version(overview: Overview) -> str:
    if overview.index == 0:
        return "none: there is no fleet yet"
    age = in_units(seconds_between(overview.changed, overview.at))
    text = f"{short_version(overview.version)}, set {age} ago"
    if overview.version is None:
        text = f"None: all stop, for {age}; the version was {short_version(overview.goal)}"
    elif overview.record is None:
        return f"{text}, by hand: there is no revision of it"
    if overview.record:
        text += f", published {overview.record.at} by {cell(overview.record.by)}"
    return text


def progress(overview: Overview) -> str:
    """Return a bar of the hosts that are done, and how many are in which state."""
    count, done = len(overview.hosts), overview.done
    filled = _BAR * done // count if count else 0
    bar = "#" * filled + "-" * (_BAR - filled)
    states = [f"{number} {state.value}" for state, number in overview.counts().items() if number]
    return f"[{bar}] {done} of {count} done" + (f": {', '.join(states)}" if states else "")


def host_facts(overview: Overview, details: Details) -> Iterator[tuple[str, str]]:
    """Yield labels and what is said of one host."""
    host = details.host
    yield "host", cell(known_as(host.identity.host_identifier, host.identity.host_name))
    if host.identity.role:
        yield "role", cell(host.identity.role)
    yield "version", f"{short_version(host.version)}, wanted is {short_version(overview.goal)}"
    yield "state", host.state.value
    yield "why", one_line(explain_host(overview, host).cause)
    if host.error:
        yield "error", one_line(host.error)
    if details.trouble:
        yield "trouble", f"what is wanted cannot be read: {one_line(details.trouble)}"
    if host.report is None or host.report.software is None:
        yield "software", "what is installed is not known: its agent does not report it"
    if host.report:
        yield from _report(host.report)


def _report(report: Report) -> Iterator[tuple[str, str]]:
    if report.seconds is not None:
        yield "took", f"{report.seconds:.1f} s"
    if drift := report.drift:
        yield "verified", cell(drift.checked)
        for line in drift.found:
            yield "drift", one_line(line)
        if drift.unrepaired:
            yield "repair", f"failed: {one_line(drift.unrepaired)}"
        for line in drift.repaired:
            yield "repaired", f"{cell(drift.repaired_at or '?')}: {one_line(line)}"


def software_table(overview: Overview, details: Details) -> Table:
    """Return a table of what is installed on a host, beside what is wanted."""
    rows: list[tuple[str, ...]] = [
        (
            each.state.value,
            cell(each.name),
            cell(each.wanted or ""),
            cell(each.installed or ""),
            cell(each.commit or ""),
        )
        for each in details.software
    ]
    title = "Software"
    if (report := details.host.report) and (seen := report.software):
        passed = seconds_between(seen.at, overview.at)
        title += f", as it was {in_units(passed)} ago" if passed is not None else ""
        more = seen.total - len(seen.installed)
        title += f"; {more} more are installed" if more > 0 else ""
    return title, ("State", "Name", "Wanted", "Installed", "Commit"), rows


def deployments_table(wanted: Sequence[Manifest]) -> Table:
    """Return a table of what is wanted on a host."""
    rows: list[tuple[str, ...]] = [
        (
            cell(each.node),
            str(each.n),
            cell(each.software),
            cell(each.version or ""),
            cell(each.subtype or ""),
            cell(manifest.target),
        )
        for manifest in wanted
        for each in manifest.deployments
    ]
    return "Deployments", ("Node", "N", "Software", "Version", "Subtype", "As"), rows


def results_table(report: Report) -> Table:
    """Return a table of the last steps of a host."""
    rows: list[tuple[str, ...]] = [
        (cell(each.at), "done" if each.ok else "failed", f"{each.seconds:.1f} s", cell(each.step))
        for each in report.results
    ]
    return "Last steps", ("Ended", "", "Took", "Step"), rows


def output_lines(host: HostView) -> tuple[str, Sequence[str]]:
    """Return a title, and the last lines of the program that failed, or runs."""
    report = host.report
    if report is None:
        return "", ()
    if report.failure and report.failure.output:
        return f"Output of {one_line(report.failure.step)}, which failed:", report.failure.output
    return "Output:", report.output


def cell(text: str) -> str:
    """Return what others wrote for one cell of a table."""
    line = one_line(text)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def short_version(version: Version) -> str:
    """Return a version for one cell of a table."""
    return cell(f"{version!r:.{_LONGEST}}")


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    shown = ", ".join(cell(name) for name in names[:_MOST_NAMES])
    return shown + (f" and {more} more" if more > 0 else "")
