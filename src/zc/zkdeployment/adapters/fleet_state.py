"""The fleet, read from ``/hosts`` and the nodes of hosts below it."""

from __future__ import annotations

from functools import partial
from typing import Any

from kazoo.exceptions import NoNodeError
from kazoo.protocol.states import ZnodeStat

import zc.zk
from zc.zkdeployment.adapters.hosts_node import HOSTS
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.revisions.fleet import Fleet, RegisteredHost, host_identity

#: The version of a fleet to which nothing was published yet.
INITIAL = "initial"


class NoFleet(Refused):
    """There is no ``/hosts``."""


def initial_fleet() -> Fleet:
    """Return what stands for a fleet to which nothing was published yet.

    It is made by the first publication, and not before: agents would take a version
    without a tree for the wish to remove all that they have.
    """
    return Fleet(INITIAL, 0)


def read_cluster_node(zk: zc.zk.ZK) -> tuple[dict[str, Any], ZnodeStat]:
    """Return properties and stat of ``/hosts``, as they are now.

    Raises :exc:`NoFleet`, and what :class:`zc.zk.ZK` raises.
    """
    zk.bulk.calls.read(partial(zk.client.sync_async, HOSTS))  # a server may lag behind
    try:
        data, stat = zk.get(HOSTS)
    except NoNodeError:
        raise NoFleet(
            f"there is no {HOSTS} in ZooKeeper, so there is no fleet; is the address right?"
        ) from None
    return zc.zk.decode(data), stat


def read_fleet(zk: zc.zk.ZK) -> Fleet:
    """Return the fleet as it is now; raises what :func:`read_cluster_node` does."""
    properties, stat = read_cluster_node(zk)
    version = properties.get("version")
    return Fleet(version, stat.version + 1, read_hosts(zk), properties)


def read_hosts(zk: zc.zk.ZK) -> tuple[RegisteredHost, ...]:
    """Return the hosts that are registered, by identifier."""
    identifiers = sorted(zk.get_children(HOSTS))
    nodes = zk.bulk.read(f"{HOSTS}/{identifier}" for identifier in identifiers)
    return tuple(
        _host(identifier, zc.zk.decode(node.data))
        for identifier, node in zip(identifiers, nodes, strict=True)
        if node.exists
    )


def _host(identifier: str, properties: dict[str, Any]) -> RegisteredHost:
    error = properties.get("error")
    return RegisteredHost(
        host_identity(identifier, properties),
        properties.get("version"),
        None if error is None else str(error),
    )
