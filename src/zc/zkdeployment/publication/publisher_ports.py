"""What publishers need: sources of trees, and who signs what is published."""

from __future__ import annotations

from typing import Protocol

from zc.zkdeployment.model import Version
from zc.zkdeployment.tree.snapshot import Snapshot


class Source(Protocol):
    """Where tree files come from: a repository or a directory.

    Both methods raise :exc:`~zc.zkdeployment.errors.BadSource` where it cannot be read.
    """

    def newest(self) -> Version:
        """Return the version of what the source holds now, by the cheapest way there is."""

    def read(self) -> Snapshot:
        """Return what the source holds now."""


class Signer(Protocol):
    """Signs records."""

    @property
    def key_id(self) -> str:
        """By what others know the key."""

    def sign(self, data: bytes) -> str:
        """Return the signature of ``data``."""
