"""``zkdeploy diff``."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from zc.zkdeployment.cli import diff_format
from zc.zkdeployment.cli.command import ComparingCommand
from zc.zkdeployment.cli.options import connect_to, json_option, zookeeper_option
from zc.zkdeployment.cli.output import print_json
from zc.zkdeployment.cli.progress import progress_shown
from zc.zkdeployment.cli.versions import read_published
from zc.zkdeployment.comparison import Live, Published, Side, compare_sides
from zc.zkdeployment.publication.locations import parse_location
from zc.zkdeployment.sources import opened


@click.command(
    "diff",
    cls=ComparingCommand,
    examples=(
        "zkdeploy diff live site/",
        "zkdeploy diff @ git://https://git.example.com/fleet.git#production",
        "zkdeploy diff @41 @42",
        "zkdeploy diff git:///srv/fleet.git#v1 git:///srv/fleet.git#v2",
    ),
)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--path",
    "subdirectory",
    metavar="DIR",
    default="",
    help="Where in the repositories the tree files are.",
)
@json_option
@zookeeper_option
def diff(before: str, after: str, subdirectory: str, as_json: bool, zookeeper: str) -> int:
    """Tell which deployments change from tree A to tree B, by target.

    Each is `live`, the tree in ZooKeeper; `@VERSION`, a published revision, or `@`, the
    one published last; or a SOURCE as of `sync`: a repository or a directory, or a
    tree file.

    What appears is marked +, what vanishes -, what changes ~ and what moves to another
    target or node >.

    With --json: an object with `counts` by kind of change, `before`, the number of
    deployments in A, and `changes`, a list of objects with `kind` ("appear", "vanish",
    "change" or "move"), `what` ("deployment" or "controller"), `target`, `old` and `new`
    (objects or null), and `moved_from`, a target or null.
    """
    with contextlib.ExitStack() as stack:
        one, other = (_side(text, subdirectory, stack) for text in (before, after))
        observer = stack.enter_context(progress_shown())
        found = compare_sides(one, other, lambda: connect_to(zookeeper, observer=observer))
    if as_json:
        print_json(diff_format.as_data(found))
    else:
        diff_format.print_diff(found)
    return 2 if found.changes else 0


def _side(text: str, subdirectory: str, stack: contextlib.ExitStack) -> Side:
    if text == "live":
        return Live()
    if text.startswith("@"):
        return Published(read_published(text[1:] or None))
    within = "" if Path(text).exists() else subdirectory
    return stack.enter_context(opened(parse_location(text, path=within))).read
