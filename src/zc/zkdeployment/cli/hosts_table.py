"""The hosts of a fleet as ``zkdeploy status`` shows them: problems first."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence

from zc.zkdeployment.cli.output import table_lines
from zc.zkdeployment.cli.status_format import Table, cell, short_version
from zc.zkdeployment.explanations.explanation import name_of
from zc.zkdeployment.lines import one_line
from zc.zkdeployment.moments import in_units, seconds_between
from zc.zkdeployment.views.overview import HostState, HostView, Overview

COLUMNS = ("State", "Host", "Role", "Version", "Doing", "For", "Error")

#: Hosts that are shown unless all are wanted; of a fleet that is not larger, all are.
MOST_ROWS = 40

_STATE = max(len(state.value) for state in HostState)
_LEAST = 20  # columns that a host has in any terminal
_BORDERS = 3  # columns that a table has between two cells, and at its sides


def hosts_lines(overview: Overview, *, all_hosts: bool) -> Sequence[str]:
    """Return the lines of a table of hosts, and how many more there are.

    In a terminal that is too narrow for it a host has a line or two instead, however much
    there is to say of it.
    """
    table = hosts_table(overview, all_hosts=all_hosts)
    title, columns, rows = table
    if not rows:
        return ()
    more = len(overview.hosts) - len(rows)
    rest = [f"{more} more hosts; --all shows them"] if more else []
    width = shutil.get_terminal_size().columns
    widest = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    if sys.stdout.isatty() and sum(widest) + _BORDERS * len(widest) + 1 > width:
        narrow = (line for row in rows for line in _narrow_lines(row, width))
        return [f"{title} (version, for how long):", *narrow, *rest]
    return [*table_lines(*table), *rest]


def _narrow_lines(row: Sequence[str], width: int) -> Iterator[str]:
    state, host, _, version, doing, passed, error = row
    rest = ", ".join(filter(None, (version, passed)))
    room = max(_LEAST, width - _STATE - len(rest) - 2 * len("  ") - 1)
    yield f"{state:<{_STATE}}  {_short_name(host, room)}  {rest}"
    if said := ": ".join(filter(None, (doing, error))):
        yield f"{'':{_STATE}}  {one_line(said, max(_LEAST, width - _STATE - len('  ') - 1))}"


def _short_name(host: str, longest: int) -> str:
    """Return the name of a host, of which the identifier stays whole as long as it can."""
    name, bracket, identifier = host.rpartition(" (")
    room = longest - len(bracket) - len(identifier)
    return one_line(host, longest) if room < 2 else f"{one_line(name, room)}{bracket}{identifier}"


def hosts_table(overview: Overview, *, all_hosts: bool) -> Table:
    """Return a table of hosts, problems first: of many, those that are not done."""
    hosts: Sequence[HostView] = overview.hosts
    if not all_hosts and len(hosts) > MOST_ROWS:
        hosts = [host for host in hosts if host.state is not HostState.CURRENT][:MOST_ROWS]
    rows = [_row(host, overview.at) for host in hosts]
    return "Hosts", COLUMNS, rows


def _row(host: HostView, now: str) -> tuple[str, ...]:
    return (
        host.state.value,
        cell(name_of(host.identity)),
        cell(host.identity.role or ""),
        short_version(host.version),
        cell(_doing(host)),
        in_units(passed) if (passed := seconds_between(host.since, now)) is not None else "",
        cell(host.error or ""),
    )


def _doing(host: HostView) -> str:
    if host.waits_for:
        return f"waits for {host.waits_for}"
    return host.step or ""
