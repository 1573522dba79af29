"""``zkdeploy tree diff``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import click
from kazoo.exceptions import NoNodeError

from zc.zk import ZK, Node, decode
from zc.zk.diff import (
    Change,
    Create,
    Delete,
    Entry,
    KeepAncestor,
    KeepEphemeral,
    Update,
    compare,
    lines,
)
from zc.zk.scan import read_below
from zc.zkdeployment.cli.command import ComparingCommand
from zc.zkdeployment.cli.file_arguments import load
from zc.zkdeployment.cli.options import json_option, node_path, open_tree, zookeeper_option
from zc.zkdeployment.cli.output import print_json
from zc.zkdeployment.tree.tree_files import combine

_COLOURS = {Create: "green", Update: "yellow", Delete: "red"}
_REASONS = {KeepEphemeral: "ephemeral", KeepAncestor: "above an ephemeral node"}


@click.command(
    "diff",
    cls=ComparingCommand,
    examples=("zkdeploy tree diff *.zk *.zkx", "zkdeploy tree diff --json cust.zk"),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option(
    "--path",
    metavar="PATH",
    default="/",
    show_default=True,
    callback=node_path,
    help="Compare with what is below PATH.",
)
@json_option
@zookeeper_option
def tree_diff(files: tuple[str, ...], path: str, as_json: bool, zookeeper: str) -> int:
    """Tell what importing files would change; change nothing.

    Nodes that no file has would be deleted, as with `tree import --trim`. Files
    *.zkx add to or override what the others define. Top nodes that are in no
    file are not looked at.

    With --json: an object with `changes`, a list of objects with `action`, `path`
    and for the action "add": `properties`; "change": `old` and `new`, all
    properties before and after; "delete": nothing more; "keep": `reason`, why
    a node stays that is in no file. What is kept is no difference.
    """
    trees, problems = load(files)
    if problems:
        for problem in problems:
            click.echo(problem, err=True)
        raise click.ClickException("nothing was compared, because the files have problems")
    defined, extra = combine(trees)
    with open_tree(zookeeper) as zk:
        changes = [*_changes(zk, defined, path, True), *_changes(zk, extra, path, False)]
    differences = [change for change in changes if type(change) in _COLOURS]
    if as_json:
        print_json({"changes": [_as_data(change) for change in changes]})
    else:
        _print(changes, differences)
    return 2 if differences else 0


def _changes(zk: ZK, tree: Node, path: str, trim: bool) -> list[Change]:
    if not zk.exists(path):
        raise NoNodeError(path)
    base = path.rstrip("/")
    nodes = read_below(zk.bulk, [f"{base}/{name}" for name in tree.children]).nodes
    existing = {at: Entry(decode(node.data), node.ephemeral) for at, node in nodes.items()}
    return compare(tree, base, existing, trim)


def _print(changes: Iterable[Change], differences: Sequence[Change]) -> None:
    count = Counter(map(type, differences))
    click.echo(
        f"{count[Create]} to add, {count[Update]} to change, {count[Delete]} to delete"
        if differences
        else "nothing differs"
    )
    for change in changes:
        for line in lines([change], dry_run=True):
            click.secho(f"  {line}", fg=_COLOURS.get(type(change)))


def _as_data(change: Change) -> dict[str, Any]:
    match change:
        case Create(path, properties):
            return {"action": "add", "path": path, "properties": properties}
        case Update(path, old, new):
            return {"action": "change", "path": path, "old": old, "new": new}
        case Delete(path):
            return {"action": "delete", "path": path}
        case _:
            return {"action": "keep", "path": change.path, "reason": _REASONS[type(change)]}
