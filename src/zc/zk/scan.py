"""All nodes of a tree, in a few requests a level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kazoo.exceptions import NoNodeError
from kazoo.protocol.states import ZnodeStat

from zc.zk.bulk import Bulk
from zc.zk.errors import TreeChanging
from zc.zk.garbage import uncollected
from zc.zk.multiread import Znode
from zc.zk.reading import Wanted

_FEW = 100  # nodes whose children are asked for before it is known whether they have any
_TRIES = 20
_SERVER_TREE = "/zookeeper"


@dataclass(frozen=True, slots=True)
class Scan:
    """What one walk over a tree saw: ``nodes`` by path, parents first.

    ``torn`` says that a node came or went between two looks at the same place.
    """

    nodes: Mapping[str, Znode]
    torn: bool


def scan(
    bulk: Bulk, path: str = "/", *, skip: Collection[str] = (), consistent: bool = False
) -> Mapping[str, Znode]:
    """Return the nodes at and below ``path``, by absolute path, parents first.

    Left out are the subtrees at the paths in ``skip``, and the server's own
    ``/zookeeper``. Unless ``consistent``, nodes that change meanwhile are seen as
    they were at different moments. With it, the persistent nodes are as they all
    were at one moment; ephemeral nodes, which come and go all the time, may not be.

    Raises ``NoNodeError`` if there is no node at ``path``, and :exc:`TreeChanging`.
    """
    look = _consistent if consistent else _once
    with uncollected():
        nodes = look(bulk, path, frozenset(skip) | {_SERVER_TREE})
    if not nodes:
        raise NoNodeError(path)
    return nodes


def read_below(bulk: Bulk, tops: Iterable[str], skip: Collection[str] = ()) -> Scan:
    """Return the nodes at and below those of ``tops`` that exist, without those in ``skip``."""
    nodes: dict[str, Znode] = {}
    early: dict[str, Sequence[str] | None] = {}  # children of nodes that are not read yet
    tops = [path for path in tops if path not in skip]
    wanted = Wanted(tops, tops)
    torn = False
    for reads, answers in bulk.answers(wanted):
        listed, with_children, below = [], [], []
        for path, names in zip(reads.names, answers, strict=False):
            if path in nodes:
                listed.append((path, names))
            else:
                early[path] = names
        for path, node in zip(reads.nodes, answers[len(reads.names) :], strict=True):
            if node is None:
                torn |= path not in tops
                continue
            nodes[path] = node
            if path in early:
                listed.append((path, early[path]))
            elif node.stat.numChildren:
                with_children.append(path)
        for path, names in listed:
            torn |= names is None or len(names) != nodes[path].stat.numChildren
            base = path.rstrip("/")
            for name in names or ():
                child = f"{base}/{name}"
                if child not in skip:
                    below.append(child)
        wanted.nodes += below
        if len(below) <= _FEW:
            wanted.names += below
        wanted.names += with_children
    return Scan(nodes, torn)


def _once(bulk: Bulk, path: str, skip: Collection[str]) -> Mapping[str, Znode]:
    return read_below(bulk, [path], skip).nodes


def _consistent(bulk: Bulk, path: str, skip: Collection[str]) -> Mapping[str, Znode]:
    bulk.calls.read(lambda: bulk.client.sync_async(path))
    start = bulk.client.last_zxid
    before: Scan | None = None
    for _ in range(_TRIES):
        now = read_below(bulk, [path], skip)
        if not now.torn and (_unchanged_since(start, now) or (before and _agree(before, now))):
            return now.nodes
        before = now
    raise TreeChanging(
        f"{path}: the tree below changed during each of {_TRIES} scans; "
        "wait until whoever writes it is done, then try again"
    )


def _unchanged_since(zxid: int, seen: Scan) -> bool:
    """Tell whether nothing that was seen changed after ``zxid``, which preceded the scan.

    Every node then was as it was at ``zxid``. None is missing: a parent's stat
    counts its children, and each child that was seen existed at ``zxid``.
    """
    return not any(
        (stat.mzxid > zxid or stat.pzxid > zxid) and (stat.czxid > zxid or not stat.ephemeralOwner)
        for _, stat in seen.nodes.values()
    )


def _agree(before: Scan, now: Scan) -> bool:
    """Tell whether both scans saw the same state, which then was there between the two.

    The persistent nodes must be the same, with the same data. That none of them
    came and went unseen their parents tell: a parent counts all children that come
    and go, and the ephemeral ones that did must account for the difference.
    """
    if before.torn or _persistent(before).keys() != _persistent(now).keys():
        return False
    moved = Counter(
        path.rpartition("/")[0] or "/" for path, _ in _ephemeral(before) ^ _ephemeral(now)
    )
    return all(
        old.czxid == new.czxid
        and old.mzxid == new.mzxid
        and new.cversion - old.cversion == moved[path]
        for path, old in _persistent(before).items()
        for new in (now.nodes[path].stat,)
    )


def _persistent(seen: Scan) -> dict[str, ZnodeStat]:
    return {path: node.stat for path, node in seen.nodes.items() if not node.ephemeral}


def _ephemeral(seen: Scan) -> set[tuple[str, int]]:
    return {(path, node.stat.czxid) for path, node in seen.nodes.items() if node.ephemeral}
