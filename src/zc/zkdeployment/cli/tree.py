"""``zkdeploy tree``: the group of the commands that work on the tree itself."""

from __future__ import annotations

import click

from zc.zkdeployment.cli.lazy import LazyGroup, Subcommand

_SUMMARIES = {
    "get": "Print properties of the node at PATH.",
    "export": "Print the tree at PATH as text.",
    "import": "Create and update nodes as the text in FILE says.",
    "diff": "Tell what importing files would change; change nothing.",
    "set": "Set properties of the node at PATH.",
    "rm": "Delete the node at PATH.",
}
_SUBCOMMANDS = {
    name: Subcommand(f"zc.zkdeployment.cli.tree_{name}:tree_{name}", summary)
    for name, summary in _SUMMARIES.items()
}
_SUBCOMMANDS["validate"] = Subcommand(
    "zc.zkdeployment.cli.validate:validate", "Check tree files, without ZooKeeper."
)


@click.group("tree", cls=LazyGroup, subcommands=_SUBCOMMANDS)
def tree() -> None:
    """Read, compare and change the tree in ZooKeeper.

    These commands work on the live tree at once. What is published with a
    version should change in version control instead.
    """
