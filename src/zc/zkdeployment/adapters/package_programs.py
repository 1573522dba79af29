"""What is said to dnf or apt: the little in which they differ."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from zc.zkdeployment.adapters.package_manager import PackageManager
from zc.zkdeployment.host.package_records import PackageRecord
from zc.zkdeployment.model import Software

Records = Collection[PackageRecord]


class TakesAlong(Exception):
    """A removal was not begun because it would have taken along what has to stay."""


class Programs(Protocol):
    """What is said to one package manager, and to the one below it that has the database.

    All raise :exc:`~zc.zkdeployment.errors.CommandFailed`. Each change is one transaction.
    """

    manager: PackageManager

    def begin(self) -> None:
        """Start a deployment: what is offered is fetched anew before the first change."""

    def query(self, names: Sequence[str]) -> Records:
        """Return what is installed of packages, and maybe more."""

    def everything(self) -> Records:
        """Return all packages that are installed."""

    def install(self, wanted: Sequence[Software]) -> None:
        """Bring packages to versions, up or down."""

    def reinstall(self, records: Records) -> None:
        """Install packages again, in the version that they have."""

    def remove(self, records: Records, keep: Collection[str]) -> None:
        """Remove packages, with what needs them.

        Raises :exc:`TakesAlong`, before anything is changed, if ``keep`` has the name of one
        that would go along.
        """

    def restore(self, records: Records) -> None:
        """Install packages in exactly these versions, as far as they are to be had."""
