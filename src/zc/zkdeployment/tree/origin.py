"""Where a tree comes from, as a record and the ledger keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zc.zkdeployment.errors import BadRevision


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a tree comes from, for people.

    ``source`` names the repository and what of it, or the directory; it never holds
    a password. ``commit``, its ``author`` and the first line of its message, the
    ``subject``, are ``None`` where there is no version control.
    """

    source: str
    commit: str | None = None
    author: str | None = None
    subject: str | None = None


def decode_origin(found: Mapping[str, Any]) -> Origin:
    """Return the origin in a record or ledger; raises ``BadRevision``."""
    match found:
        case {
            "source": str(source),
            "commit": None | str() as commit,
            "author": None | str() as author,
            "subject": None | str() as subject,
        }:
            return Origin(source, commit, author, subject)
    raise BadRevision(f"{found!r:.200} is no origin")
