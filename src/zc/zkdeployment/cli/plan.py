"""``zkdeploy plan``."""

from __future__ import annotations

from dataclasses import asdict

import click

from zc.zkdeployment.cli.command import ComparingCommand
from zc.zkdeployment.cli.options import host_options, json_option, settings_of
from zc.zkdeployment.cli.output import print_json, print_table
from zc.zkdeployment.model import same_version
from zc.zkdeployment.preview import Preview, preview


@click.command(
    "plan",
    cls=ComparingCommand,
    examples=("zkdeploy plan", "zkdeploy plan --json /etc/zkdeployment/agent.conf"),
)
@host_options
@json_option
def plan(configuration: str | None, zookeeper: str, as_json: bool) -> int:
    """Tell what this host would do now, without doing it.

    The tree is compared with what is deployed here, as the agent does; give
    the agent's CONFIGURATION. The agent may be running. What a deployment
    script would change is not known before it runs.

    With --json: an object with `host` (`host_identifier`, `host_name`, `role`),
    `cluster_version`, `host_version`, `blocked` (why nothing is done now, or
    null) and `steps`, a list of objects with `action`, `subject` and `reason`,
    in the order in which they would be done.
    """
    found = preview(settings_of(configuration, zookeeper))
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
