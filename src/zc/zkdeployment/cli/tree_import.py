"""``zkdeploy tree import``."""

from __future__ import annotations

import click

from zc.zk.errors import TreeSyntaxError
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.file_arguments import read_text
from zc.zkdeployment.cli.options import node_path, open_tree, zookeeper_option


@click.command(
    "import",
    cls=Command,
    examples=(
        "zkdeploy tree import --dry-run --trim cust.zk",
        "zkdeploy tree export /cust/cms | zkdeploy tree import --path /cust2 -",
    ),
)
@click.argument("file", default="-", type=click.Path())
@click.option(
    "--path",
    metavar="PATH",
    default="/",
    show_default=True,
    callback=node_path,
    help="Import below PATH.",
)
@click.option("-d", "--dry-run", is_flag=True, help="Only print what would change.")
@click.option(
    "-t/ ",
    "--trim/--no-trim",
    default=None,
    help="Delete nodes that FILE lacks below its top nodes, or keep them in silence."
    " Without either they are kept and named.",
)
@zookeeper_option
def tree_import(file: str, path: str, dry_run: bool, trim: bool | None, zookeeper: str) -> None:
    """Create and update nodes as the text in FILE says.

    Without FILE the text is read from standard input. The properties of a node
    in FILE replace all that it has. Only what differs is written. Ephemeral
    nodes are never deleted, nor what is above them. The whole file is checked
    before anything is written.
    """
    text = read_text(file)
    with open_tree(zookeeper) as zk:
        try:
            zk.import_tree(text, path, trim=trim, dry_run=dry_run)
        except TreeSyntaxError as error:
            name = "standard input" if file == "-" else file
            raise TreeSyntaxError(error.message, error.line, error.text, name) from error
