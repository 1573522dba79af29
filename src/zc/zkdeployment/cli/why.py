"""``zkdeploy why``."""

from __future__ import annotations

from dataclasses import asdict

import click

from zc.zk import ZK
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import json_option, open_tree, zookeeper_option
from zc.zkdeployment.cli.output import print_json
from zc.zkdeployment.cli.unknown_host import unknown_host
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.explanations.waits import lock_at
from zc.zkdeployment.explanations.why import (
    Explanation,
    explain_absent,
    explain_fleet,
    explain_host,
    explain_node,
)
from zc.zkdeployment.lines import one_line
from zc.zkdeployment.views.overview import Overview
from zc.zkdeployment.watching import read_overview


@click.command(
    "why",
    cls=Command,
    statuses={0: "told, whatever it is", 1: "an error: nothing is known of the host or node, say"},
    examples=(
        "zkdeploy why",
        "zkdeploy why web17.example.com",
        "zkdeploy why /cust/someapp/cms",
    ),
)
@click.argument("subject", metavar="[HOST|NODE]", required=False)
@json_option
@zookeeper_option
def why(subject: str | None, as_json: bool, zookeeper: str) -> None:
    """Tell why the fleet is not done, and what a person can do.

    It names what is waited for: who holds it, which script runs there or failed, since
    when, and the last lines that it printed. HOST is an identifier, a name, or a target of
    the tree; NODE is the path of an application node, or of the lock node of a role.

    With --json: an object with `cause`, a sentence, and `details` and `next_steps`, lists of
    lines. A command is at the end of a step, after a colon.
    """
    with open_tree(zookeeper) as zk:
        explanation = _explain(zk, read_overview(zk), subject)
    if as_json:
        print_json(asdict(explanation))
        return
    print_explanation(explanation)


def print_explanation(explanation: Explanation) -> None:
    """Print the cause, what is known of it, and what to do."""
    click.echo(one_line(explanation.cause))
    for line in explanation.details:
        click.echo(f"  {one_line(line)}")
    if explanation.next_steps:
        click.echo("What you can do:")
    for step in explanation.next_steps:
        click.echo(f"  - {one_line(step)}")


def _explain(zk: ZK, overview: Overview, subject: str | None) -> Explanation:
    if subject is None:
        return explain_fleet(overview)
    if subject.startswith("/"):
        path = subject.rstrip("/") or "/"
        if lock_at(overview, path) is None and not zk.exists(path):
            raise Refused(f"there is no node {path}, and nobody works on it or waits for it")
        return explain_node(overview, path)
    if host := overview.host(subject):
        return explain_host(overview, host)
    known = {name for lock in overview.locks for h in lock.holders for name in (h.host, h.name)}
    if subject in overview.absent or subject in known:
        return explain_absent(overview, subject)
    raise Refused(unknown_host(overview, subject))
