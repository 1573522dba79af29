"""``zkdeploy tree rm``."""

from __future__ import annotations

import click

from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import node_path, open_tree, zookeeper_option


@click.command(
    "rm",
    cls=Command,
    examples=(
        "zkdeploy tree rm --recursive --dry-run /cust/cms",
        "zkdeploy tree rm /lb/pools/old",
    ),
)
@click.argument("path", callback=node_path)
@click.option("-r", "--recursive", is_flag=True, help="Delete all nodes below PATH, too.")
@click.option("-n", "--dry-run", is_flag=True, help="Only print what would be deleted.")
@click.option(
    "--force",
    is_flag=True,
    help="Delete ephemeral nodes, too. Who made them does not learn of it.",
)
@zookeeper_option
def tree_rm(path: str, recursive: bool, dry_run: bool, force: bool, zookeeper: str) -> None:
    """Delete the node at PATH.

    Ephemeral nodes, which running programs made, and what is above them are
    kept and named, unless forced. / is never deleted.
    """
    if path == "/":
        raise click.UsageError("The root cannot be deleted; delete the nodes below it.")
    with open_tree(zookeeper) as zk:
        children = zk.get_children(path)
        if children and not recursive:
            count = f"{len(children)} child node{'s' * (len(children) != 1)}"
            raise click.ClickException(f"{path} has {count}; to delete them, too: --recursive")
        zk.delete_recursive(path, dry_run=dry_run, force=force)
