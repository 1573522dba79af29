"""``zkdeploy plan``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from zc.zkdeployment.cli import diff_format
from zc.zkdeployment.cli.command import ComparingCommand
from zc.zkdeployment.cli.options import json_option, open_tree, settings_of, zookeeper_option
from zc.zkdeployment.cli.output import print_json, print_table
from zc.zkdeployment.cli.progress import progress_shown
from zc.zkdeployment.cli.publish_options import source_options
from zc.zkdeployment.model import Version, same_version
from zc.zkdeployment.preview import Preview, preview
from zc.zkdeployment.publication.locations import parse_location
from zc.zkdeployment.publication.publisher_ports import Source
from zc.zkdeployment.sources import opened
from zc.zkdeployment.sync import plan_sync


@click.command(
    "plan",
    cls=ComparingCommand,
    examples=(
        "zkdeploy plan",
        "zkdeploy plan --json /etc/zkdeployment/agent.conf",
        "zkdeploy plan --fleet git:///srv/fleet.git#production",
    ),
)
@click.argument(
    "subject",
    required=False,
    metavar="[CONFIGURATION | SOURCE]",
    type=click.Path(readable=False),  # for the Tab key
)
@click.option("--fleet", is_flag=True, help="Plan for all hosts: what publishing SOURCE would do.")
@source_options
@json_option
@zookeeper_option
def plan(
    subject: str | None,
    fleet: bool,
    ref: str | None,
    subdirectory: str,
    as_version: Version,
    work_directory: Path | None,
    as_json: bool,
    zookeeper: str,
) -> int:
    """Tell what this host would do now, or all of them, without doing it.

    The tree is compared with what is deployed here, as the agent does; give
    the agent's CONFIGURATION. The agent may be running. What a deployment
    script would change is not known before it runs.

    With --fleet, SOURCE is compared with what the fleet is to have now, as `sync`
    does, and an index is printed: `zkdeploy sync --if-index` with that number refuses
    to publish to a fleet that moved since. The files are checked first.

    With --json: an object with `host` (`host_identifier`, `host_name`, `role`),
    `cluster_version`, `host_version`, `blocked` (why nothing is done now, or
    null) and `steps`, a list of objects with `action`, `subject` and `reason`,
    in the order in which they would be done. With --fleet: an object with `index`,
    `was` and `version`, the versions of the fleet and of SOURCE, `diff`, as `zkdeploy
    diff --json` prints it, and `live`, what would change of the live tree, in lines.
    """
    if fleet:
        if subject is None:
            raise click.UsageError("Missing argument 'SOURCE'.")
        location = parse_location(subject, ref=ref, path=subdirectory)
        with opened(location, version=as_version, work=work_directory) as source:
            return _plan_fleet(source, as_json, zookeeper)
    if ref or subdirectory or as_version is not None or work_directory:
        raise click.UsageError("What says more about a SOURCE goes with --fleet.")
    return _plan_host(subject, as_json, zookeeper)


def _plan_fleet(source: Source, as_json: bool, zookeeper: str) -> int:
    with open_tree(zookeeper) as zk:
        found = plan_sync(zk, source)
    if as_json:
        print_json({**asdict(found), "diff": diff_format.as_data(found.diff)})
    else:
        click.echo(f"index {found.index}: version {found.was!r} -> {found.version!r}")
        diff_format.print_diff(found.diff)
        diff_format.print_live(found.live)
    differs = found.diff.changes or found.live or not same_version(found.was, found.version)
    return 2 if differs else 0


def _plan_host(configuration: str | None, as_json: bool, zookeeper: str) -> int:
    settings = settings_of(configuration, zookeeper)
    with progress_shown() as observer:
        found = preview(settings, observer)
    if as_json:
        print_json(asdict(found))
    elif found.steps:
        rows = [(step.action, step.subject, step.reason) for step in found.steps]
        print_table(_summary(found), ("Action", "What", "Why"), rows)
    else:
        click.echo(_summary(found))
    return 2 if found.steps else 0


def _summary(found: Preview) -> str:
    host = f"{found.host.host_identifier} ({found.host.host_name})"
    count = len(found.steps)
    steps = f"{count} step{'s' * (count != 1)}" if count else "nothing to do"
    if found.blocked:
        return f"{host}, version {found.host_version}: {found.blocked}; when resumed: {steps}"
    if same_version(found.cluster_version, found.host_version):
        return f"{host}, version {found.host_version}: {steps}"
    return f"{host}, version {found.host_version} -> {found.cluster_version}: {steps}"
