"""``zkdeploy status``."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import click
from kazoo.exceptions import KazooException

from zc.zk import ZK
from zc.zkdeployment.cli import status_format
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.hosts_table import hosts_lines
from zc.zkdeployment.cli.options import json_option, open_tree, zookeeper_option
from zc.zkdeployment.cli.output import json_line, print_json, table_lines
from zc.zkdeployment.cli.status_format import Details, Table
from zc.zkdeployment.cli.unknown_host import unknown_host
from zc.zkdeployment.errors import BadRevision, Refused
from zc.zkdeployment.lines import one_line
from zc.zkdeployment.model import Manifest
from zc.zkdeployment.moments import text_of
from zc.zkdeployment.views.overview import HostView, Overview
from zc.zkdeployment.watching import FleetWatch, read_overview, read_wanted

_CLEAR = "\x1b[H\x1b[2J"  # of a terminal
_LOOK = 1.0  # seconds until it is seen that ZooKeeper is away


@click.command(
    "status",
    cls=Command,
    statuses={
        0: "the fleet could be read, however it is; `check` judges a host, `rollout` a rollout",
        1: "an error: ZooKeeper does not answer, say, or no host is called HOST",
    },
    examples=(
        "zkdeploy status",
        "zkdeploy status --watch",
        "zkdeploy status web17.example.com",
        "zkdeploy status --json",
    ),
)
@click.argument("host", required=False)
@click.option("--watch", is_flag=True, help="Show it again whenever it changes, until Ctrl-C.")
@click.option("--all", "all_hosts", is_flag=True, help="Show all hosts of a large fleet.")
@json_option
@zookeeper_option
def status(host: str | None, watch: bool, all_hosts: bool, as_json: bool, zookeeper: str) -> None:
    """Tell how far the fleet is, and how each host is, problems first.

    HOST, an identifier or a name, tells all about one host: the software that is installed
    there, in which exact version and commit, beside what is wanted, its last steps, and the
    last lines of a script that failed. `zkdeploy why` says what to do.

    A host is failed, drifted (what was deployed is not there any more), waiting for a lock,
    deploying, stopped (with the fleet), behind or current. Absent are targets that the
    published tree names and no registered host is.

    With --json: an object with `at`, `version`, `index`, `changed`, `goal`, `record`, `newest`,
    `stop`, `stopped`, `settled`, `done`, `counts`, `hosts`, `absent`, `gone`, `locks`,
    `trouble`, `refusal` and `away`; of HOST its object in `hosts`, with `at`, `goal`,
    `wanted`, `software`, `trouble` and `away`. With --watch one such object per line, a
    further one when something changes; while ZooKeeper does not answer `away` says since when,
    and the rest is as it was then. `zkdeploy schema status` prints what is in them.
    """
    show = _fleet_shown(all_hosts) if host is None else _host_shown(host, live=watch)
    with open_tree(zookeeper) as zk:
        if watch:
            _watch(zk, show, as_json=as_json)
            return
        shown = show(zk, read_overview(zk), None)
        if shown.absent is not None:
            raise Refused(shown.absent)
        if as_json:
            print_json(shown.data())
        else:
            click.echo("\n".join(shown.lines()))


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is shown, as data for programs and as lines for people.

    It is news only if ``about`` differs. ``absent`` says why there is nothing to show.
    """

    about: object
    data: Callable[[], object]
    lines: Callable[[], Sequence[str]]
    absent: str | None = None


#: Returns what is shown of an overview; since when that may be old, if ZooKeeper is away.
_Show = Callable[[ZK, Overview, str | None], _Shown]


def _watch(zk: ZK, show: _Show, *, as_json: bool) -> None:
    """Show it again and again; on a screen as time passes, elsewhere only what is news."""
    screen = sys.stdout.isatty() and not as_json and os.environ.get("TERM") != "dumb"
    told: object = None
    with contextlib.closing(FleetWatch(zk)) as fleet, contextlib.suppress(KeyboardInterrupt):
        seen = fleet.current()
        while True:
            away = fleet.away
            # While ZooKeeper answers, what was seen last is how it is now.
            now = replace(seen, at=text_of(datetime.now(UTC))) if away is None else seen
            shown = show(zk, now, away)
            if screen:
                _repaint(shown.lines())
            elif shown.about != told:
                _tell(shown, now.at, as_json=as_json, first=told is None)
            told = shown.about
            seen = fleet.wait(seen, _LOOK) or seen


def _repaint(lines: Sequence[str]) -> None:
    """Show the first lines on the whole screen: problems come first."""
    from rich.cells import cell_len  # only for terminals

    columns, rows = shutil.get_terminal_size()
    left = rows - 2  # the last one is the cursor's, the one before says what is left out
    fitting = 0
    for line in lines:
        left -= max(1, -(-cell_len(click.unstyle(line)) // columns))
        if left < 0:
            break
        fitting += 1
    more = len(lines) - fitting
    rest = [f"… {more} more lines than fit here"] if more else []
    click.echo(_CLEAR + "\n".join([*lines[:fitting], *rest]))


def _tell(shown: _Shown, at: str, *, as_json: bool, first: bool) -> None:
    if as_json and shown.absent is None:
        click.echo(json_line(shown.data()))
        return
    if not as_json:
        click.echo(f"at {at}:" if first else f"\nat {at}:")
    click.echo("\n".join(shown.lines()), err=as_json)


def _fleet_shown(all_hosts: bool) -> _Show:
    def show(_: ZK, overview: Overview, away: str | None) -> _Shown:
        def lines() -> Iterator[str]:
            yield from _away(away)
            for label, text in status_format.facts(overview):
                yield f"{label + ':':<9}{text}"
            yield from hosts_lines(overview, all_hosts=all_hosts)

        return _Shown(
            (replace(overview, at=""), away),
            lambda: status_format.fleet_data(overview, away),
            lambda: tuple(lines()),
        )

    return show


def _host_shown(name: str, *, live: bool) -> _Show:
    found = _Details(patient=live)

    def show(zk: ZK, overview: Overview, away: str | None) -> _Shown:
        host = overview.host(name)
        if host is None:
            absent = _absence(overview, name)
            return _Shown((absent, away), dict, lambda: (*_away(away), absent), absent)
        details = found.of(zk, overview, host, away)
        return _Shown(
            (details, overview.goal),
            lambda: status_format.host_data(overview, details),
            lambda: tuple(_host_lines(overview, details)),
        )

    return show


class _Details:
    """Finds out what is wanted on a host, once for each revision.

    One that is ``patient`` does without where ZooKeeper does not answer, and asks again.
    """

    def __init__(self, *, patient: bool) -> None:
        self._silence: tuple[type[KazooException], ...] = (KazooException,) if patient else ()
        self._known: tuple[object, tuple[Manifest, ...]] | None = None

    def of(self, zk: ZK, overview: Overview, host: HostView, away: str | None) -> Details:
        """Return a host with what is wanted there, as far as that can be read."""
        if overview.record is None:
            return Details(host, None, overview.trouble, away)
        about = overview.record, host.identity
        if self._known is None or self._known[0] != about:
            if away:
                return Details(host, None, None, away)
            try:
                self._known = about, read_wanted(zk, overview, host)
            except BadRevision as error:
                return Details(host, None, str(error), away)
            except self._silence:  # that it is away is going to be seen in a moment
                return Details(host, None, None, away)
        return Details(host, self._known[1], None, away)


def _host_lines(overview: Overview, details: Details) -> Iterator[str]:
    host = details.host
    yield from _away(details.away)
    for label, text in status_format.host_facts(overview, details):
        yield f"{label + ':':<10}{text}"
    yield from _table(status_format.software_table(overview, details))
    yield from _table(status_format.deployments_table(details.wanted or ()))
    if host.report:
        yield from _table(status_format.results_table(host.report))
    title, lines = status_format.output_lines(host)
    if lines:
        yield title
        for line in lines:
            yield f"  {one_line(line)}"


def _absence(overview: Overview, name: str) -> str:
    if any(name in (h.identity.host_identifier, h.identity.host_name) for h in overview.gone):
        return f"{one_line(name)} was registered, and is not any more: its agent is gone"
    if name in overview.absent:
        return (
            f"no registered host is {name}, although the tree expects it; 'zkdeploy why {name}'"
            " tells what that may mean"
        )
    return unknown_host(overview, name)


def _away(away: str | None) -> Sequence[str]:
    return (f"ZooKeeper does not answer since {away}; this is as it was then",) if away else ()


def _table(table: Table) -> Sequence[str]:
    return table_lines(*table) if table[2] else ()
