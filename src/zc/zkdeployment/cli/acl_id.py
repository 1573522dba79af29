"""``zkdeploy acl id``."""

from __future__ import annotations

import click

from zc.zkdeployment.access_control import identities
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import (
    connect_with,
    json_option,
    zookeeper_option,
    zookeeper_settings,
)
from zc.zkdeployment.cli.output import print_json


@click.command(
    "id",
    cls=Command,
    examples=("zkdeploy acl id --zookeeper-config agent.conf",),
)
@json_option
@zookeeper_option
def acl_id(as_json: bool, zookeeper: str) -> None:
    """Tell who this side is for ZooKeeper, as the settings `acl-...` want it.

    An id of the scheme digest holds a hash of the password: treat it as you would a
    file of hashed passwords.

    With --json: a list of strings.
    """
    settings = zookeeper_settings(zookeeper)
    with connect_with(settings, check_credentials=False) as zk:
        found = identities(zk, settings)
    if as_json:
        print_json(found)
    else:
        for each in found:
            click.echo(each)
