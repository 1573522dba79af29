"""``zkdeploy stop``."""

from __future__ import annotations

from dataclasses import asdict

import click

from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import json_option, open_tree, zookeeper_option
from zc.zkdeployment.cli.output import print_json
from zc.zkdeployment.fleet_control import Stopped, stop_fleet
from zc.zkdeployment.lines import one_line


@click.command(
    "stop",
    cls=Command,
    statuses={0: "the fleet is stopped, or was already"},
    examples=("zkdeploy stop", "zkdeploy stop --reason 'pool 3 fails its health checks'"),
)
@click.option("--reason", metavar="TEXT", help="Why, for whoever wants to resume.")
@json_option
@zookeeper_option
def stop(reason: str | None, as_json: bool, zookeeper: str) -> None:
    """Stop all deployments of the fleet.

    Sets the version of /hosts to None. On every host the step that runs now is
    the last one; a host that its role controller took out of service finishes.
    `zkdeploy resume` lets the fleet go on.

    Who stopped it, when, why and at which version is kept in the property
    `stopped` of /hosts. A fleet that is stopped already is left as it is.

    With --json: an object with `already` (true or false) and `stop`, an object
    with `by`, `at`, `reason` (or null), `version` and `changes`, how often /hosts
    had been set; `stop` is null if the fleet was not stopped by this command
    alone.
    """
    with open_tree(zookeeper) as zk:
        stopped = stop_fleet(zk, one_line(reason or "") or None)
    if as_json:
        print_json(asdict(stopped))
    else:
        click.echo(_summary(stopped))


def _summary(stopped: Stopped) -> str:
    stop = stopped.stop
    if stop is None:
        return (
            "The fleet is stopped already, but not by 'zkdeploy stop' alone;"
            " 'zkdeploy resume' shows the errors of hosts."
        )
    if stopped.already:
        why = f": {stop.reason}" if stop.reason else ""
        was = f"by {stop.by} at {stop.at}, version was {stop.version!r}"
        return f"The fleet is stopped already, {was}{why}"
    return f"/hosts version: {stop.version!r} -> None; 'zkdeploy resume' sets it again"
