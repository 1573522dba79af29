"""``zkdeploy status``."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Sequence

import click

from zc.zk import ZK
from zc.zkdeployment.cli import status_format
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import json_option, open_tree, zookeeper_option
from zc.zkdeployment.cli.output import one_line, print_json, print_table
from zc.zkdeployment.cli.status_format import Table
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.model import Manifest
from zc.zkdeployment.overview import HostView, Overview
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

    HOST, an identifier or a name, tells all about one host: what it is to have, its last
    steps, and the last lines of a script that failed. `zkdeploy why` says what to do.

    A host is failed, drifted (what was deployed is not there any more), waiting for a lock,
    deploying, stopped (with the fleet), behind or current. Absent are targets that the
    published tree names and no registered host is.

    With --json: an object with `at`, `version`, `index`, `changed`, `goal`, `record`, `newest`,
    `stop`, `stopped`, `settled`, `done`, `counts`, `hosts`, `absent`, `gone`, `locks`,
    `trouble` and `refusal`; of HOST its object in `hosts`, with `at`, `goal` and `wanted`.
    With --watch one such object per line. `zkdeploy schema status` prints what is in them.
    """
    with open_tree(zookeeper) as zk:
        if watch:
            _watch(zk, _printer(host, all_hosts, as_json, live=True))
        else:
            _printer(host, all_hosts, as_json, live=False)(zk, read_overview(zk), None)


#: Prints an overview; since when it may be old, if ZooKeeper is away.
_Print = Callable[[ZK, Overview, str | None], None]


def _watch(zk: ZK, show: _Print) -> None:
    with contextlib.closing(FleetWatch(zk)) as fleet, contextlib.suppress(KeyboardInterrupt):
        seen, away = fleet.current(), fleet.away
        show(zk, seen, away)
        while True:
            newer = fleet.wait(seen, _LOOK)
            if newer is None and fleet.away == away:
                continue
            seen, away = newer or seen, fleet.away
            show(zk, seen, away)


def _printer(host: str | None, all_hosts: bool, as_json: bool, *, live: bool) -> _Print:
    def show(zk: ZK, overview: Overview, away: str | None) -> None:
        if live and not as_json:
            click.echo(_CLEAR if sys.stdout.isatty() else "")
        if away and not as_json:
            click.echo(f"ZooKeeper does not answer since {away}; this is as it was then")
        if host is None:
            _print_fleet(overview, all_hosts, as_json, live)
            return
        try:
            found = _found(overview, host)
        except Refused as absent:
            if not live:
                raise
            click.echo(str(absent), err=as_json)  # it may come
        else:
            wanted = () if away else read_wanted(zk, overview, found)
            _print_host(overview, found, wanted, as_json, live)

    return show


def _print_fleet(overview: Overview, all_hosts: bool, as_json: bool, live: bool) -> None:
    if as_json:
        _print_data(status_format.fleet_data(overview), live)
        return
    for label, text in status_format.facts(overview):
        click.echo(f"{label + ':':<9}{text}")
    if overview.hosts:
        _print(status_format.hosts_table(overview, all_hosts=all_hosts))
    if more := status_format.left_out(overview, all_hosts=all_hosts):
        click.echo(more)


def _print_host(
    overview: Overview, host: HostView, wanted: Sequence[Manifest], as_json: bool, live: bool
) -> None:
    if as_json:
        _print_data(status_format.host_data(overview, host, wanted), live)
        return
    for label, text in status_format.host_facts(overview, host, wanted):
        click.echo(f"{label + ':':<10}{text}")
    _print(status_format.deployments_table(wanted))
    if host.report:
        _print(status_format.results_table(host.report))
    title, lines = status_format.output_lines(host)
    if lines:
        click.echo(title)
        for line in lines:
            click.echo(f"  {one_line(line)}")


def _found(overview: Overview, name: str) -> HostView:
    if found := overview.host(name):
        return found
    if name in overview.absent:
        raise Refused(
            f"no registered host is {name}, although the tree expects it; 'zkdeploy why {name}'"
            " tells what that may mean"
        )
    raise Refused(f"no registered host has the identifier {name}, or alone that name")


def _print(table: Table) -> None:
    if table[2]:
        print_table(*table)


def _print_data(document: object, live: bool) -> None:
    if live:
        click.echo(json.dumps(document, ensure_ascii=False))
    else:
        print_json(document)
