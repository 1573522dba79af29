"""``zkdeploy verify``."""

from __future__ import annotations

from dataclasses import asdict

import click

from zc.zkdeployment.cli.command import ComparingCommand
from zc.zkdeployment.cli.options import host_options, json_option, settings_of
from zc.zkdeployment.cli.output import print_json
from zc.zkdeployment.cli.progress import progress_shown
from zc.zkdeployment.lines import one_line
from zc.zkdeployment.verification import verify as verify_host


@click.command(
    "verify",
    cls=ComparingCommand,
    statuses={
        0: "all is as it was deployed",
        2: "drift: something is not as it was deployed",
    },
    examples=(
        "zkdeploy verify",
        "zkdeploy verify --json /etc/zkdeployment/agent.conf",
    ),
)
@host_options
@json_option
def verify(configuration: str | None, zookeeper: str, as_json: bool) -> int:
    """Tell whether what was deployed on this host is still there.

    Packages, checkouts and the files that say what is deployed are compared with
    what the version wants that the host reached, as the agent does now and then; give
    the agent's CONFIGURATION. Nothing is changed, and the agent may be running.

    With --json: an object with `host` (`host_identifier`, `host_name`, `role`),
    `version`, the version that the host reached, and `found`, a list of sentences.
    """
    settings = settings_of(configuration, zookeeper)
    with progress_shown() as observer:
        verified = verify_host(settings, observer)
    if as_json:
        print_json(asdict(verified))
    else:
        host = f"{verified.host.host_identifier} ({verified.host.host_name})"
        count = len(verified.found)
        differ = f"{count} thing{'s' * (count != 1)} not as deployed" if count else "no drift"
        click.echo(f"{host}, version {verified.version}: {differ}")
        for sentence in verified.found:
            click.echo(f"  {one_line(sentence)}")
    return 2 if verified.found else 0
