"""ACLs of many nodes.

ZooKeeper has no request for those of more than one: there is one for each node, and many
are under way at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from kazoo.exceptions import KazooException, NoNodeError
from kazoo.protocol.states import ZnodeStat
from kazoo.security import ACL

from zc.zk.bulk import Bulk
from zc.zk.calls import Start
from zc.zk.progress import Work


def read_acls(bulk: Bulk, paths: Iterable[str]) -> list[tuple[Sequence[ACL], ZnodeStat] | None]:
    """Return the ACL and the stat of each node, ``None`` where there is none.

    Raises ``NoAuthError`` naming a node.
    """
    client = bulk.client
    starts = [(path, partial(client.get_acls_async, path)) for path in paths]
    return _answers(bulk, Work.ACLS_READ, starts)


def set_acls(bulk: Bulk, acls: Mapping[str, Sequence[ACL]]) -> None:
    """Set the ACLs of nodes, by path; those that are gone are passed over.

    Raises ``NoAuthError`` naming a node; those of others are set then.
    """
    client = bulk.client
    starts = [
        (path, partial(client.set_acls_async, path, list(acl))) for path, acl in acls.items()
    ]
    _answers(bulk, Work.ACLS_SET, starts)


def bring_acls(bulk: Bulk, paths: Sequence[str], acl: Sequence[ACL]) -> None:
    """Give the nodes at ``paths`` an ACL where they have another; else like :func:`set_acls`."""
    others = [
        path
        for path, found in zip(paths, read_acls(bulk, paths), strict=True)
        if found is not None and set(found[0]) != set(acl)
    ]
    set_acls(bulk, dict.fromkeys(others, acl))


def _answers(bulk: Bulk, work: Work, starts: Sequence[tuple[str, Start]]) -> list[Any]:
    """Return the answer to each request about a path; all may as well be done twice."""
    found = bulk.calls.read_all(_observed(bulk, work, [start for _, start in starts]))
    for (path, _), answer in zip(starts, found, strict=True):
        if isinstance(answer, KazooException) and not isinstance(answer, NoNodeError):
            raise type(answer)(path)
    return [None if isinstance(answer, NoNodeError) else answer for answer in found]


def _observed(bulk: Bulk, work: Work, starts: Collection[Start]) -> Iterator[Start]:
    left = len(starts)
    bulk.tell(work, 0, left)
    for start in starts:
        yield start
        left -= 1
        bulk.tell(work, 1, left)
