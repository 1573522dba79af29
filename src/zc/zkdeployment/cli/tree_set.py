"""``zkdeploy tree set``."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import click
from kazoo.exceptions import BadVersionError, NoNodeError

from zc.zk import ZK, TreeSyntaxError, decode, encode, parse_tree
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import node_path, open_tree, zookeeper_option

_TRIES = 10  # while others write to the same node


@dataclass(frozen=True, slots=True)
class Changed:
    """All properties of the node at ``path`` before and after a change."""

    path: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@click.command(
    "set",
    cls=Command,
    examples=(
        "zkdeploy tree set --create /hosts version=1",
        "zkdeploy tree set /hosts version=None",
        "zkdeploy tree set /lb/pools/cms \"address='1.2.3.4:80'\" threads=3",
        "zkdeploy tree set /lb/pools/cms --unset threads",
    ),
)
@click.argument("path", callback=node_path)
@click.argument("assignments", nargs=-1, metavar="NAME=VALUE...")
@click.option("--create", is_flag=True, help="Create the node if it is missing.")
@click.option("--unset", multiple=True, metavar="NAME", help="Remove a property or link.")
@zookeeper_option
def tree_set(
    path: str, assignments: tuple[str, ...], create: bool, unset: tuple[str, ...], zookeeper: str
) -> None:
    """Set properties of the node at PATH.

    PATH may lead through symbolic links. A VALUE is a literal as in tree text:
    a quoted string, a number, True, False, None, or a list or dict of them. The
    other properties stay as they are, even if somebody else changes them
    meanwhile. Each property is printed, old value -> new value.

    The version that the fleet should run is the property version of /hosts:
    None stops all deployments.
    """
    new = _read(assignments)
    if not new and not unset:
        raise click.UsageError("Nothing to set: give NAME=VALUE or --unset NAME.")
    if both := sorted(new.keys() & set(unset)):
        raise click.UsageError(f"{both[0]} is to be set and unset.")
    with open_tree(zookeeper) as zk:
        changed = change_properties(zk, path, new, unset, create=create)
    for name in (*new, *unset):
        before, after = _show(changed.before, name), _show(changed.after, name)
        click.echo(f"{changed.path} {name}: {before} -> {after}")


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


def change_properties(
    zk: ZK,
    path: str,
    new: Mapping[str, Any],
    unset: Collection[str] = (),
    *,
    create: bool = False,
) -> Changed:
    """Set and unset properties of the node that ``path`` leads to.

    What somebody else changes meanwhile is not lost. A node that is missing is
    made with ``create``. Raises ``NoNodeError``, and ``ClickException`` where a
    node is missing or somebody else writes to it all the time.
    """
    try:
        path = zk.resolve(path)
    except NoNodeError as error:
        if create:
            return _create(zk, path, new)
        message = f"there is no node {path}; --create makes it"
        raise click.ClickException(message) from error
    for _ in range(_TRIES):
        data, stat = zk.get(path)
        before = decode(data)
        after = {name: value for name, value in before.items() if name not in unset} | dict(new)
        try:
            zk.set(path, encode(after), stat.version)
        except BadVersionError:
            continue
        return Changed(path, before, after)
    raise click.ClickException(f"{path}: somebody else changed it {_TRIES} times; try again")


def _create(zk: ZK, path: str, properties: Mapping[str, Any]) -> Changed:
    above, _, name = path.rpartition("/")
    parent = zk.resolve(above or "/").rstrip("/")
    return Changed(zk.create(f"{parent}/{name}", encode(properties)), {}, properties)


def _show(properties: Mapping[str, Any], name: str) -> str:
    return repr(properties[name]) if name in properties else "not set"
