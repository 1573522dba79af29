"""All locks as they are now, read in a number of requests that does not grow with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import zc.zk
from zc.zk.bulk import Result
from zc.zk.operations import Delete, Operation, Set
from zc.zkdeployment.adapters import locks, role_lock
from zc.zkdeployment.adapters.hosts_node import HOSTS
from zc.zkdeployment.adapters.known_nodes import Fetch
from zc.zkdeployment.adapters.lock_marker import (
    Marker,
    encode_markers,
    markers_of,
    session_text,
)
from zc.zkdeployment.adapters.lock_nodes import host_of, in_line
from zc.zkdeployment.moments import text_of
from zc.zkdeployment.names import decode_path
from zc.zkdeployment.views.lock_states import Holder, LockState, Waiter


class _Node(NamedTuple):
    """A node that is there."""

    path: str
    data: bytes
    stat: Any
    children: Sequence[str]


_Nodes = Mapping[str, _Node]  # by path

#: The nodes below which all locks are.
ROOTS = (locks.ROOT, role_lock.ROOT)


@dataclass(frozen=True, slots=True)
class Seen:
    """A lock, its node, and of each holder what takes it from exactly the one that was seen."""

    state: LockState
    lock: str
    removals: tuple[tuple[Operation, ...], ...]


def see_locks(zk: zc.zk.ZK) -> list[Seen]:
    """Return all locks that are held or waited for; raises what :class:`zc.zk.ZK` raises."""
    zk.bulk.calls.read(partial(zk.client.sync_async, HOSTS))  # a server may lag behind
    [*roots, top] = zk.bulk.read([*ROOTS, HOSTS], data=False, children=True)
    return see_locks_below(zk.bulk.read, roots, paths_below(top))


def see_locks_below(read: Fetch, roots: Sequence[Result], hosts: Iterable[str]) -> list[Seen]:
    """Return the locks below ``roots``, which were read with the names of their children.

    ``hosts`` are the paths of the nodes of hosts. Raises what ``read`` raises.
    """
    found = list(
        _there(read((path for root in roots for path in paths_below(root)), children=True))
    )
    places = [f"{node.path}/{name}" for node in found for name in node.children]
    below = {node.path: node for node in _there(read([*hosts, *places]))}
    seen = (
        _node_lock(node, below)
        if node.path.startswith(f"{locks.ROOT}/")
        else _role_lock(node, below)
        for node in found
    )
    return [each for each in seen if each.state.holders or each.state.waiters]


def paths_below(node: Result) -> list[str]:
    """Return the paths of the children of a node, by name."""
    return [f"{node.path}/{name}" for name in sorted(node.children or ())]


def _there(nodes: Iterable[Result]) -> Iterator[_Node]:
    for node in nodes:
        if node.stat is not None:
            yield _Node(node.path, node.data, node.stat, node.children or ())


def _node_lock(node: _Node, below: _Nodes) -> Seen:
    markers = markers_of(node.data)
    queue = in_line(node.children)
    path = decode_path(node.path.rpartition("/")[2])
    holders = tuple(_holder(marker, node, below) for marker in markers)
    waiters = tuple(_waiters(node.path, queue, below))
    removals = tuple(
        (Set(node.path, encode_markers(_without(markers, number)), node.stat.version),)
        for number in range(len(markers))
    )
    return Seen(LockState("node", path, holders, waiters), node.path, removals)


def _without(markers: tuple[Marker, ...], number: int) -> tuple[Marker, ...]:
    return (*markers[:number], *markers[number + 1 :])


def _holder(marker: Marker, node: _Node, below: _Nodes) -> Holder:
    host = below.get(f"{HOSTS}/{marker.host}")
    session = session_text(host.stat.ephemeralOwner) if host else None
    return Holder(
        marker.host,
        marker.name,
        _moment(marker.since),
        _alive(marker.host, marker.name, below),
        session is not None and session == marker.session,
        marker.session,
        marker.boot,
        marker.version,
        marker.step,
        node.stat.mzxid,
    )


def _waiters(lock: str, queue: tuple[str, ...], below: _Nodes) -> Iterator[Waiter]:
    for place in queue:
        if node := below.get(f"{lock}/{place}"):
            name = zc.zk.decode(node.data).get("name")
            yield Waiter(host_of(place), _text(name), _moment(node.stat.created))


def _role_lock(node: _Node, below: _Nodes) -> Seen:
    requests = [
        found for name in sorted(node.children) if (found := below.get(f"{node.path}/{name}"))
    ]
    waiters = [_request(request) for request in requests]
    removals = tuple((Delete(first.path, first.stat.version),) for first in requests[:1])
    holders = tuple(
        Holder(first.host, first.name, first.since, _alive(first.host, first.name, below))
        for first in waiters[:1]
    )
    state = LockState("role", node.path, holders, tuple(waiters[1:]))
    return Seen(state, node.path, removals)


def _request(node: _Node) -> Waiter:
    properties = zc.zk.decode(node.data)
    host, name = (_text(properties.get(each)) for each in ("requestor", "hostname"))
    return Waiter(host, name, _moment(node.stat.created))


def _alive(host: str | None, name: str | None, below: _Nodes) -> bool:
    """Tell whether the agent of a host is registered; one of another name is another machine."""
    node = below.get(f"{HOSTS}/{host}")
    if host is None or node is None or not node.stat.ephemeralOwner:
        return False
    return name is None or zc.zk.decode(node.data).get("name") == name


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _moment(seconds: float | None) -> str | None:
    try:
        return None if seconds is None else text_of(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None
