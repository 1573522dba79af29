"""Trees compiled to revisions: everything that is published of one, as objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from zc.zkdeployment.revisions.manifest import Manifests, encode, encode_manifest
from zc.zkdeployment.revisions.revision import digest_of, shard_of
from zc.zkdeployment.tree.snapshot import SourceFile

#: Digest → bytes.
Objects = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A tree, ready to be published: all ``objects``, and what a record names of them.

    ``digests`` are those of the ``manifests``, by target.
    """

    manifests: Manifests
    digests: Mapping[str, str]
    tree: str
    shards: Mapping[str, str]
    objects: Objects


@dataclass(frozen=True, slots=True)
class Shards:
    """Shards that lead to manifests, by their digests, and the ``objects`` that both are.

    ``manifests`` are the digests of these, by target.
    """

    shards: Mapping[str, str]
    manifests: Mapping[str, str]
    objects: Objects


def compile_shards(manifests: Manifests) -> Shards:
    """Return manifests as they are stored, and the shards that lead to them."""
    objects: dict[str, bytes] = {}
    digests = {
        target: _add(objects, encode_manifest(manifest)) for target, manifest in manifests.items()
    }
    shards: dict[str, dict[str, str]] = {}
    for target, digest in digests.items():
        shards.setdefault(shard_of(target), {})[target] = digest
    return Shards(
        {
            name: _add(objects, encode({"targets": targets}))
            for name, targets in sorted(shards.items())
        },
        digests,
        objects,
    )


def compile_revision(
    files: Iterable[SourceFile], tops: Iterable[str], manifests: Manifests
) -> Compiled:
    """Return everything that is published of tree files, their top nodes and manifests."""
    stored = compile_shards(manifests)
    objects = dict(stored.objects)
    index = {
        "files": [[file.name, _add(objects, file.data)] for file in files],
        "tops": sorted(tops),
    }
    tree = _add(objects, encode(index))
    return Compiled(manifests, stored.manifests, tree, stored.shards, objects)


def _add(objects: dict[str, bytes], data: bytes) -> str:
    digest = digest_of(data)
    objects[digest] = data
    return digest
