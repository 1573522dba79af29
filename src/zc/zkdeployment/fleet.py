"""The fleet as it stands: which version it should reach, and which hosts reached it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zc.zkdeployment.model import Identity, Version, same_version


def host_identity(identifier: str, properties: Mapping[str, Any]) -> Identity:
    """Return who a host is, by its node below ``/hosts``."""
    name, role = properties.get("name"), properties.get("role")
    return Identity(identifier, str(name or identifier), str(role) if role else None)


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
