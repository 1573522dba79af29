"""Trees to publish, what agents see of them, and publishers that can be stopped at any write."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kazoo.client import KazooClient
from kazoo.exceptions import NoNodeError

import zc.zk
from zc.zk.operations import Create
from zc.zk.scan import scan
from zc.zk.tree import walk
from zc.zkdeployment.adapters.objects import OBJECTS, object_path
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.revisions import VERSIONS, Revisions, Trust, record_path
from zc.zkdeployment.adapters.trees import Trees
from zc.zkdeployment.errors import Unreachable
from zc.zkdeployment.host.desired import gather
from zc.zkdeployment.host.observe import read_desired
from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.model import Desired, Identity, Version
from zc.zkdeployment.publication.locations import parse_location
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.publication.publisher_ports import Signer, Source
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.sources import opened
from zc.zkdeployment.sync import Outcome, State, sync
from zc.zkdeployment.tree.snapshot import SourceFile
from zc.zkdeployment.tree.tree_files import combine_all, in_order, parse_files
from zc.zkdeployment.tree.tree_parts import tree_of

LIMIT = 60  # seconds until a test that waits has failed

#: The same for each publication, so that equal trees are published as equal bytes.
TERMS = Terms("tester@ops", datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC))

LIMITS = Limits(removals=1000)

#: Who could be in a fleet: by identifier, by name, and by role.
HOSTS = (
    Identity("000000000001", "one"),
    Identity("000000000002", "two"),
    Identity("000000000003", "three"),
    Identity("000000000004", "four", "cache"),
)

#: What is wanted on each host.
Wanted = Mapping[Identity, Desired]

Files = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Release:
    """Tree files in a directory, and the version to publish them under."""

    directory: Path
    version: Version
    files: Files

    def __post_init__(self) -> None:
        for name, text in self.files.items():
            write_file(self.directory / name, text)

    @contextlib.contextmanager
    def source(self) -> Iterator[Source]:
        with opened(parse_location(str(self.directory)), version=self.version) as source:
            yield source

    def sync(self, zk: zc.zk.ZK, terms: Terms = TERMS, limits: Limits = LIMITS) -> Outcome:
        with self.source() as source:
            return sync(zk, source, terms, limits)

    def publish(self, zk: zc.zk.ZK, signer: Signer | None = None, **terms: Any) -> None:
        """Publish, which must succeed."""
        outcome = self.sync(zk, replace(TERMS, signer=signer, **terms))
        assert outcome.state is State.PUBLISHED, outcome

    def publish_again(self, zk: zc.zk.ZK) -> None:
        """Publish, unless that is done already."""
        outcome = self.sync(zk)
        assert outcome.state in (State.PUBLISHED, State.CURRENT), outcome

    @property
    def wanted(self) -> Wanted:
        """What the files want, as hosts find out that scan a tree."""
        names = in_order(self.files)
        trees, problems = parse_files(SourceFile(n, self.files[n].encode()) for n in names)
        assert problems == []
        tree = tree_of(dict(walk(combine_all(trees))))
        return {identity: gather(tree, identity) for identity in HOSTS}


def wanted_now(zk: zc.zk.ZK, trust: Trust | None = None) -> tuple[Version, Wanted | None]:
    """Return the cluster version and what it wants of each host, ``None`` while hosts wait."""
    version = zk.get_properties("/hosts").get("version")
    trees = Trees(Requests(zk), trust)
    try:
        return version, {identity: read_desired(trees, identity, version) for identity in HOSTS}
    except Unreachable:
        return version, None


def persistent(zk: zc.zk.ZK) -> dict[str, bytes]:
    """Return the data of all nodes, by path, but of ephemeral ones and the root."""
    nodes = scan(zk.bulk, consistent=True)
    return {path: node.data for path, node in nodes.items() if path != "/" and not node.ephemeral}


def copy(nodes: Mapping[str, bytes], zk: zc.zk.ZK) -> None:
    """Make nodes on an empty root."""
    zk.bulk.write(Create(path, data) for path, data in nodes.items())


def reachable(zk: zc.zk.ZK) -> dict[str, bytes]:
    """Return what :func:`persistent` does, without records and objects that are not kept."""
    revisions = Revisions(zk.bulk.read)
    kept = revisions.ledger().kept()
    needed: set[str] = set()
    for record in filter(None, revisions.records(kept)):
        digests = revisions.manifest_digests(record).values()
        files = (digest for _, digest in revisions.index(record).files)
        needed |= {record.tree, *record.shards.values(), *digests, *files}
    paths = {*map(object_path, needed), *map(record_path, kept)}
    below = (f"{OBJECTS}/", f"{VERSIONS}/")
    return {
        path: data
        for path, data in persistent(zk).items()
        if not path.startswith(below) or "/".join(path.split("/")[:4]) in paths
    }


def version_of(zk: zc.zk.ZK) -> Version:
    try:
        version: Version = zk.get_properties("/hosts").get("version")
    except NoNodeError:
        return None
    return version


class Killed(BaseException):
    """The process of a publisher is no more."""


_CREATE, _DELETE, _SET, _TRANSACTION = 1, 2, 5, 14
_WRITES = {_CREATE, _DELETE, _SET, _TRANSACTION}

#: Called with the number of each write, from 1 on, and what kind of request it is.
AtWrite = Callable[[int, int], None]


class Client(KazooClient):  # type: ignore[misc] # kazoo ships no types
    """A client that tells of each write before it is sent, and may die at one.

    ``kinds`` of all requests are noted. It dies at the write with the number ``fatal``:
    before it is sent, or with ``arrives`` after the server did it. Then nothing is sent
    any more, as by a process that was killed, whatever is still to be tidied up.
    """

    def __init__(
        self,
        servers: str,
        at_write: AtWrite = lambda _number, _kind: None,
        fatal: int | None = None,
        *,
        arrives: bool = False,
    ) -> None:
        super().__init__(servers, connection_retry={"max_tries": -1, "delay": 0.05, "backoff": 1})
        self.writes = 0
        self.kinds: list[int] = []
        self._at_write = at_write
        self._fatal = fatal
        self._arrives = arrives
        self._dead = False

    def _call(self, request: Any, answer: Any) -> Any:
        if self._dead:
            raise Killed
        self.kinds.append(request.type)
        if request.type not in _WRITES:
            return super()._call(request, answer)
        self.writes += 1
        self._at_write(self.writes, request.type)
        if self.writes != self._fatal:
            return super()._call(request, answer)
        self._dead = True
        if self._arrives:
            super()._call(request, answer)
            assert answer.wait(LIMIT)
        raise Killed


@contextlib.contextmanager
def connected(client: Client) -> Iterator[zc.zk.ZK]:
    """Provide a tree through a client, whose session ends with the context."""
    try:
        client.start(LIMIT)
        with contextlib.closing(zc.zk.ZK(client)) as zk:
            yield zk
    finally:
        client.stop()
        client.close()
