"""What the fleet was to have before something is published."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import zc.zk
from zc.zk.errors import TreeChanging
from zc.zkdeployment.adapters.live_tree import LiveTree
from zc.zkdeployment.adapters.revisions import Revisions
from zc.zkdeployment.errors import BadRevision, Refused
from zc.zkdeployment.model import Version
from zc.zkdeployment.revisions.compilation import Compiled
from zc.zkdeployment.revisions.fleet import Fleet
from zc.zkdeployment.revisions.ledger import Ledger
from zc.zkdeployment.revisions.manifest import Manifests, compile_tree

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Before:
    """What the fleet was to have, and whether a record says so."""

    manifests: Manifests
    recorded: bool


def manifests_before(zk: zc.zk.ZK, fleet: Fleet, ledger: Ledger, compiled: Compiled) -> Before:
    """Return what the fleet was to have; only what differs from ``compiled`` is read.

    Where the cluster version was not published, that is what the live tree says, or said
    before a publisher began to change it; what no host may do of it, no host has.
    Raises :exc:`~zc.zkdeployment.errors.Refused` where somebody keeps changing the live tree.
    """
    revisions = Revisions(zk.bulk.read)
    version = _version_before(fleet, ledger)
    try:
        record = revisions.record(version) if version is not None else None
        if record is not None:
            digests = revisions.manifest_digests(record)
            return Before(_published(revisions, digests, compiled), recorded=True)
        kept = revisions.digests_before()
        if kept is not None:
            return Before(_published(revisions, kept, compiled), recorded=False)
    except BadRevision as error:
        logger.warning("Comparing with the live tree: %s", error)
    return Before(live_manifests(zk), recorded=False)


def live_manifests(zk: zc.zk.ZK) -> Manifests:
    """Return what the live tree says, without what no host may do.

    Raises :exc:`~zc.zkdeployment.errors.Refused` where somebody keeps changing it.
    """
    try:
        return compile_tree(LiveTree(zk).read(), leave_out=lambda _: None)
    except TreeChanging as error:
        raise Refused(str(error)) from error


def tops_before(zk: zc.zk.ZK, ledger: Ledger) -> frozenset[str]:
    """Return the paths of top nodes that were published last, or by a publisher cut off since."""
    revisions = Revisions(zk.bulk.read)
    try:
        record = revisions.record(ledger.newest.version) if ledger.newest else None
        return revisions.tops([*([record.tree] if record else ()), *revisions.begun()])
    except BadRevision as error:
        logger.warning("Top nodes that are in no file any more stay: %s", error)
        return frozenset()


def _version_before(fleet: Fleet, ledger: Ledger) -> Version:
    if fleet.version is None or fleet.version is False:
        return ledger.newest.version if ledger.newest else None
    return fleet.version


def _published(revisions: Revisions, digests: Mapping[str, str], compiled: Compiled) -> Manifests:
    same = {target for target, digest in digests.items() if compiled.digests.get(target) == digest}
    differing = {target: digest for target, digest in digests.items() if target not in same}
    return {
        **{target: compiled.manifests[target] for target in same},
        **revisions.read_manifests(differing),
    }
