"""``zkdeploy tree export``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from zc.zk import ZK, decode
from zc.zk.scan import scan
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import json_option, node_path, open_tree, zookeeper_option
from zc.zkdeployment.tree.tree_parts import REVISIONS


@click.command(
    "export",
    cls=Command,
    examples=(
        "zkdeploy tree export /cust -o cust.zk",
        "zkdeploy tree export --ephemeral /hosts",
    ),
)
@click.argument("path", default="/", callback=node_path)
@click.option("-e", "--ephemeral", is_flag=True, help="Include ephemeral nodes.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to FILE instead of standard output, once all is read.",
)
@json_option
@zookeeper_option
def tree_export(
    path: str, ephemeral: bool, output: Path | None, as_json: bool, zookeeper: str
) -> None:
    """Print the tree at PATH as text.

    Without PATH that is all of the tree but /revisions, which holds what was
    published: see `history` and `show`. `tree import` reads the text.

    With --json: a list of objects with `path`, `ephemeral` (true or false) and
    `properties`, parents before their children. Links are properties whose
    names end with ` ->` or ` =>`.
    """
    with open_tree(zookeeper) as zk:
        if as_json:
            text = json.dumps(_nodes(zk, path, ephemeral), indent=2) + "\n"
        else:
            text = zk.export_tree(path, ephemeral, skip=_skipped(path))
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        click.echo(text, nl=False)


def _skipped(top: str) -> tuple[str, ...]:
    return (REVISIONS,) if top == "/" else ()


def _nodes(zk: ZK, top: str, ephemeral: bool) -> list[dict[str, Any]]:
    return [
        {"path": path, "ephemeral": node.ephemeral, "properties": decode(node.data)}
        for path, node in scan(zk.bulk, top, skip=_skipped(top)).items()
        if ephemeral or not node.ephemeral
    ]
