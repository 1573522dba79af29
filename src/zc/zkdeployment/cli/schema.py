"""``zkdeploy schema``."""

from __future__ import annotations

from importlib.resources import files

import click

from zc.zkdeployment.cli.command import Command

_SUFFIX = ".json"
_THE_SAME = {"tree-validate": "validate"}


def schema_names() -> list[str]:
    """Return what there are schemas of: commands, with dashes for spaces."""
    found = (entry.name for entry in files("zc.zkdeployment").joinpath("schemas").iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX))


def schema_text(name: str) -> str:
    """Return a schema, which is one of :func:`schema_names`."""
    directory = files("zc.zkdeployment").joinpath("schemas")
    return directory.joinpath(f"{name}{_SUFFIX}").read_text(encoding="utf-8")


@click.command(
    "schema",
    cls=Command,
    statuses={0: "printed", 2: "wrong usage: there is no such schema, say"},
    examples=("zkdeploy schema", "zkdeploy schema status", "zkdeploy schema locks list"),
)
@click.argument("command", nargs=-1)
def schema(command: tuple[str, ...]) -> None:
    """Print the JSON schema of what a command prints with --json.

    Without COMMAND: the names of all. Of `status HOST` it is that of `status host`, of
    `plan --fleet` that of `plan fleet`; `notification` is that of what webhooks get.

    This release prints what its schemas say and nothing else; a later one may print more in
    an object.
    """
    names = schema_names()
    if not command:
        click.echo("\n".join(names))
        return
    name = "-".join(command)
    name = _THE_SAME.get(name, name)
    if name not in names:
        raise click.UsageError(f"There is no schema {name!r}; there are {', '.join(names)}.")
    click.echo(schema_text(name), nl=False)
