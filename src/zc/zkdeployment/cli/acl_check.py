"""``zkdeploy acl check``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import click

from zc.zkdeployment.access_control import Deviation, deviations, policy_of
from zc.zkdeployment.cli.command import ComparingCommand
from zc.zkdeployment.cli.options import (
    connect_with,
    json_option,
    zookeeper_option,
    zookeeper_settings,
)
from zc.zkdeployment.cli.output import print_json


@click.command(
    "check",
    cls=ComparingCommand,
    examples=("zkdeploy acl check --zookeeper-config admin.conf",),
)
@json_option
@zookeeper_option
def acl_check(as_json: bool, zookeeper: str) -> int:
    """Tell which nodes have another ACL than they should; `acl init` mends that.

    It takes the credentials of an admin: ZooKeeper shows others only part of an ACL.

    With --json: a list of objects with `path`, `found` (a list of lines, or null where
    there is no such node) and `wanted`.
    """
    settings = zookeeper_settings(zookeeper)
    policy = policy_of(settings)
    with connect_with(settings) as zk:
        found = deviations(zk, policy)
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        print_deviations(found)
        if not found:
            click.echo("all ACLs are as they should be")
    return 2 if found else 0


def print_deviations(found: Iterable[Deviation]) -> None:
    """Print what each node has too much and lacks."""
    for each in found:
        click.echo(each.path if each.found is not None else f"{each.path}  (new)")
        before, after = set(each.found or ()), set(each.wanted)
        for sign, lines in (("-", before - after), ("+", after - before)):
            for line in sorted(lines):
                click.echo(f"  {sign} {line}")
