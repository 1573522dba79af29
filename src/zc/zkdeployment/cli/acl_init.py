"""``zkdeploy acl init``."""

from __future__ import annotations

from dataclasses import asdict

import click

from zc.zkdeployment.access_control import deviations, initialize, policy_of
from zc.zkdeployment.cli.acl_check import print_deviations
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import (
    connect_with,
    json_option,
    zookeeper_option,
    zookeeper_settings,
)
from zc.zkdeployment.cli.output import print_json


@click.command(
    "init",
    cls=Command,
    examples=(
        "zkdeploy acl init --dry-run --zookeeper-config admin.conf",
        "zkdeploy acl init --zookeeper-config admin.conf",
    ),
)
@click.option("-n", "--dry-run", is_flag=True, help="Change nothing; show what would change.")
@json_option
@zookeeper_option
def acl_init(dry_run: bool, as_json: bool, zookeeper: str) -> None:
    """Give every node the ACL that it should have.

    That may be done at any time, again and again. First let all agents and publishers
    have their credentials and the same settings `acl-...`: what they create has the right
    ACL then. Whoever runs this has to be among `acl-admin`, or it is refused.

    Left alone are nodes below `acl-exempt`, and ephemeral nodes in the tree, which
    belong to applications.

    With --json: a list of objects with `path`, `found` (a list of lines, or null where
    the node was created) and `wanted`.
    """
    settings = zookeeper_settings(zookeeper)
    policy = policy_of(settings)
    with connect_with(settings) as zk:
        found = deviations(zk, policy) if dry_run else initialize(zk, policy)
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        print_deviations(found)
        verb = "would be changed" if dry_run else "changed"
        click.echo(f"{len(found)} ACL{'s' * (len(found) != 1)} {verb}")
