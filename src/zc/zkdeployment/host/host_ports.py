"""What the core needs of a host: its files, programs and software."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from zc.zkdeployment.model import (
    Deployment,
    Installed,
    Software,
    UnversionedDeployment,
    Version,
)
from zc.zkdeployment.tree.packages import InstalledPackage


class Commands(Protocol):
    """Runs programs.

    ``begun`` is how many were started, ``may_run_until`` the moment, by the monotonic clock,
    until which the one that runs may take; ``None`` if none does.
    """

    begun: int
    may_run_until: float | None

    def run(
        self,
        argv: Iterable[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        is_query: bool = False,
    ) -> str:
        """Log and run ``argv``; return what it printed, bounded, standard error included.

        ``env`` is added to the environment that every program gets; ``timeout``, in
        seconds, replaces the limit that every program has; with ``is_query``, whatever it
        exits with it has succeeded, and far more of what it printed is returned. Raises
        :exc:`~zc.zkdeployment.errors.CommandFailed`, and ``Abandoned`` after :meth:`end`.
        """

    def end(self) -> None:
        """End what runs, and run nothing any more. May be called from any thread."""


class Packages(Protocol):
    """A package manager."""

    def begin(self) -> None:
        """Start a deployment: what is fetched once per deployment is fetched anew."""

    def installed(self, name: str) -> InstalledPackage | None:
        """Return what is installed of a package; ``None`` for nothing."""

    def look(self, names: Sequence[str]) -> Mapping[str, InstalledPackage]:
        """Return what is installed of packages, by name; what is not installed is left out."""

    def install(self, name: str, version: str | None) -> None:
        """Bring a package to ``version``, up or down, and verify it.

        ``None`` takes whatever version there is. Raises
        :exc:`~zc.zkdeployment.errors.InstallFailed` or ``CommandFailed``.
        """

    def remove(self, name: str) -> None:
        """Remove a package."""


class BulkPackages(Packages, Protocol):
    """A package manager that changes many packages at once, or none.

    Raised are :exc:`~zc.zkdeployment.errors.InstallFailed` and ``CommandFailed``.
    """

    def install_all(self, wanted: Sequence[Software]) -> None:
        """Bring packages to their versions, and verify them; or leave all as they were."""

    def remove_all(self, names: Sequence[str], keep: Collection[str]) -> Sequence[str]:
        """Remove packages, except such as one named in ``keep`` needs; return what is gone."""


class Checkouts(Protocol):
    """A version control system that software is checked out from."""

    def recorded(self, path: str) -> str | None:
        """Return the version of the checkout at ``path`` as a tree writes it, or ``None``."""

    def same_place(self, recorded: str, version: str) -> bool:
        """Tell whether a checkout of ``recorded`` can be moved to ``version`` in place."""

    def update(self, version: str, path: str) -> None:
        """Check ``version`` out at ``path``, or move the checkout there to it."""

    def moved(self, version: str, path: str) -> str | None:
        """Tell where the checkout at ``path`` is if not where ``version`` was put, in words."""

    def commit(self, path: str) -> str | None:
        """Return the commit or revision that the checkout at ``path`` is at, if it is known."""


class HostFiles(Protocol):
    """``/opt``, ``/etc`` and the run directory of this host."""

    def installed(self) -> Installed:
        """Look at ``/opt`` and ``/etc``."""

    def software_path(self, name: str, *below: str) -> str:
        """Return the absolute path of a directory below ``/opt``, or of something in it."""

    def has_software(self, name: str) -> bool:
        """Tell whether there is anything at ``/opt/NAME``."""

    def checkout_kind(self, name: str) -> str | None:
        """Return ``'svn'`` or ``'git'`` if ``/opt/NAME`` is a checkout."""

    def remove_software(self, name: str) -> None:
        """Remove ``/opt/NAME`` if it is there."""

    def change_begins(self, name: str) -> None:
        """Remember, over a crash too, that software, a package or checkout, is being changed."""

    def change_done(self, name: str) -> None:
        """Forget what :meth:`change_begins` remembered."""

    def is_cut_off(self, name: str) -> bool:
        """Tell whether a change of software was begun and cut off."""

    def prepare_deployment(self, deployment: Deployment) -> None:
        """Make ``/etc/APP``."""

    def record_deployment(self, deployment: Deployment) -> None:
        """Write which script deployed it (``/etc/APP/PATH.N.script``)."""

    def forget_deployment(self, deployment: UnversionedDeployment) -> None:
        """Remove the files that say that it is deployed, where the script left them."""

    def forget_removed(self) -> None:
        """Forget what is deployed no more, but was not forgotten because an agent was killed."""

    def remove_configuration(self, app: str) -> None:
        """Remove the directory ``/etc/APP`` if it is there; ``OSError`` if it is not empty."""

    def read_version(self) -> Version:
        """Return the version last deployed; ``None`` if there is none or it cannot be read."""

    def write_version(self, version: Version) -> None:
        """Record the version deployed, durably; nothing is unfinished any more."""

    def begin_version(self, version: Version) -> None:
        """Record, durably, that a version is being deployed."""

    def is_unfinished(self) -> bool:
        """Tell whether a version was begun and not deployed to its end."""

    def save_status(self, version: Version, status: str) -> None:
        """Write the status file: time, process id, version, status."""
