"""``zkdeploy acl``: the group of the commands about who may do what in ZooKeeper."""

from __future__ import annotations

import click

from zc.zkdeployment.cli.lazy import LazyGroup

_SUBCOMMANDS = {
    name: f"zc.zkdeployment.cli.acl_{name}:acl_{name}" for name in ("init", "check", "id")
}


@click.group("acl", cls=LazyGroup, subcommands=_SUBCOMMANDS)
def acl() -> None:
    """Say who may do what with the nodes in ZooKeeper.

    Who is who stands in the settings `acl-admin`, `acl-publisher`, `acl-agent` and
    `acl-reader` of the section [zookeeper], in the file that --zookeeper-config names.
    """
