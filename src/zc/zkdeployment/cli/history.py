"""``zkdeploy history``."""

from __future__ import annotations

from dataclasses import asdict

import click

from zc.zkdeployment.cli import diff_format
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import json_option, open_tree, zookeeper_option
from zc.zkdeployment.cli.output import print_json, print_table
from zc.zkdeployment.history import Entry
from zc.zkdeployment.history import history as read_history

_SHORT = 12  # characters of a version that is text


@click.command(
    "history",
    cls=Command,
    examples=("zkdeploy history", "zkdeploy history --limit 3 --json"),
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="Show the last N publications.",
)
@json_option
@zookeeper_option
def history(limit: int, as_json: bool, zookeeper: str) -> None:
    """Tell what was published when, by whom, and what it changed; newest first.

    The version of the fleet is marked with *, bad ones with !: somebody rolled back from
    them. One can roll back to those that are kept, and `show` them.

    With --json: a list of objects with `serial`, `version`, `kind` ("publish" or
    "rollback"), `at`, `by`, `origin` (`source`, `commit`, `author`, `subject`), `changes`
    by kind, `was`, `reason`, `current`, `kept` and `bad` (why, or null).
    """
    with open_tree(zookeeper) as zk:
        entries = read_history(zk)[:limit]
    if as_json:
        print_json([_as_data(entry) for entry in entries])
    elif entries:
        columns = ("", "Version", "When", "By", "What", "Changes", "From")
        print_table("Published", columns, [_row(entry) for entry in entries])
    else:
        click.echo("nothing was published yet")


def _as_data(entry: Entry) -> dict[str, object]:
    known = {"current": entry.current, "kept": entry.kept, "bad": entry.bad}
    return {**asdict(entry.publication), **known}


def _row(entry: Entry) -> tuple[str, ...]:
    publication = entry.publication
    origin = publication.origin
    mark = "*" if entry.current else "!" if entry.bad else "" if entry.kept else "gone"
    why = publication.reason or origin.subject or ""
    return (
        mark,
        str(publication.version)[:_SHORT],
        publication.at,
        publication.by,
        f"{publication.kind}: {why}" if why else publication.kind,
        diff_format.counted(publication.changes),
        origin.source,
    )
