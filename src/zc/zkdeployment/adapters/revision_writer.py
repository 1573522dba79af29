"""Writing revisions to ZooKeeper, so that what is there of one is all of it.

Objects come first; nobody looks at them before a record leads there. The record, the
ledger and the cluster version change in one transaction.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from kazoo.exceptions import (
    BadVersionError,
    ConnectionLoss,
    NodeExistsError,
    NoNodeError,
    SessionExpiredError,
)

import zc.zk
from zc.zk.bulk import Result
from zc.zk.operations import Check, Create, Delete, Operation, Set
from zc.zkdeployment.adapters.hosts_node import HOSTS
from zc.zkdeployment.adapters.objects import CHUNK, OBJECTS, object_path
from zc.zkdeployment.adapters.refusals import REFUSED
from zc.zkdeployment.adapters.revisions import NOTIFY, UPDATING, VERSIONS, Revisions, record_path
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.model import Version
from zc.zkdeployment.revisions.compilation import Objects
from zc.zkdeployment.revisions.fleet import Fleet
from zc.zkdeployment.revisions.ledger import Ledger, decode_ledger, encode_ledger
from zc.zkdeployment.revisions.revision import Envelope, Record, decode_envelope, encode_envelope
from zc.zkdeployment.revisions.versions import node_name
from zc.zkdeployment.tree.tree_parts import REVISIONS

_TRIES = 5  # while connections are lost
_UNCERTAIN = (ConnectionLoss, SessionExpiredError, zc.zk.NoAnswer)


@dataclass(frozen=True, slots=True)
class RevisionWriter:
    """Writes revisions while ``guard`` holds.

    Raises :exc:`~zc.zk.errors.GuardFailed`, and what :class:`zc.zk.ZK` raises.
    """

    zk: zc.zk.ZK
    guard: Check

    def make_room(self) -> None:
        """See to it that the nodes are there below which revisions are kept."""
        paths = (REVISIONS, OBJECTS, VERSIONS, NOTIFY, REFUSED)
        missing = [node.path for node in self.zk.bulk.read(paths) if not node.exists]
        for path in missing:
            with contextlib.suppress(NodeExistsError):
                self.zk.bulk.write([Create(path)], self.guard)

    def write_objects(self, objects: Objects) -> int:
        """Write the objects that are not there, or not whole; return how many those were."""
        written = 0
        for left in reversed(range(_TRIES)):
            operations, count = self._object_operations(objects)
            written = max(written, count)
            try:
                self.zk.bulk.write(operations, self.guard)
            except (BadVersionError, NodeExistsError, NoNodeError, *_UNCERTAIN):
                if not left:
                    raise
            else:
                break
        return written

    def _object_operations(self, objects: Objects) -> tuple[list[Operation], int]:
        digests = sorted(objects)
        nodes = self.zk.bulk.read(map(object_path, digests), children=True)
        below = [f"{node.path}/{name}" for node in nodes for name in node.children or ()]
        chunks = {chunk.path: chunk.data for chunk in self.zk.bulk.read(below)}
        todo = [
            list(_object_operations(node, objects[digest], chunks))
            for digest, node in zip(digests, nodes, strict=True)
        ]
        return [operation for each in todo for operation in each], sum(map(bool, todo))

    def begin_update(self, record: Record, fleet: Fleet, before: Mapping[str, str] | None) -> None:
        """Tell whoever reads the live tree that it is on its way to a version.

        ``before`` are the digests of shards of what the live tree says now, where no record
        does: whoever comes after a publisher that was killed has to know it, too.

        Raises :exc:`~zc.zkdeployment.errors.Refused`, with nothing done, if the ``fleet``
        that this was decided upon changed meanwhile.
        """
        trees = dict.fromkeys((*Revisions(self.zk.bulk.read).begun(), record.tree))
        who = {"version": record.version, "by": record.by, "at": record.at}
        was = {} if before is None else {"before": dict(before)}
        data = zc.zk.encode({**who, "trees": list(trees), **was})
        [node] = self.zk.bulk.read([UPDATING])
        unmoved = [Check(HOSTS, fleet.node_version)] if fleet.index else []
        begin = Set(UPDATING, data) if node.exists else Create(UPDATING, data)
        try:
            self.zk.bulk.write([*unmoved, begin], self.guard)
        except (BadVersionError, NoNodeError):
            raise Refused(self._moved()) from None

    def flip(self, envelope: Envelope, ledger: Ledger, before: Ledger, fleet: Fleet) -> None:
        """Make a revision the one that the fleet should reach, in one transaction.

        The live tree is then that of this revision.

        ``before`` is the ledger, and ``fleet`` the fleet, that this was decided upon.
        Raises :exc:`~zc.zkdeployment.errors.Refused`, with nothing done, if either
        changed meanwhile.
        """
        record = envelope.record
        properties = {key: value for key, value in fleet.properties.items() if key != "stopped"}
        hosts = zc.zk.encode({**properties, "version": record.version})
        path = record_path(record.version)
        node, ledger_node = self.zk.bulk.read([path, REVISIONS])
        if ledger_node.stat is None or decode_ledger(ledger_node.data) != before:
            raise Refused("somebody else published meanwhile: nothing was done; look again")
        data = encode_envelope(envelope)
        operations: list[Operation] = [
            Set(path, data, node.stat.version) if node.stat else Create(path, data),
            Set(REVISIONS, encode_ledger(ledger), ledger_node.stat.version),
            Delete(UPDATING),
            Set(HOSTS, hosts, fleet.node_version) if fleet.index else Create(HOSTS, hosts),
        ]
        try:
            self.zk.bulk.write(operations, self.guard)
        except (BadVersionError, NoNodeError, NodeExistsError):
            raise Refused(self._moved()) from None
        except _UNCERTAIN:
            if not self._is_there(path, data):
                raise

    def prune(self, kept: Sequence[Version]) -> None:
        """Remove the revisions that are not ``kept``, and objects that nothing leads to."""
        revisions = Revisions(self.zk.bulk.read)
        names = set(map(node_name, kept))
        extra = [name for name in self.zk.get_children(VERSIONS) if name not in names]
        if not extra:
            return
        needed = set()
        for record in filter(None, revisions.records(kept)):
            needed |= {record.tree, *record.shards.values()}
            needed |= set(revisions.manifest_digests(record).values())
            needed |= {digest for _, digest in revisions.index(record).files}
        self.zk.bulk.write([Delete(f"{VERSIONS}/{name}") for name in extra], self.guard)
        unneeded = [name for name in self.zk.get_children(OBJECTS) if name not in needed]
        nodes = self.zk.bulk.read(map(object_path, unneeded), data=False, children=True)
        self.zk.bulk.write(_deletions(nodes), self.guard)

    def _moved(self) -> str:
        properties = self.zk.get_properties(HOSTS)
        return (
            f"somebody else changed {HOSTS} meanwhile, its version is "
            f"{properties.get('version')!r}: nothing was published; look again"
        )

    def _is_there(self, path: str, data: bytes) -> bool:
        self.zk.bulk.calls.read(partial(self.zk.client.sync_async, path))
        [node] = self.zk.bulk.read([path])
        return node.exists and decode_envelope(node.data) == decode_envelope(data)


def _object_operations(
    node: Result, data: bytes, chunks: Mapping[str, bytes]
) -> Iterator[Operation]:
    """Yield what brings an object to what it should be; nothing if it is so."""
    whole = data if len(data) <= CHUNK else b""
    parts = (
        {}
        if len(data) <= CHUNK
        else {
            f"{node.path}/{number}": data[start : start + CHUNK]
            for number, start in enumerate(range(0, len(data), CHUNK))
        }
    )
    if node.stat is None:
        yield Create(node.path, whole)
    elif node.data != whole:
        yield Set(node.path, whole, node.stat.version)
    there = {f"{node.path}/{name}" for name in node.children or ()}
    for path in sorted(there - parts.keys()):
        yield Delete(path)
    for path, part in parts.items():
        if path not in there:
            yield Create(path, part)
        elif chunks.get(path) != part:
            yield Set(path, part)


def _deletions(nodes: Iterable[Result]) -> Iterator[Operation]:
    for node in nodes:
        for name in node.children or ():
            yield Delete(f"{node.path}/{name}")
        yield Delete(node.path)
