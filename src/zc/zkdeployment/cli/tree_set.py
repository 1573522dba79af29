"""``zkdeploy tree set``."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

import click
from kazoo.exceptions import BadVersionError

from zc.zk import ZK, TreeSyntaxError, decode, encode, parse_tree
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import node_path, open_tree, zookeeper_option

_TRIES = 10  # while others write to the same node

_Changes = tuple[Mapping[str, Any], Mapping[str, Any]]


@click.command(
    "set",
    cls=Command,
    examples=(
        "zkdeploy tree set /hosts version=None",
        "zkdeploy tree set /lb/pools/cms \"address='1.2.3.4:80'\" threads=3",
        "zkdeploy tree set /lb/pools/cms --unset threads",
    ),
)
@click.argument("path", callback=node_path)
@click.argument("assignments", nargs=-1, metavar="NAME=VALUE...")
@click.option("--unset", multiple=True, metavar="NAME", help="Remove a property or link.")
@zookeeper_option
def tree_set(
    path: str, assignments: tuple[str, ...], unset: tuple[str, ...], zookeeper: str
) -> None:
    """Set properties of the node at PATH, which may lead through symbolic links.

    A VALUE is a literal as in tree text: a quoted string, a number, True, False,
    None, or a list or dict of them. The other properties stay as they are, even
    if somebody else changes them meanwhile. Each property is printed, old value
    -> new value.

    The version that the fleet should run is the property version of /hosts:
    None stops all deployments, see the first example.
    """
    new = _read(assignments)
    if not new and not unset:
        raise click.UsageError("Nothing to set: give NAME=VALUE or --unset NAME.")
    if both := sorted(new.keys() & set(unset)):
        raise click.UsageError(f"{both[0]} is to be set and unset.")
    with open_tree(zookeeper) as zk:
        path = zk.resolve(path)
        before, after = _change(zk, path, new, unset)
    for name in (*new, *unset):
        click.echo(f"{path} {name}: {_show(before, name)} -> {_show(after, name)}")


def _read(assignments: Iterable[str]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for assignment in assignments:
        name, value = _read_assignment(assignment)
        if name in properties:
            raise click.UsageError(f"{name} is given twice.")
        properties[name] = value
    return properties


def _read_assignment(assignment: str) -> tuple[str, Any]:
    name, equals, text = assignment.partition("=")
    if not equals or "\n" in assignment or text.startswith(">"):
        raise click.UsageError(f"{assignment!r} is not of the form NAME=VALUE.")
    try:
        node = parse_tree(f"/node\n  {assignment}").children["node"]
    except TreeSyntaxError as error:
        quoted = shlex.quote(f"{name}={json.dumps(text)}")
        raise click.UsageError(
            f"{assignment!r}: {error.message}. For text write quotes: {quoted}"
        ) from error
    name = name.strip()
    if list(node.properties) != [name]:
        raise click.UsageError(f"{assignment!r}: no property can be called {name!r}.")
    return name, node.properties[name]


def _change(zk: ZK, path: str, new: Mapping[str, Any], unset: Iterable[str]) -> _Changes:
    """Return all properties before and after; writes only what nobody else changed meanwhile."""
    for _ in range(_TRIES):
        data, stat = zk.get(path)
        before = decode(data)
        after = {name: value for name, value in before.items() if name not in unset} | dict(new)
        try:
            zk.set(path, encode(after), stat.version)
        except BadVersionError:
            continue
        return before, after
    raise click.ClickException(f"{path}: somebody else changed it {_TRIES} times; try again")


def _show(properties: Mapping[str, Any], name: str) -> str:
    return repr(properties[name]) if name in properties else "not set"
