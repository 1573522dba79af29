"""``zkdeploy rollout``."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Mapping
from typing import Any

import click

from zc.zk import ZK
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import json_option, open_tree, zookeeper_option
from zc.zkdeployment.cli.publish_options import (
    limit_options,
    limits_of,
    signing_options,
    source_options,
    terms_of,
)
from zc.zkdeployment.cli.rollout_follower import TIME_UP, Follower
from zc.zkdeployment.cli.versions import read_version
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.explanations.rollouts import Rollout
from zc.zkdeployment.fleet_control import resume_fleet
from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.locations import parse_location
from zc.zkdeployment.sources import opened
from zc.zkdeployment.sync import State
from zc.zkdeployment.sync import sync as publish
from zc.zkdeployment.views.overview import Overview
from zc.zkdeployment.watching import FleetWatch, read_overview

# What limits_of and terms_of take, in their order.
_LIMITS = ("force", "removal_limit", "allow_removals", "if_index")
_TERMS = ("sign", "valid_for", "serial")

_THE_SAME = ""  # what --resume stands for without a version


@click.command(
    "rollout",
    cls=Command,
    statuses={
        0: "every host that is waited for reached the version",
        1: "the fleet is stopped, the version was refused or superseded, or another error",
        TIME_UP: "the time is up, or Ctrl-C; the rollout goes on without being followed",
    },
    examples=(
        "zkdeploy rollout git:///srv/fleet.git#main --timeout 1800",
        "zkdeploy rollout --resume",
        "zkdeploy rollout --resume 42 --json",
        "zkdeploy rollout",
    ),
)
@click.argument("source", required=False, type=click.Path(readable=False))  # for the Tab key
@source_options
@click.option(
    "--resume",
    is_flag=False,
    flag_value=_THE_SAME,
    metavar="[VERSION]",
    help="Publish nothing: let a stopped fleet go on, as `zkdeploy resume` does.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Publish although the fleet is stopped, on its way, at this version already, or was"
    " rolled back from it.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Follow it no longer than this.  [default: until it is over]",
)
@click.option(
    "--all-targets",
    is_flag=True,
    help="Wait for targets of the tree, too, that no host is registered as.",
)
@limit_options
@signing_options
@json_option
@zookeeper_option
def rollout(
    source: str | None,
    resume: str | None,
    timeout: float | None,
    all_targets: bool,
    as_json: bool,
    zookeeper: str,
    **options: Any,
) -> int:
    """Publish, or resume, and follow until every host is done.

    SOURCE and its options are those of `zkdeploy sync`. Without SOURCE and --resume nothing
    is changed: the version is followed that the fleet is to reach now.

    Every registered host is waited for, and every one that was registered at the beginning.
    Targets that the tree names and no host was registered as are told, and waited for with
    --all-targets only: a host that is down for days should not fail every rollout.

    If the fleet is stopped meanwhile, or the time is up, it is told why, as `zkdeploy why`
    does. Ctrl-C ends following, not the rollout.

    With --json: an object with `result` ("done", "stopped", "superseded" or "timeout"),
    `version`, `done` and `hosts`, numbers of hosts, `missing`, those that were waited for and
    are not registered, `absent`, `seconds` and `why`, what `zkdeploy why --json` prints, or
    null.
    """
    if source is not None and resume is not None:
        raise click.UsageError("--resume publishes nothing: it goes without SOURCE.")
    began = time.monotonic()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("kazoo.zc.zk").setLevel(logging.WARNING)
    with open_tree(zookeeper) as zk:
        before = read_overview(zk)
        version = _begin(zk, before, source, resume, options)
        wanted = Rollout(version, before.hosts, all_targets)
        with contextlib.closing(FleetWatch(zk)) as fleet:
            end = None if timeout is None else began + timeout
            follower = Follower(fleet, wanted, began, end, quiet=as_json)
            try:
                verdict, seen = follower.run()
            except KeyboardInterrupt:
                click.echo("\nnot followed any more; the rollout goes on", err=True)
                return TIME_UP
            return follower.report(verdict, seen, as_json=as_json)


def _begin(
    zk: ZK, before: Overview, source: str | None, resume: str | None, options: Mapping[str, Any]
) -> Version:
    """Publish or resume what is to be followed; return its version."""
    if source is not None:
        return _publish(zk, source, options)
    if resume is not None:
        return resume_fleet(zk, read_version(resume) if resume else None).version
    if before.index == 0:
        raise Refused("there is no fleet yet, so there is nothing to follow")
    return before.goal


def _publish(zk: ZK, source: str, options: Mapping[str, Any]) -> Version:
    limits = limits_of(*map(options.__getitem__, _LIMITS))
    terms = terms_of(*map(options.__getitem__, _TERMS))
    location = parse_location(source, ref=options["ref"], path=options["subdirectory"])
    version, work = options["as_version"], options["work_directory"]
    with opened(location, version=version, work=work) as found:
        outcome = publish(zk, found, terms, limits)
    if outcome.state in (State.REFUSED, State.LOCKED):
        raise Refused(f"not published: {outcome.reason}")
    return outcome.version
