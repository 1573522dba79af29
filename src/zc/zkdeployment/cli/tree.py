"""``zkdeploy tree``: the group of the commands that work on the tree itself."""

from __future__ import annotations

import click

from zc.zkdeployment.cli.lazy import LazyGroup

_SUBCOMMANDS = {
    name: f"zc.zkdeployment.cli.tree_{name}:tree_{name}"
    for name in ("export", "import", "diff", "set", "rm")
}
_SUBCOMMANDS["validate"] = "zc.zkdeployment.cli.validate:validate"


@click.group("tree", cls=LazyGroup, subcommands=_SUBCOMMANDS)
def tree() -> None:
    """Read, compare and change the tree in ZooKeeper.

    These commands work on the live tree at once. What is published with a
    version should change in version control instead.
    """
