"""What was published when, by whom, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from zc.zkdeployment.errors import BadRevision
from zc.zkdeployment.model import Version, same_version
from zc.zkdeployment.revisions.manifest import decode, encode
from zc.zkdeployment.revisions.versions import can_be_published, node_name
from zc.zkdeployment.tree.origin import Origin, decode_origin

#: Publications that are remembered, and revisions that are kept whole.
MAX_REMEMBERED = 200
MAX_KEPT = 20

Kind = Literal["publish", "rollback"]


@dataclass(frozen=True, slots=True)
class Publication:
    """One change of the cluster version by publishing.

    ``changes`` counts by kind what it changed for targets; ``was`` is the cluster
    version before; ``reason`` is what a person said about it.
    """

    serial: int
    version: Version
    kind: Kind
    at: str
    by: str
    origin: Origin
    changes: Mapping[str, int]
    was: Version
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """All publications that are remembered, oldest first, and versions that are ``bad``.

    A version is bad that somebody rolled back from: why, by its node name.
    """

    publications: tuple[Publication, ...] = ()
    bad: Mapping[str, str] = field(default_factory=dict)

    @property
    def newest(self) -> Publication | None:
        """The last publication."""
        return self.publications[-1] if self.publications else None

    def kept(self) -> list[Version]:
        """Return the versions whose revisions are kept, those published last first."""
        versions: dict[str, Version] = {}
        for publication in reversed(self.publications):
            versions.setdefault(node_name(publication.version), publication.version)
        return list(versions.values())[:MAX_KEPT]

    def why_bad(self, version: Version) -> str | None:
        """Return why a version is bad, ``None`` if it is not."""
        return self.bad.get(node_name(version))

    def before(self, version: Version) -> Publication | None:
        """Return the last publication before that of a version, of one that is kept and not bad.

        Going back to a version makes it no newer than it is. All publications come before
        a version that was never published.
        """
        kept = {node_name(each) for each in self.kept()}
        found = [each for each in self.publications if same_version(each.version, version)]
        found = [each for each in found if each.kind == "publish"] or found
        end = self.publications.index(found[-1]) if found else None
        for publication in reversed(self.publications[:end]):
            name = node_name(publication.version)
            if not same_version(publication.version, version) and name in kept - self.bad.keys():
                return publication
        return None

    def add(self, publication: Publication, bad: Mapping[str, str]) -> Ledger:
        """Return a ledger with one more publication, which is not bad, and with more that is."""
        remembered = (*self.publications, publication)[-MAX_REMEMBERED:]
        names = {node_name(each.version) for each in remembered} - {node_name(publication.version)}
        still = {name: why for name, why in {**self.bad, **bad}.items() if name in names}
        return Ledger(remembered, still)


def encode_ledger(ledger: Ledger) -> bytes:
    """Return the bytes of the node that holds a ledger."""
    return encode(asdict(ledger))


def decode_ledger(data: bytes) -> Ledger:
    """Return what :func:`encode_ledger` wrote; nothing is an empty ledger.

    Raises :exc:`~zc.zkdeployment.errors.BadRevision`.
    """
    if not data or data == b"{}":
        return Ledger()
    match decode(data, "ledger of revisions"):
        case {"publications": list(publications), "bad": dict(bad)} if all(
            isinstance(why, str) for why in bad.values()
        ):
            return Ledger(tuple(map(_publication, publications)), bad)
    raise BadRevision("the ledger of revisions has not the form of one")


def _publication(found: Any) -> Publication:
    match found:
        case {
            "serial": int(serial),
            "version": version,
            "kind": "publish" | "rollback",
            "at": str(),
            "by": str(),
            "origin": dict(origin),
            "changes": dict(changes),
            "was": was,
            "reason": None | str(),
        } if (
            found.keys() == _FIELDS
            and can_be_published(version)
            and (was is None or isinstance(was, bool) or can_be_published(was))
            and all(type(number) is int for number in (serial, *changes.values()))
        ):
            return Publication(**{**found, "origin": decode_origin(origin)})
    raise BadRevision(f"{found!r:.200} in the ledger of revisions is no publication")


_FIELDS = set(Publication.__slots__)
