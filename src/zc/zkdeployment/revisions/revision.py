"""Revisions: a tree that is published under a version, as a record and objects.

Objects are bytes that are stored under their own digest: the tree files, an index of
these, a manifest for each target, and up to 16 shards that lead from a target to its
manifest. The record of a revision names the index and the shards, so whoever trusts
a record can trust every byte that it leads to (docs/adr/0009-revisions.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256

from zc.zkdeployment.errors import BadRevision
from zc.zkdeployment.model import Version
from zc.zkdeployment.moments import moment_of
from zc.zkdeployment.revisions.manifest import decode, encode
from zc.zkdeployment.revisions.versions import can_be_published
from zc.zkdeployment.tree.origin import Origin, decode_origin

is_digest = re.compile(r"[0-9a-f]{64}", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Record:
    """What makes a revision one.

    ``serial`` grows with each publication. ``at`` and ``expires`` are moments, ISO
    8601 in UTC; a revision without the second does not expire. ``by`` is who published
    it. ``tree`` is the digest of the index of its tree files, ``shards`` has those of
    the shards, by hexadecimal digit; one without targets is not there.
    """

    version: Version
    serial: int
    at: str
    by: str
    origin: Origin
    tree: str
    shards: Mapping[str, str] = field(default_factory=dict)
    expires: str | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """The text of a record as it is stored, signed by ``key`` or not at all."""

    text: str
    key: str | None = None
    signature: str | None = None

    @property
    def record(self) -> Record:
        """The record; raises ``BadRevision`` where the text is none."""
        return decode_record(self.text)


@dataclass(frozen=True, slots=True)
class Index:
    """Names and digests of tree files, and the paths of the top nodes that they have."""

    files: tuple[tuple[str, str], ...]
    tops: frozenset[str]


def digest_of(data: bytes) -> str:
    """Return the name under which bytes are stored."""
    return sha256(data).hexdigest()


def shard_of(target: str) -> str:
    """Return the shard in which a target is looked up: a hexadecimal digit."""
    return sha256(target.encode(errors="surrogatepass")).hexdigest()[0]


def encode_record(record: Record) -> str:
    """Return the text of a record, which is what is signed."""
    return encode(asdict(record)).decode()


def decode_record(text: str) -> Record:
    """Return the record that :func:`encode_record` wrote; raises ``BadRevision``."""
    document = decode(text.encode(errors="surrogatepass"), "record")
    match document:
        case {
            "version": version,
            "serial": int(serial),
            "at": str(at),
            "by": str(by),
            "origin": dict(origin),
            "tree": str(tree),
            "shards": dict(shards),
            "expires": None | str() as expires,
        } if can_be_published(version) and not isinstance(serial, bool):
            found = Record(version, serial, at, by, decode_origin(origin), tree, shards, expires)
        case _:
            raise BadRevision("a record has not the form of one")
    _check_digests([tree, *shards.values()])
    for moment in (at,) if expires is None else (at, expires):
        _check_moment(moment)
    if encode_record(found) != text:
        raise BadRevision("a record is not written as it would be published")
    return found


def encode_envelope(envelope: Envelope) -> bytes:
    """Return the bytes of the node that holds a record."""
    signed = {"key": envelope.key, "signature": envelope.signature} if envelope.key else {}
    return encode({"record": envelope.text, **signed})


def decode_envelope(data: bytes) -> Envelope:
    """Return what :func:`encode_envelope` wrote, to the byte; raises ``BadRevision``."""
    document = decode(data, "revision")
    match document:
        case {"record": str(text), "key": str(key), "signature": str(signature)}:
            found = Envelope(text, key, signature)
        case {"record": str(text)}:
            found = Envelope(text)
        case _:
            raise BadRevision("a revision has not the form of one")
    if encode_envelope(found) != data:
        raise BadRevision("a revision is not written as it would be published")
    return found


def decode_shard(data: bytes) -> Mapping[str, str]:
    """Return the digests of manifests, by target, in a shard; raises ``BadRevision``."""
    targets = decode(data, "shard").get("targets")
    if not isinstance(targets, dict):
        raise BadRevision("a shard has not the form of one")
    _check_digests(targets.values())
    return targets


def decode_index(data: bytes) -> Index:
    """Return the index of the tree files of a revision; raises ``BadRevision``."""
    match decode(data, "index of tree files"):
        case {"files": list(found), "tops": list(tops)} if all(
            isinstance(top, str) for top in tops
        ):
            files = tuple(map(_indexed, found))
        case _:
            raise BadRevision("an index of tree files has not the form of one")
    _check_digests(digest for _, digest in files)
    return Index(files, frozenset(tops))


def _indexed(found: object) -> tuple[str, str]:
    match found:
        case [str(name), str(digest)]:
            return name, digest
    raise BadRevision(f"{found!r:.200} is no tree file of an index")


def _check_moment(text: str) -> None:
    try:
        moment_of(text)
    except ValueError as error:
        raise BadRevision(f"{text!r:.100} is no moment") from error


def _check_digests(digests: Iterable[object]) -> None:
    for digest in digests:
        if not isinstance(digest, str) or not is_digest(digest):
            raise BadRevision(f"{digest!r:.100} is no digest")
