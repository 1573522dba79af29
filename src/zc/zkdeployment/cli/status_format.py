"""How ``zkdeploy status`` shows a fleet, and one host: as text, and as data for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from enum import Enum
from typing import Any

from zc.zkdeployment.cli.output import one_line
from zc.zkdeployment.explanation import known_as, name_of
from zc.zkdeployment.fleet_diff import manifest_data
from zc.zkdeployment.model import Manifest, Version
from zc.zkdeployment.moments import in_units, seconds_between
from zc.zkdeployment.overview import HostState, HostView, Overview
from zc.zkdeployment.report import Report
from zc.zkdeployment.why import explain_fleet, explain_host

COLUMNS = ("State", "Host", "Role", "Version", "Doing", "For", "Error")

#: Hosts that are shown unless all are wanted; of a fleet that is not larger, all are.
MOST_ROWS = 40

_BAR = 30  # characters
_LONGEST = 100  # characters of a cell
_MOST_NAMES = 10

Table = tuple[str, Sequence[str], list[tuple[str, ...]]]


def as_data(value: Any) -> Any:
    """Return a dataclass as it is printed as JSON."""
    return asdict(value, dict_factory=_plain)


def _plain(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: v.value if isinstance(v, Enum) else v for name, v in items}


def fleet_data(overview: Overview) -> dict[str, Any]:
    """Return an overview as it is printed as JSON."""
    counts = {state.value: count for state, count in overview.counts().items()}
    return {
        **as_data(overview),
        "stopped": overview.stopped,
        "settled": overview.settled,
        "done": overview.done,
        "counts": counts,
    }


def host_data(overview: Overview, host: HostView, wanted: Sequence[Manifest]) -> dict[str, Any]:
    """Return all about one host as it is printed as JSON."""
    return {
        "at": overview.at,
        "goal": overview.goal,
        **as_data(host),
        "wanted": [manifest_data(manifest) for manifest in wanted],
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
    text = f"{_short(overview.version)}, set {age} ago"
    if overview.version is None:
        text = f"None: all stop, for {age}; the version was {_short(overview.goal)}"
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


def hosts_table(overview: Overview, *, all_hosts: bool) -> Table:
    """Return a table of hosts, problems first: of many, those that are not done."""
    hosts: Sequence[HostView] = overview.hosts
    if not all_hosts and len(hosts) > MOST_ROWS:
        hosts = [host for host in hosts if host.state is not HostState.CURRENT][:MOST_ROWS]
    rows = [_row(host, overview.at) for host in hosts]
    return "Hosts", COLUMNS, rows


def left_out(overview: Overview, *, all_hosts: bool) -> str | None:
    """Return the line that says how many hosts the table does not show."""
    shown = len(hosts_table(overview, all_hosts=all_hosts)[2])
    more = len(overview.hosts) - shown
    return f"{more} more hosts; --all shows them" if more else None


def _row(host: HostView, now: str) -> tuple[str, ...]:
    return (
        host.state.value,
        cell(name_of(host.identity)),
        cell(host.identity.role or ""),
        _short(host.version),
        cell(_doing(host)),
        in_units(passed) if (passed := seconds_between(host.since, now)) is not None else "",
        cell(host.error or ""),
    )


def _doing(host: HostView) -> str:
    if host.waits_for:
        return f"waits for {host.waits_for}"
    return host.step or ""


def host_facts(
    overview: Overview, host: HostView, wanted: Sequence[Manifest]
) -> Iterator[tuple[str, str]]:
    """Yield labels and what is said of one host."""
    yield "host", cell(known_as(host.identity.host_identifier, host.identity.host_name))
    if host.identity.role:
        yield "role", cell(host.identity.role)
    yield "version", f"{_short(host.version)}, wanted is {_short(overview.goal)}"
    yield "state", host.state.value
    yield "why", one_line(explain_host(overview, host).cause)
    if host.error:
        yield "error", one_line(host.error)
    software = {
        f"{each.software} {each.version or ''}".strip()
        for manifest in wanted
        for each in manifest.deployments
    }
    if software:
        yield "software", _names(sorted(software))
    if host.report:
        yield from _report(host.report)


def _report(report: Report) -> Iterator[tuple[str, str]]:
    if report.seconds is not None:
        yield "took", f"{report.seconds:.1f} s"
    if drift := report.drift:
        yield "verified", cell(drift.checked)
        for line in drift.found:
            yield "drift", one_line(line)
        for line in drift.repaired:
            yield "repaired", f"{cell(drift.repaired_at or '?')}: {one_line(line)}"


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


def _short(version: Version) -> str:
    return cell(f"{version!r:.{_LONGEST}}")


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    shown = ", ".join(cell(name) for name in names[:_MOST_NAMES])
    return shown + (f" and {more} more" if more > 0 else "")
