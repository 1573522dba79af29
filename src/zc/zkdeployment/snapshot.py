"""What a source of trees holds at one version."""

from __future__ import annotations

from dataclasses import dataclass

from zc.zkdeployment.model import Version
from zc.zkdeployment.tree_files import SourceFile


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


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The tree files of a source at one version, in the order in which they are published."""

    version: Version
    files: tuple[SourceFile, ...]
    origin: Origin
