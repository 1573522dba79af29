"""Objects of revisions: bytes that are stored under their digest, large ones in chunks.

====================================== ==================================================
Node                                   Holds
====================================== ==================================================
``/revisions/objects/DIGEST``          an object, or nothing where it is in chunks
``/revisions/objects/DIGEST/NUMBER``   a chunk of a large object
====================================== ==================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from zc.zk.bulk import Result
from zc.zkdeployment.errors import BadRevision
from zc.zkdeployment.revisions.revision import digest_of
from zc.zkdeployment.tree.tree_parts import REVISIONS

OBJECTS = f"{REVISIONS}/objects"

#: Bytes of an object that one node holds; larger objects are in chunks of so many.
CHUNK = 384 * 1024

_MAX_CHUNKS = 256
_LONGEST_KEPT = 256 * 1024  # bytes of an object


class Read(Protocol):
    """Reads many nodes, with the names of their children if wanted."""

    def __call__(self, paths: Iterable[str], *, children: bool = False) -> Sequence[Result]:
        """Return what there is, in the order of ``paths``."""


def object_path(digest: str) -> str:
    """Return the path of the node that holds an object, or its chunks."""
    return f"{OBJECTS}/{digest}"


class ObjectReader:
    """Reads objects.

    Methods raise :exc:`~zc.zkdeployment.errors.BadRevision` for what is missing or damaged,
    and what ``read`` raises.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._last: dict[str, bytes] = {}

    def keep(self, objects: Mapping[str, bytes]) -> None:
        """Keep objects, by digest, so that they are not read again; large ones are not kept.

        Those that were kept before are forgotten.
        """
        self._last = {
            digest: data for digest, data in objects.items() if len(data) <= _LONGEST_KEPT
        }

    def read(self, digests: Iterable[str]) -> dict[str, bytes]:
        """Return objects by digest, each of which is there and is what its digest says."""
        asked = list(dict.fromkeys(digests))
        found = {digest: self._last[digest] for digest in asked if digest in self._last}
        wanted = [digest for digest in asked if digest not in found]
        nodes = self._read(map(object_path, wanted)) if wanted else []
        chunks = {node.path: _chunk_paths(node) for node in nodes if _in_chunks(node)}
        below = self._read(path for paths in chunks.values() for path in paths) if chunks else []
        data = {node.path: node.data for node in (*nodes, *below)}
        for digest, node in zip(wanted, nodes, strict=True):
            if not node.exists:
                raise BadRevision(f"a part of the revision is missing: {node.path}")
            parts = chunks.get(node.path, [node.path])
            found[digest] = b"".join(data[path] for path in parts)
            if digest_of(found[digest]) != digest:
                raise BadRevision(f"a part of the revision was altered or cut: {node.path}")
        return found


def _in_chunks(node: Result) -> bool:
    return node.stat is not None and not node.data and node.stat.numChildren > 0


def _chunk_paths(node: Result) -> list[str]:
    count = node.stat.numChildren if node.stat else 0
    if count > _MAX_CHUNKS:
        raise BadRevision(f"{node.path} has more than {_MAX_CHUNKS} chunks")
    return [f"{node.path}/{number}" for number in range(count)]
