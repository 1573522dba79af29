"""``zkdeploy tree get``."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

import click

from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import json_option, node_path, open_tree, zookeeper_option
from zc.zkdeployment.lines import one_line

_prefix = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch


def _checked_prefix(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _prefix(value):
        raise click.BadParameter(f"{value!r:.200} cannot begin a shell variable.", ctx, param)
    return value


@click.command(
    "get",
    cls=Command,
    examples=(
        "zkdeploy tree get /hosts",
        "zkdeploy tree get /lb/pools/cms threads",
        'eval "$(zkdeploy tree get --shell zk_ /lb/pools/cms)"; echo "$zk_threads"',
    ),
)
@click.argument("path", callback=node_path)
@click.argument("name", required=False)
@click.option(
    "--shell",
    metavar="PREFIX",
    callback=_checked_prefix,
    help="Print assignments for sh, to variables that are called PREFIX and the name.",
)
@json_option
@zookeeper_option
def tree_get(
    path: str, name: str | None, shell: str | None, as_json: bool, zookeeper: str
) -> None:
    """Print properties of the node at PATH.

    PATH may lead through symbolic links; what is behind property links is printed, too.
    With NAME the value of that property is printed alone: a text as it is, else as in JSON.

    With --shell, what cannot be part of a variable is `_` in it. A text is assigned as it
    is, true and false as these words, null as an empty text, all else as in JSON.

    With --json: an object of all properties, or the value of one.
    """
    with open_tree(zookeeper) as zk:
        found = dict(zk.properties(path, watch=False))
    if name is not None and name not in found:
        raise click.ClickException(f"{path} has no property {name!r:.200}")
    if shell is not None:
        chosen = found if name is None else {name: found[name]}
        click.echo("\n".join(_assignments(chosen, shell, path)))
    elif as_json:
        click.echo(json.dumps(found if name is None else found[name], indent=2))
    elif name is not None:
        click.echo(_text(found[name]))
    else:
        for each, value in sorted(found.items()):
            click.echo(one_line(f"{each} = {value!r}"))


def _assignments(properties: Mapping[str, Any], prefix: str, path: str) -> list[str]:
    """Return a line for each property."""
    names: dict[str, str] = {}
    for name in sorted(properties):
        variable = prefix + re.sub(r"[^A-Za-z0-9_]", "_", name)
        if variable in names:
            raise click.ClickException(
                f"{path} has properties {names[variable]!r} and {name!r},"
                f" which would both be {variable}: ask for one of them"
            )
        names[variable] = name
    return [
        f"{variable}={shlex.quote(_text(properties[name]))}" for variable, name in names.items()
    ]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)
