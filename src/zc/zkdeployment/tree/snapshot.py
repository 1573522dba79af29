"""What a source of trees holds at one version."""

from __future__ import annotations

from dataclasses import dataclass

from zc.zkdeployment.model import Version
from zc.zkdeployment.tree.origin import Origin


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as it was read: its ``name``, for messages too, and the bytes in it."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The tree files of a source at one version, in the order in which they are published."""

    version: Version
    files: tuple[SourceFile, ...]
    origin: Origin
