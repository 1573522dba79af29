"""The words of the domain, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from zc.zkdeployment.parallel import MaxParallel

#: The version of a fleet or a host: a number or a string. ``None`` is the all
#: stop, ``False`` means "hold still, publish freely" (agent.txt, "Fail safe
#: error handling").
Version = int | float | str | bool | None


def same_version(one: Version, other: Version) -> bool:
    """Tell whether two versions are the same; ``0`` and ``False`` are not."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _orderly(fields: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return ``fields`` as a key that orders ``None`` before every value."""
    return tuple((field is not None, field) for field in fields)


class _Ordered:
    """Orders tuples of which a field may be ``None``."""

    __slots__ = ()

    def __lt__(self, other: Any) -> bool:
        return _orderly(tuple(self)) < _orderly(tuple(other))  # type: ignore[arg-type] # a tuple, by the classes below

    def __gt__(self, other: Any) -> bool:
        return _orderly(tuple(self)) > _orderly(tuple(other))  # type: ignore[arg-type] # likewise

    def __le__(self, other: Any) -> bool:
        return not self > other

    def __ge__(self, other: Any) -> bool:
        return not self < other


class _DeploymentFields(NamedTuple):
    app: str
    subtype: str | None
    version: str | None
    rpm_name: str
    path: str
    n: int


class Deployment(_Ordered, _DeploymentFields):
    """Something that the tree wants on a host: instance ``n`` of the node at ``path``.

    ``rpm_name`` names the software and its directory below ``/opt``; ``app``
    is the application, ``rpm_name`` without a version. ``version`` is ``None``
    where the software's name carries the version.
    """

    __slots__ = ()


class _UnversionedDeploymentFields(NamedTuple):
    app: str
    rpm_name: str
    path: str
    n: int


class UnversionedDeployment(_Ordered, _UnversionedDeploymentFields):
    """Something that is deployed on a host, as ``/etc/APP`` tells."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this host is: the names under which a tree may deploy to it."""

    host_identifier: str
    host_name: str
    role: str | None = None

    @property
    def targets(self) -> frozenset[str]:
        """The targets of a tree that are this host."""
        return frozenset({self.host_identifier, self.host_name, self.role or self.host_name})


@dataclass(frozen=True, slots=True)
class Software:
    """A directory below ``/opt`` and what it should hold.

    ``version`` is a package version, the URL of a checkout, or ``None`` where
    the name carries the version and any release will do.
    """

    name: str
    version: str | None

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class TargetDeployment:
    """What ``node`` deploys to one target: ``n`` instances, which may be none.

    ``version`` is ``None`` where the name of the ``software`` carries it; ``timeout``,
    the seconds that each of its scripts may take, and ``max_parallel``, how many hosts may
    work on the node at once, where the tree does not say.
    """

    node: str
    software: str
    subtype: str | None
    version: str | None
    n: int
    timeout: float | None = None
    max_parallel: MaxParallel | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that a tree wants of one ``target``: a host identifier, host name or role.

    The deployments are in tree order. A role may have a controller.
    """

    target: str
    deployments: tuple[TargetDeployment, ...] = ()
    controller: Software | None = None


@dataclass(frozen=True, slots=True)
class Desired:
    """What the tree wants on one host: deployments in tree order, and the role's controller.

    ``timeouts`` are the seconds that a deployment script may take, and ``max_parallel`` how
    many hosts may work at once, by the path of the node, where the tree says.
    """

    deployments: tuple[Deployment, ...] = ()
    controller: Software | None = None
    timeouts: Mapping[str, float] = field(default_factory=dict)
    max_parallel: Mapping[str, MaxParallel] = field(default_factory=dict)

    @property
    def software(self) -> tuple[Software, ...]:
        """The software that the deployments need, by name, each once."""
        versions = {d.rpm_name: d.version for d in self.deployments}
        return tuple(Software(name, versions[name]) for name in sorted(versions))


@dataclass(frozen=True, slots=True)
class Installed:
    """What a host has, as its ``/opt`` and ``/etc`` tell.

    ``applications`` and ``controllers`` are names of directories below
    ``/opt`` that hold ``bin/zookeeper-deploy`` and ``bin/starting-deployments``.
    """

    deployments: tuple[UnversionedDeployment, ...] = ()
    applications: frozenset[str] = frozenset()
    controllers: frozenset[str] = frozenset()
