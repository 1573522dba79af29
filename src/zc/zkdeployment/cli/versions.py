"""Versions as they are written on a command line."""

from __future__ import annotations

import json
import re
import shlex

import click

from zc.zk.values import read_literal
from zc.zkdeployment.model import Version

# A commit, or the beginning of one that would else be a number: 61873e9.
_commit = re.compile(r"[0-9a-f]{40}|[0-9]+e[0-9]+").fullmatch


def read_version(text: str) -> Version:
    """Return the version that a literal writes; raises ``UsageError``."""
    try:
        version = read_literal(text.strip())
    except ValueError as error:
        quoted = shlex.quote(json.dumps(text))
        raise click.UsageError(f"{text!r}: {error}. For text write quotes: {quoted}") from error
    if isinstance(version, bool) or not isinstance(version, int | float | str):
        raise click.UsageError(f"{text!r} is no version: that is a number or a quoted string.")
    return version


def read_published(text: str | None) -> Version:
    """Return the version that names something published: text needs no quotes.

    ``None`` stays ``None``.
    """
    if text is None or _commit(text):
        return text
    try:
        return read_version(text)
    except click.UsageError:
        return text.strip()
