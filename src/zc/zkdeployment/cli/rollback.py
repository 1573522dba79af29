"""``zkdeploy rollback``."""

from __future__ import annotations

from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import click

from zc.zkdeployment.cli import diff_format
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import json_option, open_tree, zookeeper_option
from zc.zkdeployment.cli.output import print_json
from zc.zkdeployment.cli.publish_options import (
    limit_options,
    limits_of,
    signing_options,
    terms_of,
)
from zc.zkdeployment.cli.versions import read_published
from zc.zkdeployment.lines import one_line
from zc.zkdeployment.rollback import rollback as roll_back


@click.command(
    "rollback",
    cls=Command,
    statuses={0: "published again", 1: "refused, or another error"},
    examples=(
        "zkdeploy rollback --reason 'checkout fails for guests'",
        "zkdeploy rollback 41",
        "zkdeploy rollback 4f2a91c",
    ),
)
@click.argument("version", required=False)
@click.option("--reason", metavar="TEXT", help="Why, for the history and for whoever publishes.")
@click.option(
    "--force",
    is_flag=True,
    help="Go back although a person stopped the fleet, or to a version that is bad.",
)
@limit_options
@signing_options
@json_option
@zookeeper_option
def rollback(
    version: str | None,
    reason: str | None,
    force: bool,
    removal_limit: Fraction,
    allow_removals: int | None,
    if_index: int | None,
    sign: Path | None,
    valid_for: int | None,
    serial: int | None,
    as_json: bool,
    zookeeper: str,
) -> None:
    """Publish a revision again that is kept; no version control is needed.

    VERSION is one that `history` shows, the beginning of a commit too; without it, the
    last good one before that of the fleet. Hosts go there from wherever they are, also
    from a failed deployment.

    The version that the fleet leaves is bad from then on: `sync` does not publish it
    again before its source has moved past it.

    With --json: the publication, an object with `serial`, `version`, `kind`, `at`, `by`,
    `origin`, `changes`, `was` and `reason`.
    """
    limits = limits_of(force, removal_limit, allow_removals, if_index)
    terms = terms_of(sign, valid_for, serial, one_line(reason or "") or None)
    with open_tree(zookeeper) as zk:
        publication = roll_back(zk, read_published(version), terms, limits)
    if as_json:
        print_json(asdict(publication))
    else:
        changes = diff_format.counted(publication.changes)
        click.echo(f"rolled back to {publication.version!r}, was {publication.was!r}: {changes}")
