"""Versions as pages show them, and as pages and people write them.

Browsers know whole numbers to 2**53 only, so that versions are texts there. What goes by
one, to and fro, is its literal: a number, or a string as JSON writes it.
"""

from __future__ import annotations

import json
import re

from zc.zkdeployment.model import Version
from zc.zkdeployment.revisions.versions import can_be_published

_LONGEST = 300  # characters of a text that is shown
_LONGEST_LITERAL = 5000  # characters

# The beginning of a commit that would else be a number, as for 'zkdeploy rollback'.
_commit = re.compile(r"[0-9]+e[0-9]+").fullmatch
_quoted = re.compile(r"'[^'\\]*'").fullmatch


class NoVersion(ValueError):
    """A text is no version; says what is one."""


def shown(version: object) -> str | bool | None:
    """Return what is shown of a version; ``None`` and ``False`` stay, as they mean other things.

    Hosts may write anything in its place.
    """
    if version is None or version is False:
        return version
    return short(version if isinstance(version, str) else repr(version))


def short(text: str) -> str:
    """Return as much of a text as a row shows: others wrote it, and it may have any length."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def literal(version: Version) -> str:
    """Return what :func:`read_literal` reads as exactly this version."""
    return json.dumps(version)


def read_literal(text: str) -> Version:
    """Return the version that a literal writes; text needs no quotes if it is like nothing else.

    Raises :exc:`NoVersion`.
    """
    text = text.strip()
    if _commit(text):
        return text
    if _quoted(text):
        return text[1:-1]
    if not 0 < len(text) <= _LONGEST_LITERAL or text in ("None", "False", "True"):
        raise _no_version(text)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        if not text[0].isalnum():  # half a quotation, a list, …
            raise _no_version(text) from None
        return text
    if not can_be_published(found):
        raise _no_version(text)
    return found


def _no_version(text: str) -> NoVersion:
    return NoVersion(
        f"{text!r:.100} is no version: that is a number, or a text, in double quotes if it is"
        " like something else"
    )
