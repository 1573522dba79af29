"""Stopping the fleet, and letting it go on, by the hand of a person.

A stop is remembered in the property ``stopped`` of ``/hosts``, a dict with the
fields of :class:`~zc.zkdeployment.revisions.fleet.Stop`. It counts as long as nobody wrote to
``/hosts`` since: an agent that fails, or whoever sets the version in another way,
leaves it behind.
"""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from kazoo.exceptions import BadVersionError, ConnectionLoss, SessionExpiredError

import zc.zk
from zc.zkdeployment.adapters.fleet_state import read_cluster_node, read_hosts
from zc.zkdeployment.adapters.hosts_node import HOSTS
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.model import Version
from zc.zkdeployment.moments import text_of
from zc.zkdeployment.revisions.fleet import STOPPED, Stop, remembered_stop

_TRIES = 10  # while others write to /hosts
_UNCERTAIN = (ConnectionLoss, SessionExpiredError, zc.zk.NoAnswer)


@dataclass(frozen=True, slots=True)
class Stopped:
    """The fleet is stopped: by the call, or ``already``.

    ``stop`` is ``None`` if it was not stopped by :func:`stop_fleet`.
    """

    stop: Stop | None
    already: bool


@dataclass(frozen=True, slots=True)
class HostError:
    """The error that the node of a host shows."""

    host_identifier: str
    host_name: str
    error: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """The fleet has a version again.

    ``stop`` is what it ended; without one, ``errors`` are those that hosts
    showed when the fleet was resumed.
    """

    version: Version
    stop: Stop | None
    errors: tuple[HostError, ...]


class VersionNeeded(Refused):
    """Nobody but a person knows the version to resume with; ``errors`` are those of hosts."""

    def __init__(self, message: str, errors: tuple[HostError, ...]) -> None:
        self.errors = errors
        super().__init__(message)


def stop_fleet(zk: zc.zk.ZK, reason: str | None = None, by: str | None = None) -> Stopped:
    """Set the cluster version to ``None``, and remember what it was.

    ``by`` is who stops it, by default whoever runs this. A fleet that is stopped already
    is left as it is. Raises
    :exc:`~zc.zkdeployment.errors.Refused`, and what :class:`zc.zk.ZK` raises.
    """
    at = text_of(datetime.now(UTC))
    for _ in range(_TRIES):
        properties, stat = read_cluster_node(zk)
        if properties.get("version") is None:
            return Stopped(remembered_stop(properties, stat.version), already=True)
        stop = Stop(by or operator(), at, reason, properties["version"], stat.version + 1)
        stopped = {**properties, "version": None, STOPPED: asdict(stop)}
        if _replace(zk, stopped, stat.version):
            return Stopped(stop, already=False)
    raise Refused(f"{HOSTS}: somebody else changed it {_TRIES} times; try again")


def resume_fleet(zk: zc.zk.ZK, version: Version = None) -> Resumed:
    """Set the cluster version of a stopped fleet, by default to what it was before.

    Raises :exc:`~zc.zkdeployment.errors.Refused` with nothing done where the
    fleet is not stopped or somebody else changes ``/hosts`` meanwhile,
    :exc:`VersionNeeded` where it was not stopped by :func:`stop_fleet` alone and
    no version is given, and what :class:`zc.zk.ZK` raises.
    """
    properties, stat = read_cluster_node(zk)
    if (found := properties.get("version")) is not None:
        raise Refused(f"the fleet is not stopped: its version is {found!r}")
    stop = remembered_stop(properties, stat.version)
    errors = () if stop else _host_errors(zk)
    if version is None:
        if stop is None:
            raise VersionNeeded(_explain(properties), errors)
        version = stop.version
    resumed = {name: value for name, value in properties.items() if name != STOPPED}
    if not _replace(zk, resumed | {"version": version}, stat.version):
        now = read_cluster_node(zk)[0].get("version")
        raise Refused(
            f"somebody else changed {HOSTS} meanwhile, its version is {now!r}:"
            " nothing was done; look again"
        )
    return Resumed(version, stop, errors)


def _explain(properties: Mapping[str, Any]) -> str:
    why = (
        f"{HOSTS} was changed since it was stopped by a person; an agent may have stopped it, too"
        if STOPPED in properties
        else "the fleet was not stopped by 'zkdeploy stop', so its last version is not known"
    )
    return f"{why}: give the version to resume with"


def _replace(zk: zc.zk.ZK, properties: Mapping[str, Any], version: int) -> bool:
    """Write to ``/hosts`` if it was not written to since; tell whether it was so."""
    data = zc.zk.encode(properties)
    try:
        return _compare_and_set(zk, data, version)
    except _UNCERTAIN:
        # It may have been done: then this finds what it wrote.
        return _compare_and_set(zk, data, version)


def _compare_and_set(zk: zc.zk.ZK, data: bytes, version: int) -> bool:
    try:
        zk.set(HOSTS, data, version)
    except BadVersionError:
        found, stat = zk.get(HOSTS)
        return bool(found == data and stat.version == version + 1)
    return True


def _host_errors(zk: zc.zk.ZK) -> tuple[HostError, ...]:
    return tuple(
        HostError(host.identity.host_identifier, host.identity.host_name, host.error)
        for host in read_hosts(zk)
        if host.error is not None
    )


def operator() -> str:
    """Return who runs this, as ``USER@HOST``; behind sudo, who ran sudo."""
    user = os.environ.get("SUDO_USER")
    if not user:
        try:
            user = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:  # in a container, say
            user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
