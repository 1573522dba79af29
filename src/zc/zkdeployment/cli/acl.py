"""``zkdeploy acl``: the group of the commands about who may do what in ZooKeeper."""

from __future__ import annotations

import click

from zc.zkdeployment.cli.lazy import LazyGroup, Subcommand

_SUMMARIES = {
    "init": "Give every node the ACL that it should have.",
    "check": "Tell which nodes have another ACL than they should; `acl init` mends that.",
    "id": "Tell who this side is for ZooKeeper, as the settings `acl-...` want it.",
}
_SUBCOMMANDS = {
    name: Subcommand(f"zc.zkdeployment.cli.acl_{name}:acl_{name}", summary)
    for name, summary in _SUMMARIES.items()
}


@click.group("acl", cls=LazyGroup, subcommands=_SUBCOMMANDS)
def acl() -> None:
    """Say who may do what with the nodes in ZooKeeper.

    Who is who stands in the settings `acl-admin`, `acl-publisher`, `acl-agent` and
    `acl-reader` of the section [zookeeper], in the file that --zookeeper-config names.
    """
