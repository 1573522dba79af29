"""What the core needs of the fleet, as ZooKeeper holds it. Each protocol has one adapter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from zc.zkdeployment.host.turns import Turn
from zc.zkdeployment.model import Manifest, Version
from zc.zkdeployment.reports.installed_software import SoftwareSeen
from zc.zkdeployment.reports.report import Drift, Report


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

    def glance(self) -> None:
        """See the cluster version if something told that it changed; maybe not the newest.

        Before anything is begun for it, :meth:`look`.
        """

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

    def has(self, software: SoftwareSeen | None) -> None:
        """It was looked at which software the host has; ``None``: that cannot be known."""

    def current(self) -> Report:
        """Return what is reported now."""


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
        are free come first (:mod:`zc.zkdeployment.host.turns`, where ``next_host`` is explained),
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
