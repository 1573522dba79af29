"""Options of the commands that publish, and what they lead to."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import click

from zc.zkdeployment.cli.versions import read_version
from zc.zkdeployment.fleet_control import operator
from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.publish_rules import USUAL_SHARE, Limits
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.sources import signer_from

_Function = TypeVar("_Function", bound=Callable[..., Any])

_percent = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%").fullmatch


def _version(_: click.Context, __: click.Parameter, value: str | None) -> Version:
    return None if value is None else read_version(value)


def _share(ctx: click.Context, param: click.Parameter, value: str) -> Fraction:
    match = _percent(value)
    if not match or (share := Fraction(match[1]) / 100) > 1:
        raise click.BadParameter(f"{value!r} is not a percentage, such as 50%.", ctx, param)
    return share


_SOURCE = (
    click.option(
        "--ref",
        metavar="REF",
        help="Branch, tag or commit of a git repository; a revision of a Subversion one.",
    ),
    click.option(
        "--path",
        "subdirectory",
        metavar="DIR",
        default="",
        help="Where in the source the tree files are.",
    ),
    click.option(
        "--version",
        "as_version",
        metavar="VERSION",
        callback=_version,
        help="Publish under this version, a literal, instead of that of the source.",
    ),
    click.option(
        "--work-directory",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Keep the copy of a git repository in DIR.",
    ),
)

_LIMITS = (
    click.option(
        "--removal-limit",
        metavar="SHARE",
        callback=_share,
        default=f"{float(USUAL_SHARE):.0%}",
        show_default=True,
        help="Refuse to remove more of all deployments than this, and to remove all.",
    ),
    click.option(
        "--allow-removals",
        type=click.IntRange(min=0),
        metavar="N",
        help="Allow up to N deployments to be removed, whatever share of all that is.",
    ),
    click.option(
        "--if-index",
        type=click.IntRange(min=0),
        metavar="N",
        help="Refuse if the fleet moved since `plan --fleet` printed this index.",
    ),
)

_SIGNING = (
    click.option(
        "--sign",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="KEY",
        help="Sign the revision with the private key in this file; see `keygen`.",
    ),
    click.option(
        "--valid-for",
        type=click.IntRange(min=1, max=36_500),
        metavar="DAYS",
        help="Let the signature expire. Then hosts that come up refuse the revision.",
    ),
    click.option(
        "--serial",
        type=click.IntRange(min=1),
        metavar="N",
        help="Number the revision N: for hosts that remember those of a ZooKeeper of old.",
    ),
)


def source_options(function: _Function) -> _Function:
    """Add what says more about SOURCE."""
    return _add(_SOURCE, function)


def limit_options(function: _Function) -> _Function:
    """Add what says how much may change, for :func:`limits_of`."""
    return _add(_LIMITS, function)


def signing_options(function: _Function) -> _Function:
    """Add what says how a revision is signed, for :func:`terms_of`."""
    return _add(_SIGNING, function)


def limits_of(
    force: bool, removal_limit: Fraction, allow_removals: int | None, if_index: int | None
) -> Limits:
    """Return what a person allows."""
    return Limits(force, removal_limit, allow_removals, if_index)


def terms_of(
    sign: Path | None, valid_for: int | None, serial: int | None, reason: str | None = None
) -> Terms:
    """Return on what terms a person publishes now.

    Raises ``UsageError`` and :exc:`~zc.zkdeployment.errors.BadConfiguration`.
    """
    if valid_for and not sign:
        raise click.UsageError("--valid-for is about a signature: it goes with --sign.")
    return Terms(
        by=operator(),
        at=datetime.now(UTC),
        signer=signer_from(sign) if sign else None,
        valid_for=timedelta(days=valid_for) if valid_for else None,
        serial=serial,
        reason=reason,
    )


def _add(options: tuple[Callable[[Any], Any], ...], function: _Function) -> _Function:
    for option in reversed(options):
        function = option(function)
    return function
