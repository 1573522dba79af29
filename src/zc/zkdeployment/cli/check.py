"""``zkdeploy check``."""

from __future__ import annotations

from collections.abc import Mapping

import click

from zc.zkdeployment.checkup import check as check_host
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import host_options, json_option, settings_of
from zc.zkdeployment.cli.output import print_json
from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.views.health import Health, Limits, State


class MonitoringCommand(Command):
    """A subcommand whose exit statuses are those of monitoring plugins."""

    usual_statuses: Mapping[int, str] = {
        State.OK.value: "all is well",
        State.WARNING.value: "a warning",
        State.ERROR.value: "an error of the host, or ZooKeeper does not answer",
        State.UNKNOWN.value: "unknown: wrong usage, or a setting is missing or wrong",
    }
    wrong_usage = State.UNKNOWN.value


@click.command(
    "check",
    cls=MonitoringCommand,
    examples=(
        "zkdeploy check",
        "zkdeploy check --warn 600 --error 1800 /etc/zkdeployment/agent.conf",
    ),
)
@host_options
@click.option(
    "--warn",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    metavar="SECONDS",
    help="How long a step may take before that is a warning.",
)
@click.option(
    "--error",
    type=click.IntRange(min=0),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="How long a step may take before that is an error.",
)
@json_option
def check(configuration: str | None, zookeeper: str, warn: int, error: int, as_json: bool) -> int:
    """Tell a monitoring system in one line how this host is.

    Looks at the agent's status file and at ZooKeeper, and changes nothing; give
    the agent's CONFIGURATION. All is well if the host reached the cluster
    version, which is printed, or is on its way and no step takes too long:
    then the step is printed.

    With --json: an object with `state` ("ok", "warning", "error" or "unknown")
    and `message`, the line.
    """
    try:
        settings = settings_of(configuration, zookeeper)
    except BadConfiguration as unusable:
        health = Health(State.UNKNOWN, str(unusable))
    else:
        health = check_host(settings, Limits(warn, error))
    if as_json:
        print_json({"state": health.state.name.lower(), "message": health.message})
    else:
        click.echo(health.message)
    return health.state.value
