"""What has to be done on a host, and why: steps as data.

The order of a plan is that of agent.txt: what must go is removed, software is
brought to its version, each instance is deployed, and what nothing needs any
more is removed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby

from zc.zkdeployment.model import (
    Deployment,
    Desired,
    Installed,
    Software,
    UnversionedDeployment,
)
from zc.zkdeployment.parallel import ONE_HOST, MaxParallel


@dataclass(frozen=True, slots=True)
class UpdateController:
    """Bring the role's controller, ``None`` for none, in place of those installed."""

    wanted: Software | None
    installed: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class RemoveDeployment:
    """Run a script to take an instance away."""

    deployment: UnversionedDeployment
    reason: str


@dataclass(frozen=True, slots=True)
class InstallSoftware:
    """Bring software to a version, which may mean no more than a look at it."""

    software: Software
    reason: str


@dataclass(frozen=True, slots=True)
class DeployNode:
    """Run a script for each instance of a node, under the node's lock.

    Each may take ``timeout`` seconds; ``None`` leaves that to the agent. ``max_parallel``
    says how many hosts may be at it at once.
    """

    path: str
    deployments: tuple[Deployment, ...]
    reason: str
    timeout: float | None = None
    max_parallel: MaxParallel = ONE_HOST


@dataclass(frozen=True, slots=True)
class RemoveSoftware:
    """Remove a package or checkout."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class RemoveConfiguration:
    """Remove the directory of an application below ``/etc``."""

    app: str
    reason: str


Step = (
    UpdateController
    | RemoveDeployment
    | InstallSoftware
    | DeployNode
    | RemoveSoftware
    | RemoveConfiguration
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps for one host, by section, in the order in which the sections run."""

    controller: UpdateController | None = None
    removals: tuple[RemoveDeployment, ...] = ()
    software: tuple[InstallSoftware, ...] = ()
    deployments: tuple[DeployNode, ...] = ()
    leftovers: tuple[RemoveSoftware | RemoveConfiguration, ...] = field(default=())

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in order."""
        first = (self.controller,) if self.controller else ()
        return (*first, *self.removals, *self.software, *self.deployments, *self.leftovers)


def plan(desired: Desired, installed: Installed, owned: frozenset[str] = frozenset()) -> Plan:
    """Compare what is wanted with what is there.

    ``owned`` are the nodes that this host still owns from an earlier life:
    they are deployed first, because nobody else can work on them.
    """
    return Plan(
        controller=_controller(desired, installed),
        removals=_removals(desired, installed),
        software=tuple(
            InstallSoftware(software, "needed by " + _users(desired, software.name))
            for software in desired.software
        ),
        deployments=_deployments(desired, owned),
        leftovers=leftovers(desired, installed, installed),
    )


def leftovers(
    desired: Desired, before: Installed, now: Installed
) -> tuple[RemoveSoftware | RemoveConfiguration, ...]:
    """Return what nothing needs any more.

    ``before`` tells which applications had deployments when the plan was made,
    ``now`` which software is there after everything else was done.
    """
    apps = {deployment.app for deployment in desired.deployments}
    had = {deployment.app for deployment in before.deployments}
    return (
        *(
            RemoveSoftware(name, "nothing needs it")
            for name in sorted(now.applications - needed(desired))
        ),
        *(RemoveConfiguration(app, "nothing of it is deployed") for app in sorted(had - apps)),
    )


def needed(desired: Desired) -> frozenset[str]:
    """Return the names of all software that a tree wants on a host."""
    controller = {desired.controller.name} if desired.controller else set()
    return frozenset({software.name for software in desired.software} | controller)


def _controller(desired: Desired, installed: Installed) -> UpdateController | None:
    if not desired.controller and not installed.controllers:
        return None
    reason = "the role has a controller" if desired.controller else "the role has no controller"
    return UpdateController(desired.controller, tuple(sorted(installed.controllers)), reason)


def _removals(desired: Desired, installed: Installed) -> tuple[RemoveDeployment, ...]:
    wanted = {(d.app, d.path, d.n) for d in desired.deployments}
    return tuple(
        RemoveDeployment(deployment, "the tree does not deploy it here")
        for deployment in sorted(installed.deployments)
        if (deployment.app, deployment.path, deployment.n) not in wanted
    )


def _deployments(desired: Desired, owned: frozenset[str]) -> tuple[DeployNode, ...]:
    ordered = sorted(desired.deployments, key=lambda d: (d.path not in owned, d.path, d.n))
    return tuple(
        DeployNode(
            path,
            tuple(each),
            f"{path} deploys here",
            desired.timeouts.get(path),
            desired.max_parallel.get(path, ONE_HOST),
        )
        for path, each in groupby(ordered, key=lambda d: d.path)
    )


def _users(desired: Desired, name: str) -> str:
    nodes = sorted({d.path for d in desired.deployments if d.rpm_name == name})
    return ", ".join(nodes[:3]) + (f" and {len(nodes) - 3} more" if len(nodes) > 3 else "")
