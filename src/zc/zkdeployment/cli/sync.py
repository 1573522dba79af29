"""``zkdeploy sync``."""

from __future__ import annotations

import logging
import signal
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import click

from zc.zk import ZK
from zc.zkdeployment.cli import diff_format
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.log_format import begin_log, log_format_option
from zc.zkdeployment.cli.options import json_option, open_tree, zookeeper_option
from zc.zkdeployment.cli.output import print_json
from zc.zkdeployment.cli.publish_options import (
    limit_options,
    limits_of,
    signing_options,
    source_options,
    terms_of,
)
from zc.zkdeployment.cli.signals import on_signals
from zc.zkdeployment.follow import Follower, notify
from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.locations import parse_location
from zc.zkdeployment.sources import opened
from zc.zkdeployment.sync import Outcome, State
from zc.zkdeployment.sync import sync as publish


@click.command(
    "sync",
    cls=Command,
    statuses={
        0: "published, or there was nothing to publish; with --watch: told to stop",
        1: "refused, or another error",
    },
    examples=(
        "zkdeploy sync git://https://git.example.com/fleet.git#production",
        "zkdeploy sync --dry-run --path trees svn+ssh://svn.example.com/fleet/trunk",
        "zkdeploy sync --if-index 17 site/",
        "zkdeploy sync --watch --sign /etc/zkdeploy/fleet.key git:///srv/fleet.git#main",
        "zkdeploy sync --notify",
    ),
)
@click.argument("source", required=False, type=click.Path(readable=False))  # for the Tab key
@source_options
@click.option("-n", "--dry-run", is_flag=True, help="Change nothing; show what would change.")
@click.option(
    "--force",
    is_flag=True,
    help="Publish although the fleet is stopped, on its way, at this version already, or was"
    " rolled back from it.",
)
@limit_options
@signing_options
@click.option("--watch", is_flag=True, help="Go on: publish whatever SOURCE comes to hold.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1, max=86_400.0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="With --watch: how often to look. While something is wrong, less often.",
)
@click.option(
    "--notify", "only_notify", is_flag=True, help="Have those that --watch look at once."
)
@click.option("-v", "--verbose", is_flag=True, help="Log commands of version control, too.")
@log_format_option
@json_option
@zookeeper_option
def sync(
    source: str | None,
    only_notify: bool,
    verbose: bool,
    zookeeper: str,
    log_format: str,
    **options: Any,
) -> int:
    """Publish what version control holds to the fleet.

    SOURCE is a git repository, `git://REPOSITORY#REF` with a URL or a directory for
    REPOSITORY; a Subversion URL (`svn://`, `svn+ssh://`, `file://`); or a directory. Its
    files *.zk define the tree, files *.zkx add to it or override it.

    The version is the commit, the last changed revision, or a digest of the files of a
    directory. If the fleet is at another one, and all its hosts reached that, the files
    are checked as `validate` does, the live tree is brought up to date, and the version
    of /hosts is set: all that hosts need is there before they see it. A fleet that is
    stopped is left alone. Where the version is False, hosts that are not done are not
    waited for.

    With --watch, a SIGHUP or `zkdeploy sync --notify` anywhere makes it look at once.

    With --json: an object with `state` ("published", "current", "dry run", "refused" or
    "locked"), `was` and `version`, the versions of the fleet and of SOURCE (null in the
    last two states), `reason` (or null), and of a dry run `diff`, as `zkdeploy diff --json`
    prints it, and `live`, what would change of the live tree, in lines.
    """
    if only_notify:
        if source is not None:
            raise click.UsageError("--notify goes without SOURCE: nothing is published by it.")
        with open_tree(zookeeper) as zk:
            notify(zk)
        return 0
    if source is None:
        raise click.UsageError("Missing argument 'SOURCE'.")
    begin_log(log_format, "%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("kazoo.zc.zk").setLevel(logging.INFO if verbose else logging.WARNING)
    logging.getLogger("zc.zkdeployment").setLevel(logging.DEBUG if verbose else logging.INFO)
    with open_tree(zookeeper, wait=options["watch"]) as zk:
        return _sync(zk, source, **options)


def _sync(
    zk: ZK,
    source: str,
    ref: str | None,
    subdirectory: str,
    as_version: Version,
    work_directory: Path | None,
    watch: bool,
    interval: float,
    dry_run: bool,
    as_json: bool,
    force: bool,
    removal_limit: Fraction,
    allow_removals: int | None,
    if_index: int | None,
    sign: Path | None,
    valid_for: int | None,
    serial: int | None,
) -> int:
    limits = limits_of(force, removal_limit, allow_removals, if_index)
    terms = partial(terms_of, sign, valid_for, serial)
    location = parse_location(source, ref=ref, path=subdirectory)
    if watch and (force or dry_run or as_json or if_index is not None or serial):
        raise click.UsageError(
            "--watch goes with none of --force, --dry-run, --if-index, --serial, --json."
        )
    now = terms()  # what is wrong with them is told before a service starts
    with opened(location, version=as_version, work=work_directory) as found:
        if watch:
            return _follow(Follower(zk, found, terms, limits, interval))
        outcome = publish(zk, found, now, limits, dry_run=dry_run)
    _print(outcome, as_json)
    return int(outcome.state in (State.REFUSED, State.LOCKED))


def _follow(follower: Follower) -> int:
    on_signals(
        {
            signal.SIGHUP: follower.look,
            signal.SIGTERM: follower.stop,
            signal.SIGINT: follower.stop,
        }
    )
    follower.run()
    return 0


def _print(outcome: Outcome, as_json: bool) -> None:
    publication, diff = outcome.publication, outcome.diff
    if as_json:
        print_json(
            {
                "state": outcome.state.value,
                "was": outcome.was,
                "version": outcome.version,
                "reason": outcome.reason,
                "diff": diff and diff_format.as_data(diff),
                "live": list(outcome.live),
            }
        )
    elif publication:
        changes = diff_format.counted(publication.changes)
        click.echo(f"published {publication.version!r}, was {publication.was!r}: {changes}")
    elif outcome.state is State.CURRENT:
        click.echo(f"nothing to publish: the version is {outcome.version!r} already")
    elif diff:
        click.echo(f"would publish {outcome.version!r}, is {outcome.was!r}")
        diff_format.print_diff(diff)
        diff_format.print_live(outcome.live)
