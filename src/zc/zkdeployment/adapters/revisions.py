"""Published revisions, as they are read from ZooKeeper.

====================================== ==================================================
Node                                   Holds
====================================== ==================================================
``/revisions``                         the ledger: what was published when
``/revisions/versions/VERSION``        the record of a revision
``/revisions/objects``                 what records lead to
``/revisions/updating``                there while the live tree is between two versions
``/revisions/notify``                  touched by whoever wants publishers to look at once
``/revisions/refused``                 what a publisher was refused last
====================================== ==================================================

Whatever is read is checked before it is used: an object by its digest
(:mod:`zc.zkdeployment.adapters.objects`), a record by whoever is given to
:class:`Revisions` to judge it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from zc.zk import codec
from zc.zk.bulk import Result
from zc.zkdeployment.adapters.objects import ObjectReader, Read
from zc.zkdeployment.errors import BadRevision, Refused
from zc.zkdeployment.model import Manifest, Version, same_version
from zc.zkdeployment.revisions.ledger import Ledger, decode_ledger
from zc.zkdeployment.revisions.manifest import decode_manifest
from zc.zkdeployment.revisions.revision import (
    Envelope,
    Index,
    Record,
    decode_envelope,
    decode_index,
    decode_shard,
    is_digest,
    shard_of,
)
from zc.zkdeployment.revisions.versions import node_name
from zc.zkdeployment.tree.snapshot import SourceFile
from zc.zkdeployment.tree.tree_parts import REVISIONS

VERSIONS = f"{REVISIONS}/versions"
UPDATING = f"{REVISIONS}/updating"
NOTIFY = f"{REVISIONS}/notify"

_MIN_PREFIX = 4  # characters


class Trust(Protocol):
    """Judges records, before anything that they lead to is read."""

    def check(self, envelope: Envelope, record: Record) -> None:
        """Raise :exc:`~zc.zkdeployment.errors.BadRevision` unless a record can be trusted."""


def record_path(version: Version) -> str:
    """Return the path of the node that holds the record of a version."""
    return f"{VERSIONS}/{node_name(version)}"


class Revisions:
    """Reads revisions. Without ``trust`` every record is believed.

    Methods raise :exc:`~zc.zkdeployment.errors.BadRevision` for what is damaged or
    not trusted, and what ``read`` raises.
    """

    def __init__(self, read: Read, trust: Trust | None = None) -> None:
        self._read = read
        self._objects = ObjectReader(read)
        self._trust = trust

    def ledger(self) -> Ledger:
        """Return what was published."""
        [node] = self._read([REVISIONS])
        try:
            return decode_ledger(node.data)
        except BadRevision as error:
            raise BadRevision(
                f"{REVISIONS}: {error}. What was published before cannot be known: to start anew,"
                f" 'zkdeploy tree rm --recursive {REVISIONS}', then publish"
            ) from error

    def envelope(self, version: Version) -> Envelope | None:
        """Return the record of a version as it is stored, unjudged, ``None`` without one."""
        [node] = self._read([record_path(version)])
        try:
            return decode_envelope(node.data) if node.exists else None
        except BadRevision as error:
            raise BadRevision(f"{node.path}: {error}") from error

    def record(self, version: Version) -> Record | None:
        """Return the record of a version, ``None`` if it was not published or is not kept."""
        return self.records([version])[0]

    def published(self, version: Version) -> Record:
        """Return the record of a version, ``None`` standing for the one published last.

        The beginning of a version that is text is enough, if there is only one such. It may
        look like a number: 6187319.
        Raises :exc:`~zc.zkdeployment.errors.Refused` where there is no such revision.
        """
        ledger = self.ledger()
        if ledger.newest is None:
            raise Refused("nothing was published yet; 'zkdeploy sync' does that")
        wanted = ledger.newest.version if version is None else version
        record = self.record(wanted)
        if record is None:
            longer = _longer(wanted, ledger.kept())
            record = self.record(longer[0]) if len(longer) == 1 else None
        if record is None:
            kept = ", ".join(map(repr, ledger.kept()))
            raise Refused(f"there is no revision of {wanted!r}; kept are {kept}")
        return record

    def records(self, versions: Iterable[Version]) -> list[Record | None]:
        """Return the records of versions."""
        versions = list(versions)
        nodes = self._read(map(record_path, versions))
        return [
            self._record(version, node) if node.exists else None
            for version, node in zip(versions, nodes, strict=True)
        ]

    def manifests(
        self, version: Version, targets: Collection[str]
    ) -> Mapping[str, Manifest] | None:
        """Return what a version wants of ``targets``, without those of which it wants nothing.

        That takes three requests, or four where a manifest is large, whatever the size
        of the tree; what the version read before had as well is not read again. ``None`` if
        the version has no revision; that is refused where records must be trusted.
        """
        record = self.record(version)
        if record is None:
            if self._trust:
                raise BadRevision(
                    f"version {version!r} was not published: there is no revision of it, and "
                    "this host accepts signed ones only; publish it with 'zkdeploy sync --sign'"
                )
            return None
        try:
            shards = self._shards(record, {shard_of(target) for target in targets})
            digests = _targets(shards)
            wanted = {target: digests[target] for target in targets if target in digests}
            objects = self._objects.read(wanted.values())
            found = _manifests(wanted, objects)
        except BadRevision as error:
            raise BadRevision(f"version {version!r}: {error}") from error
        self._objects.keep(shards | objects)  # most of it stays the same
        return found

    def manifest_digests(
        self, record: Record, shards: Collection[str] | None = None
    ) -> dict[str, str]:
        """Return the digests of manifests, by target, in all shards of a revision or in some."""
        return _targets(self._shards(record, shards))

    def _shards(self, record: Record, shards: Collection[str] | None) -> dict[str, bytes]:
        wanted = record.shards.keys() if shards is None else record.shards.keys() & shards
        return self._objects.read(record.shards[shard] for shard in sorted(wanted))

    def read_manifests(self, digests: Mapping[str, str]) -> dict[str, Manifest]:
        """Return manifests, by target, that have these digests."""
        return _manifests(digests, self._objects.read(digests.values()))

    def index(self, record: Record) -> Index:
        """Return which tree files a revision has."""
        [index] = self._objects.read([record.tree]).values()
        return decode_index(index)

    def begun(self) -> tuple[str, ...]:
        """Return the digests of the indexes of trees that the live tree may be half of."""
        [node] = self._read([UPDATING])
        found = codec.decode(node.data).get("trees")
        found = found if isinstance(found, list) else []
        return tuple(filter(_may_be_digest, found))

    def digests_before(self) -> dict[str, str] | None:
        """Return the digests of manifests, by target, of what there was before that.

        ``None`` where the live tree is that of one version, or where a record tells.
        """
        [node] = self._read([UPDATING])
        shards = codec.decode(node.data).get("before")
        if shards is None:
            return None
        if not isinstance(shards, dict) or not all(map(_may_be_digest, shards.values())):
            raise BadRevision(f"{UPDATING}: what was published before has not the form of shards")
        return _targets(self._objects.read(shards.values()))

    def tops(self, trees: Iterable[str]) -> frozenset[str]:
        """Return the paths of top nodes of trees; ``trees`` are the digests of their indexes."""
        indexes = map(decode_index, self._objects.read(trees).values())
        return frozenset[str]().union(*(index.tops for index in indexes))

    def files(self, record: Record) -> tuple[SourceFile, ...]:
        """Return the tree files of a revision."""
        listed = self.index(record).files
        objects = self._objects.read(digest for _, digest in listed)
        return tuple(SourceFile(name, objects[digest]) for name, digest in listed)

    def _record(self, version: Version, node: Result) -> Record:
        try:
            envelope = decode_envelope(node.data)
            record = envelope.record
            if not same_version(record.version, version):
                raise BadRevision(f"its record is that of version {record.version!r}")
            if self._trust:
                self._trust.check(envelope, record)
        except BadRevision as error:
            raise BadRevision(f"version {version!r}: {error}") from error
        return record


def _may_be_digest(found: object) -> bool:
    return isinstance(found, str) and is_digest(found) is not None


def _targets(shards: Mapping[str, bytes]) -> dict[str, str]:
    """Return the digests of manifests that shards lead to, by target."""
    return {
        target: digest for data in shards.values() for target, digest in decode_shard(data).items()
    }


def _manifests(digests: Mapping[str, str], objects: Mapping[str, bytes]) -> dict[str, Manifest]:
    found = {}
    for target, digest in digests.items():
        found[target] = decode_manifest(objects[digest])
        if found[target].target != target:
            raise BadRevision(f"the manifest of {target!r} is that of another target")
    return found


def _longer(beginning: Version, versions: Iterable[Version]) -> list[Version]:
    """Return the versions that a person may mean by the beginning of one."""
    text = str(beginning)
    if isinstance(beginning, bool | float) or len(text) < _MIN_PREFIX:
        return []
    return [each for each in versions if isinstance(each, str) and each.startswith(text)]
