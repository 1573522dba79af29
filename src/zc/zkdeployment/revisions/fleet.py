"""The fleet as it stands: which version it should reach, and which hosts reached it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zc.zkdeployment.model import Identity, Version, same_version

#: The property of ``/hosts`` that remembers a stop.
STOPPED = "stopped"


def host_identity(identifier: str, properties: Mapping[str, Any]) -> Identity:
    """Return who a host is, by its node below ``/hosts``."""
    name, role = properties.get("name"), properties.get("role")
    return Identity(identifier, str(name or identifier), str(role) if role else None)


@dataclass(frozen=True, slots=True)
class Stop:
    """Who stopped the fleet, when (ISO 8601, UTC) and why, and at which version it was.

    ``changes`` is how often ``/hosts`` had then been set, as ZooKeeper counts.
    """

    by: str
    at: str
    reason: str | None
    version: Version
    changes: int


@dataclass(frozen=True, slots=True)
class RegisteredHost:
    """A host whose agent runs: who it is, the version that it reached, and its error."""

    identity: Identity
    version: Version = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Fleet:
    """The cluster version, all properties of ``/hosts``, and the hosts that are registered.

    ``index`` is how often ``/hosts`` was set, its creation included: whoever knows it can
    make sure that nobody set another version meanwhile. It is 0 before there is a fleet.
    """

    version: Version
    index: int
    hosts: tuple[RegisteredHost, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def node_version(self) -> int:
        """The version of ``/hosts`` as a node, which ZooKeeper counts from 0."""
        return self.index - 1

    def behind(self) -> RegisteredHost | None:
        """Return the first host that has not reached the cluster version."""
        for host in self.hosts:
            if not same_version(host.version, self.version):
                return host
        return None


def stop_of(fleet: Fleet) -> Stop | None:
    """Return what is known of the stop of a fleet that a person stopped, and nobody since."""
    return remembered_stop(fleet.properties, fleet.node_version) if fleet.version is None else None


def remembered_stop(properties: Mapping[str, Any], changes: int) -> Stop | None:
    """Return the stop that ``/hosts`` remembers, if it was not set again since.

    ``changes`` is how often it was set by now, as ZooKeeper counts.
    """
    match properties.get(STOPPED):
        case {
            "by": str(by),
            "at": str(at),
            "reason": None | str() as reason,
            "version": version,
            "changes": int(noted),
        } if noted == changes:
            return Stop(by, at, reason, version, changes)
    return None
