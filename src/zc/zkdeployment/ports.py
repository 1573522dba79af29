"""What the core needs from the world. Each protocol has one adapter, or a few."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from zc.zkdeployment.model import (
    Deployment,
    Installed,
    Manifest,
    Software,
    UnversionedDeployment,
    Version,
)
from zc.zkdeployment.packages import InstalledPackage
from zc.zkdeployment.report import Drift
from zc.zkdeployment.snapshot import Snapshot
from zc.zkdeployment.turns import Turn


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

    def checkout_begins(self, name: str) -> None:
        """Remember, over a crash too, that ``/opt/NAME`` is being checked out or built."""

    def checkout_done(self, name: str) -> None:
        """Forget what :meth:`checkout_begins` remembered."""

    def checkout_broken(self, name: str) -> bool:
        """Tell whether a checkout or build of ``/opt/NAME`` was begun and cut off."""

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


class Hosts(Protocol):
    """The hosts that are registered, as ZooKeeper holds them.

    Methods that make a request raise :exc:`~zc.zkdeployment.errors.Unreachable`.
    """

    def keep_order(self) -> bool:
        """Tell whether all hosts are to deploy nodes in the order of the tree. No request."""

    def host_identifiers(self) -> Sequence[str]:
        """Return the host identifiers."""

    def host_targets(self) -> Sequence[frozenset[str]]:
        """Return of each host the targets of a tree that it is."""


class Cluster(Hosts, Protocol):
    """The fleet, as ZooKeeper holds it.

    Whatever makes a request raises :exc:`~zc.zkdeployment.errors.Unreachable`
    where ZooKeeper does not answer, except as said below.
    """

    def connected(self) -> bool:
        """Tell whether the session is known to be alive. No request is made."""

    def look(self, *, afresh: bool = False) -> None:
        """See the cluster version; no request is made unless something told that it changed.

        What tells may be on its way: ``afresh`` makes the request anyway.
        """

    def version(self) -> Version:
        """Return the cluster version last seen. No request is made."""

    def changes(self) -> int:
        """Return how often the cluster version had been set when it was last seen."""

    def read_version(self) -> Version:
        """Read the cluster version from the server."""

    def report(self, **properties: Any) -> None:
        """Update this host's node; ``error=None`` takes the error away.

        Where ZooKeeper does not answer, :meth:`deliver` does it later.
        """

    def all_stop(self, error: str) -> None:
        """Set the cluster version to ``None`` and ``error`` on this host's node.

        Where ZooKeeper does not answer the intent is kept, over a restart of
        the agent too, and :meth:`deliver` does it later.
        """

    def deliver(self) -> None:
        """Do what :meth:`all_stop` and :meth:`report` could not do when they were called."""


class Progress(Protocol):
    """Is told what the agent does, for people who look at the fleet.

    By the thread that deploys, which it does not hold up.
    """

    def begins(self, version: Version) -> None:
        """A deployment of a version begins."""

    def step(self, words: str) -> None:
        """The next step begins; the one before succeeded."""

    def waits(self, what: str) -> None:
        """The lock of ``what``, a node or the lock node of a role, is waited for."""

    def reached(self, version: Version) -> None:
        """The deployment is done."""

    def failed(self, error: BaseException) -> None:
        """The deployment failed."""

    def abandoned(self) -> None:
        """The deployment was left between two steps."""

    def rests(self, version: Version) -> None:
        """There is nothing to do."""

    def verified(self, drift: Drift) -> None:
        """What was deployed was looked at."""

    def unrepaired(self, error: BaseException) -> None:
        """Drift could not be repaired."""


class Trees(Protocol):
    """What hosts are to do, as ZooKeeper holds it.

    Both raise :exc:`~zc.zkdeployment.errors.Unreachable` where it cannot be had now.
    """

    def read_manifests(
        self, version: Version, targets: Collection[str]
    ) -> Mapping[str, Manifest] | None:
        """Read what the revision of ``version`` wants of targets; ``None`` if there is none.

        Raises :exc:`~zc.zkdeployment.errors.BadRevision`.
        """

    def read_tree(self) -> Mapping[str, Mapping[str, Any]]:
        """Read the live tree: path → properties, in one consistent state."""


class NodeLocks(Protocol):
    """What keeps too many hosts from working on one application node at a time."""

    def turns(
        self,
        turns: Sequence[Turn],
        going_on: Callable[[], None],
        version: Version = None,
        next_host: str | None = None,
        *,
        passing_over: bool = True,
    ) -> AbstractContextManager[Iterator[tuple[Turn, int]]]:
        """Lock application nodes one after the other.

        Provides an iterator: each turn comes once, with a number greater than that of any
        holder before, and its node is locked until the next one is asked for. Nodes that
        are free come first (:mod:`zc.zkdeployment.turns`, where ``next_host`` is explained),
        unless ``passing_over`` is false. Waiting, and before each turn, ``going_on`` is
        called; what that raises ends the wait and withdraws the request. ``version``, the
        cluster version that is deployed, is for people who look at locks.
        """

    def check(self, path: str, going_on: Callable[[], None]) -> None:
        """Raise :exc:`~zc.zkdeployment.errors.Abandoned` if a lock was broken that was taken.

        While that cannot be known, it calls ``going_on`` again and again.
        """

    def owned(self) -> frozenset[str]:
        """Return the paths of nodes that this host owns although it works on none of them."""

    def disown(self, path: str) -> None:
        """Give back a node that :meth:`owned` told of."""


class RoleLocks(Protocol):
    """What keeps two hosts of a role from being out of service at a time."""

    def role(self, role: str, going_on: Callable[[], None]) -> AbstractContextManager[None]:
        """Lock a role by a persistent queue; the lock is kept when the work under it fails."""


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
