"""``zkdeploy resume``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click

from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import json_option, open_tree, zookeeper_option
from zc.zkdeployment.cli.output import print_json, print_table
from zc.zkdeployment.cli.versions import read_version
from zc.zkdeployment.fleet_control import HostError, VersionNeeded, resume_fleet


@click.command(
    "resume",
    cls=Command,
    statuses={
        0: "the fleet has a version again",
        1: "an error: the fleet is not stopped, say, or VERSION has to be given",
    },
    examples=("zkdeploy resume", "zkdeploy resume 42", "zkdeploy resume \"'4f2a91c'\""),
)
@click.argument("version", required=False)
@json_option
@zookeeper_option
def resume(version: str | None, as_json: bool, zookeeper: str) -> None:
    """Let a stopped fleet go on.

    Sets the version of /hosts: without VERSION to the one at which `zkdeploy
    stop` stopped the fleet. Where an agent stopped it because a deployment failed, the errors that
    hosts show are printed, and VERSION has to be given: the same as before to
    try again, another one to deploy that. It is a literal as in tree text: a
    number or a quoted string. A version that somebody else sets meanwhile is
    not overwritten.

    To let agents hold still while a tree is published: `zkdeploy tree set /hosts
    version=False`.

    With --json: an object with `version`, the new one, or null if VERSION has to
    be given; `stop`, what `zkdeploy stop` had noted, or null; and `errors`, a list
    of objects with `host_identifier`, `host_name` and `error`.
    """
    wanted = None if version is None else read_version(version)
    with open_tree(zookeeper) as zk:
        try:
            resumed = resume_fleet(zk, wanted)
        except VersionNeeded as needed:
            if as_json:
                errors = [asdict(error) for error in needed.errors]
                print_json({"version": None, "stop": None, "errors": errors})
            else:
                _print_errors(needed.errors)
            raise
    if as_json:
        print_json(asdict(resumed))
    else:
        _print_errors(resumed.errors)
        click.echo(f"/hosts version: None -> {resumed.version!r}")


def _print_errors(errors: Sequence[HostError]) -> None:
    if errors:
        rows = [
            (error.host_identifier, error.host_name, " ".join(error.error.split()))
            for error in errors
        ]
        print_table("Hosts that show an error", ("Host", "Name", "Error"), rows)
