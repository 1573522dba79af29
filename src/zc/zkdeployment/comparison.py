"""Two trees, wherever they are kept, compared for the fleet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import zc.zk
from zc.zkdeployment.adapters.fleet_state import NoFleet, read_fleet
from zc.zkdeployment.adapters.revisions import Revisions
from zc.zkdeployment.baseline import live_manifests
from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.preparation import prepare
from zc.zkdeployment.revisions.fleet import RegisteredHost
from zc.zkdeployment.revisions.fleet_diff import FleetDiff, compare
from zc.zkdeployment.revisions.manifest import Manifests
from zc.zkdeployment.tree.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Live:
    """The live tree."""


@dataclass(frozen=True, slots=True)
class Published:
    """The revision of a version, ``None`` for the one published last."""

    version: Version


#: Where a tree is: live, published, or read from a source.
Side = Live | Published | Callable[[], Snapshot]


def compare_sides(before: Side, after: Side, connect: Callable[[], zc.zk.ZK]) -> FleetDiff:
    """Return what changes for the fleet from one tree to the other.

    ``connect`` is called if a side is in ZooKeeper; what it returns is closed here. Raises
    :exc:`~zc.zkdeployment.errors.Refused`, for files with mistakes too, ``BadSource``,
    :exc:`~zc.zkdeployment.errors.BadRevision`, and what :class:`zc.zk.ZK` raises.
    """
    if callable(before) and callable(after):
        return compare(_prepared(before), _prepared(after))
    zk = connect()
    try:
        hosts = _hosts(zk)
        return compare(_manifests(zk, before, hosts), _manifests(zk, after, hosts))
    finally:
        zk.close()


def _manifests(zk: zc.zk.ZK, side: Side, hosts: Sequence[RegisteredHost]) -> Manifests:
    match side:
        case Live():
            return live_manifests(zk)
        case Published(version):
            revisions = Revisions(zk.bulk.read)
            digests = revisions.manifest_digests(revisions.published(version))
            return revisions.read_manifests(digests)
        case _:
            return _prepared(side, hosts)


def _prepared(read: Callable[[], Snapshot], hosts: Sequence[RegisteredHost] = ()) -> Manifests:
    return prepare(read(), hosts).compiled.manifests


def _hosts(zk: zc.zk.ZK) -> tuple[RegisteredHost, ...]:
    try:
        return read_fleet(zk).hosts
    except NoFleet:
        return ()
