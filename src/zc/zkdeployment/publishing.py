"""Publishing a tree: what it would change, and doing it.

Agents see the old revision or the new one, whenever a publisher is killed: what a
revision leads to is written first, then the live tree is brought up to date, then the
record, the ledger and the cluster version change in one transaction. The next run
does what is left (docs/adr/0009-revisions.md). Agents that read the live tree, because
the cluster version was set by hand, wait while it is between two versions.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kazoo.exceptions import KazooException

import zc.zk
from zc.zk.errors import GuardFailed
from zc.zk.operations import Check
from zc.zkdeployment.adapters.live_tree import LiveTree
from zc.zkdeployment.adapters.revision_writer import RevisionWriter
from zc.zkdeployment.adapters.revisions import Revisions
from zc.zkdeployment.baseline import manifests_before, tops_before
from zc.zkdeployment.errors import BadRevision, Refused
from zc.zkdeployment.model import Version
from zc.zkdeployment.moments import text_of
from zc.zkdeployment.publication.preparation import Prepared
from zc.zkdeployment.publication.publish_rules import (
    Limits,
    check_not_bad,
    check_removals,
    check_same_tree,
    check_serial,
    check_signed,
)
from zc.zkdeployment.publication.publisher_ports import Signer
from zc.zkdeployment.revisions.compilation import compile_shards
from zc.zkdeployment.revisions.fleet import Fleet
from zc.zkdeployment.revisions.fleet_diff import FleetDiff, compare
from zc.zkdeployment.revisions.ledger import Kind, Ledger, Publication
from zc.zkdeployment.revisions.manifest import Manifests
from zc.zkdeployment.revisions.revision import Envelope, Record, encode_record
from zc.zkdeployment.revisions.versions import can_be_published

logger = logging.getLogger("zc.zkdeployment.sync")


@dataclass(frozen=True, slots=True)
class Terms:
    """Who publishes when, and what else goes into the record.

    ``signer`` is ``None`` where records are not signed; they count for ``valid_for``, or
    for ever. ``serial`` is that of the record, by default the next one.
    """

    by: str
    at: datetime
    signer: Signer | None = None
    valid_for: timedelta | None = None
    serial: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What publishing ``prepared`` would mean for the ``fleet``.

    ``gone`` are the paths of top nodes that were published and are in no file any more.
    ``before`` is what the fleet was to have, where no record says it.
    """

    prepared: Prepared
    fleet: Fleet
    ledger: Ledger
    diff: FleetDiff
    gone: frozenset[str] = field(default_factory=frozenset)
    before: Manifests | None = None


def propose(zk: zc.zk.ZK, prepared: Prepared, fleet: Fleet) -> Proposal:
    """Return what publishing would mean; nothing is written."""
    ledger = Revisions(zk.bulk.read).ledger()
    before = manifests_before(zk, fleet, ledger, prepared.compiled)
    diff = compare(before.manifests, prepared.compiled.manifests)
    gone = tops_before(zk, ledger) - prepared.tops
    unrecorded = None if before.recorded else before.manifests
    return Proposal(prepared, fleet, ledger, diff, gone, unrecorded)


def check_proposal(zk: zc.zk.ZK, proposal: Proposal, limits: Limits, terms: Terms) -> None:
    """Raise :exc:`~zc.zkdeployment.errors.Refused` where a proposal must not be carried out."""
    revisions, ledger = Revisions(zk.bulk.read), proposal.ledger
    version = proposal.prepared.snapshot.version
    check_not_bad(version, ledger, limits)
    if ledger.newest and not limits.force:
        newest = _envelope_of(revisions, ledger.newest.version)
        check_signed(newest, limits, signed=terms.signer is not None)
    check_same_tree(revisions.record(version), proposal.prepared.compiled.tree)
    check_removals(proposal.diff, limits)
    check_serial(terms.serial, ledger)


def differences(zk: zc.zk.ZK, proposal: Proposal) -> tuple[str, ...]:
    """Return in words what a proposal would change of the live tree."""
    prepared = proposal.prepared
    return LiveTree(zk).differences(prepared.defined, prepared.extra, proposal.gone)


def carry_out(
    zk: zc.zk.ZK,
    proposal: Proposal,
    guard: Check,
    terms: Terms,
    kind: Kind = "publish",
    bad: Mapping[str, str] | None = None,
) -> Publication:
    """Publish what was proposed, while ``guard`` holds; ``bad`` versions are noted.

    Raises :exc:`~zc.zkdeployment.errors.Refused` where somebody else changed the fleet
    meanwhile, and what :class:`zc.zk.ZK` raises; agents then see what they saw before.
    """
    prepared, ledger = proposal.prepared, proposal.ledger
    record = _record(prepared, terms, check_serial(terms.serial, ledger))
    publication = Publication(
        serial=record.serial,
        version=record.version,
        kind=kind,
        at=record.at,
        by=record.by,
        origin=record.origin,
        changes=proposal.diff.counts,
        was=_told(proposal.fleet.version),
        reason=terms.reason,
    )
    after = ledger.add(publication, bad or {})
    writer = RevisionWriter(zk, guard)
    try:
        writer.make_room()
        count = writer.write_objects(prepared.compiled.objects)
        logger.debug("%s of %s objects written", count, len(prepared.compiled.objects))
        writer.begin_update(record, proposal.fleet, _keep(writer, proposal.before))
        LiveTree(zk, guard).update(prepared.defined, prepared.extra, proposal.gone)
        writer.flip(_envelope(record, terms), after, ledger, proposal.fleet)
    except GuardFailed:
        raise Refused(
            "the connection to ZooKeeper was lost for so long that somebody else may publish:"
            " the fleet is as it was; try again"
        ) from None
    _prune(writer, after)
    return publication


def _keep(writer: RevisionWriter, before: Manifests | None) -> Mapping[str, str] | None:
    """Write what no record says, and return the shards that lead there."""
    if before is None:
        return None
    stored = compile_shards(before)
    writer.write_objects(stored.objects)
    return stored.shards


def _envelope_of(revisions: Revisions, version: Version) -> Envelope | None:
    try:
        return revisions.envelope(version)
    except BadRevision as error:
        raise Refused(
            f"{error}. So it is not known whether the last revision was signed, and the next one"
            " has to be: to publish all the same, --force"
        ) from error


def _told(version: Version) -> Version:
    """Return a version as a ledger can tell it: by hand, anything may have been set for one."""
    if version is None or isinstance(version, bool) or can_be_published(version):
        return version
    return f"{version!r:.100}"


def _record(prepared: Prepared, terms: Terms, serial: int) -> Record:
    snapshot, compiled = prepared.snapshot, prepared.compiled
    return Record(
        version=snapshot.version,
        serial=serial,
        at=text_of(terms.at),
        by=terms.by,
        origin=snapshot.origin,
        tree=compiled.tree,
        shards=compiled.shards,
        expires=text_of(terms.at + terms.valid_for) if terms.valid_for else None,
    )


def _envelope(record: Record, terms: Terms) -> Envelope:
    text = encode_record(record)
    if terms.signer is None:
        return Envelope(text)
    return Envelope(text, terms.signer.key_id, terms.signer.sign(text.encode()))


def _prune(writer: RevisionWriter, ledger: Ledger) -> None:
    """Remove what is not kept; where that fails, the next publication does it."""
    try:
        writer.prune(ledger.kept())
    except (KazooException, GuardFailed, BadRevision) as error:
        logger.warning("Old revisions could not be removed: %s %s", type(error).__name__, error)
