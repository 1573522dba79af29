"""What can be seen of a fleet at one moment, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from zc.zkdeployment.model import Version


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock of an application node: who owns it and who waits, first in line first.

    Both are host identifiers.
    """

    node: str
    owners: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostState:
    """A host: what its node in ZooKeeper, its files and its agent's log say.

    ``registered`` tells whether an agent runs; ``version`` and ``error`` are
    those of the host node. ``status`` is what the status file says. ``busy``
    tells whether a deployment was begun and has not ended. ``deployed`` maps
    ``PATH N`` to the version that was deployed there last.
    """

    name: str
    role: str | None = None
    registered: bool = False
    version: Version = None
    error: str | None = None
    status: str = ""
    busy: bool = False
    deployed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fleet:
    """The cluster version, all hosts, and the locks of all nodes."""

    version: Version
    hosts: tuple[HostState, ...] = ()
    locks: tuple[Lock, ...] = ()
