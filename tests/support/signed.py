"""A fleet whose hosts act upon signed revisions only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.support.publishing import HOSTS, TERMS, Files, Release

import zc.zk
from zc.zkdeployment.adapters.objects import object_path
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.revisions import Revisions, Trust, record_path
from zc.zkdeployment.adapters.signatures import SigningKey
from zc.zkdeployment.adapters.trees import Trees
from zc.zkdeployment.errors import BadRevision
from zc.zkdeployment.host.observe import read_desired
from zc.zkdeployment.model import Desired, Version
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.revisions.revision import (
    Envelope,
    decode_envelope,
    encode_envelope,
)
from zc.zkdeployment.tree.snapshot import SourceFile

ONE = {"t.zk": "/a : web\n  version = '1'\n  /deploy\n    /one\n    /two\n"}
TWO = {"t.zk": "/a : web\n  version = '2'\n  /deploy\n    /one\n    /three\n"}


@dataclass(frozen=True, slots=True)
class Fleet:
    """A fleet whose hosts trust one key."""

    zk: zc.zk.ZK
    key: SigningKey
    directory: Path
    trust: Trust

    def publish(self, files: Files, version: Version = 1, terms: Terms | None = None) -> None:
        name = f"release-{version}"
        limits = Limits(force=True, removals=1000)
        release = Release(self.directory / name, version, files)
        assert release.sync(self.zk, terms or self.terms, limits).publication

    @property
    def terms(self) -> Terms:
        return replace(TERMS, signer=self.key)

    def desired(self, version: Version = 1, trust: Trust | None = None) -> Desired:
        """Return what the host ``one`` would do."""
        trees = Trees(Requests(self.zk), trust or self.trust)
        return read_desired(trees, HOSTS[0], version)

    def files(self, version: Version = 1) -> tuple[SourceFile, ...]:
        """Return what a rollback would publish again."""
        revisions = Revisions(self.zk.bulk.read, self.trust)
        record = revisions.record(version)
        assert record
        return revisions.files(record)

    def envelope(self, version: Version = 1) -> Envelope:
        return decode_envelope(self.zk.get(record_path(version))[0])

    def put(self, envelope: Envelope, version: Version = 1) -> None:
        self.zk.create_recursive(record_path(version), encode_envelope(envelope))

    def parts(self) -> dict[str, Callable[[], object]]:
        """Return how each node is read that the revision consists of, by path."""
        revisions = Revisions(self.zk.bulk.read)
        record = self.envelope().record
        digests = revisions.manifest_digests(record)
        listed = dict(revisions.index(record).files).values()
        one = {digests["one"], *(shard for shard in record.shards.values())}
        mine = {object_path(digest) for digest in one if self.is_read(digest)}
        theirs = {object_path(digest) for digest in (record.tree, *listed)}
        return {
            record_path(1): self.desired,
            **dict.fromkeys(sorted(mine), self.desired),
            **dict.fromkeys(sorted(theirs), self.files),
        }

    def is_read(self, digest: str) -> bool:
        """Tell whether the host ``one`` needs an object: one of another host it does not."""
        return b'"one"' in self.zk.get(object_path(digest))[0]


def refused(read: Callable[[], object], match: str | None = None) -> None:
    with pytest.raises(BadRevision, match=match):
        read()
