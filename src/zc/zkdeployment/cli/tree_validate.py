"""``zkdeploy tree validate``."""

from __future__ import annotations

from dataclasses import asdict

import click

from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import json_option
from zc.zkdeployment.cli.output import print_json
from zc.zkdeployment.cli.tree_files import load


@click.command(
    "validate",
    cls=Command,
    statuses={0: "no problems", 1: "problems in the files, or another error"},
    examples=("zkdeploy tree validate *.zk *.zkx", "zkdeploy tree validate --json cust.zk"),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@json_option
def tree_validate(files: tuple[str, ...], as_json: bool) -> int:
    """Check files of tree text, without ZooKeeper.

    All files are checked; of each the first error is printed as FILE:LINE: what
    is wrong. A top node may be in one file only, apart from *.zkx files, which
    add to what others define.

    With --json: an object with `files`, their number, and `problems`, a list of
    objects with `file`, `line` (a number or null) and `message`.
    """
    _, problems = load(files)
    if as_json:
        print_json({"files": len(files), "problems": [asdict(problem) for problem in problems]})
    else:
        for problem in problems:
            click.echo(problem)
        click.echo(_summary(len(files), len(problems)))
    return 1 if problems else 0


def _summary(files: int, problems: int) -> str:
    checked = f"{files} file{'s' * (files != 1)}"
    return f"{checked}: " + (f"{problems} problem{'s' * (problems != 1)}" if problems else "good")
