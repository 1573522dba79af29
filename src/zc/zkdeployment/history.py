"""What was published: all of it in short, and one revision in full."""

from __future__ import annotations

from dataclasses import dataclass

import zc.zk
from zc.zkdeployment.adapters.fleet_state import read_fleet
from zc.zkdeployment.adapters.revisions import Revisions
from zc.zkdeployment.model import Version, same_version
from zc.zkdeployment.revisions.fleet_diff import FleetDiff, compare
from zc.zkdeployment.revisions.ledger import Publication
from zc.zkdeployment.revisions.manifest import Manifests
from zc.zkdeployment.revisions.revision import Record
from zc.zkdeployment.tree.snapshot import SourceFile


@dataclass(frozen=True, slots=True)
class Entry:
    """A publication, and what is known of it now.

    ``current``: the fleet should reach it; ``kept``: one can go back to it; ``bad``: why
    it is not published again.
    """

    publication: Publication
    current: bool
    kept: bool
    bad: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A revision in full.

    ``key`` is the id of the key that signed it. ``diff`` is what it changed, ``None``
    where the revision before it is not kept.
    """

    record: Record
    key: str | None
    publications: tuple[Publication, ...]
    bad: str | None
    files: tuple[SourceFile, ...]
    manifests: Manifests
    diff: FleetDiff | None


def history(zk: zc.zk.ZK) -> tuple[Entry, ...]:
    """Return all publications that are remembered, newest first."""
    ledger = Revisions(zk.bulk.read).ledger()
    version = read_fleet(zk).version
    kept = ledger.kept()
    newest_first = ledger.publications[::-1]
    current = next((p for p in newest_first if same_version(p.version, version)), None)
    return tuple(
        Entry(
            publication,
            publication is current,
            any(same_version(publication.version, each) for each in kept),
            ledger.why_bad(publication.version),
        )
        for publication in newest_first
    )


def show(zk: zc.zk.ZK, version: Version) -> Shown:
    """Return a revision that is kept, by default the one published last.

    Raises :exc:`~zc.zkdeployment.errors.Refused` where there is none, and
    :exc:`~zc.zkdeployment.errors.BadRevision`.
    """
    revisions = Revisions(zk.bulk.read)
    ledger = revisions.ledger()
    record = revisions.published(version)
    version = record.version
    envelope = revisions.envelope(version)
    manifests = _manifests(revisions, record)
    return Shown(
        record,
        envelope.key if envelope else None,
        tuple(p for p in ledger.publications if same_version(p.version, version)),
        ledger.why_bad(version),
        revisions.files(record),
        manifests,
        _changed(revisions, ledger.publications, record, manifests),
    )


def signed_with(zk: zc.zk.ZK) -> str | None:
    """Return the id of the key that signed the revision published last, ``None`` without one.

    Raises :exc:`~zc.zkdeployment.errors.BadRevision`, and what :class:`zc.zk.ZK` raises.
    """
    revisions = Revisions(zk.bulk.read)
    newest = revisions.ledger().newest
    envelope = revisions.envelope(newest.version) if newest else None
    return envelope.key if envelope else None


def _changed(
    revisions: Revisions,
    publications: tuple[Publication, ...],
    record: Record,
    manifests: Manifests,
) -> FleetDiff | None:
    """Compare a revision with the one that was published before it."""
    serials = [publication.serial for publication in publications]
    if record.serial not in serials:
        return None
    position = serials.index(record.serial)
    if position == 0:
        return compare({}, manifests) if record.serial == 1 else None
    before = revisions.record(publications[position - 1].version)
    return compare(_manifests(revisions, before), manifests) if before else None


def _manifests(revisions: Revisions, record: Record) -> Manifests:
    return revisions.read_manifests(revisions.manifest_digests(record))
