"""Carries out a plan, step by step, through the ports.

The order, the locks and the moments at which an all stop is looked for are
those of agent.txt and companions.md, "Role controllers".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from zc.zkdeployment.errors import Abandoned, BadHost
from zc.zkdeployment.host.fleet_ports import Hosts, NodeLocks, RoleLocks
from zc.zkdeployment.host.host_ports import Commands, HostFiles
from zc.zkdeployment.host.plan import (
    DeployNode,
    RemoveConfiguration,
    RemoveDeployment,
    RemoveSoftware,
    UpdateController,
    leftovers,
    needed,
    plan,
)
from zc.zkdeployment.host.software import SoftwareInstaller
from zc.zkdeployment.host.turns import Rank, Turn, from_rank, rank_of
from zc.zkdeployment.model import Deployment, Desired, Identity, Installed, Version
from zc.zkdeployment.tree.packages import satisfies

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a deployment acts on."""

    files: HostFiles
    commands: Commands
    software: SoftwareInstaller
    locks: NodeLocks
    role_locks: RoleLocks


class GoingOn(Protocol):
    """Raises :exc:`~zc.zkdeployment.errors.Abandoned` unless the next step may start."""

    def __call__(self, *, afresh: bool = False) -> None:
        """Check it, by what is known or ``afresh``."""


@dataclass(frozen=True, slots=True)
class Deploying:
    """One deployment on this host, of the cluster version ``version``.

    ``going_on`` is called before every step and raises
    :exc:`~zc.zkdeployment.errors.Abandoned` when the deployment must not go on;
    ``afresh`` where no node lock vouches for what it knows. ``status`` gets a
    few words at every step. ``failed`` is called with an error while the node's
    lock is still held, so that the fleet is stopped before another host can
    begin with that node. ``hosts`` are those that may work on the same nodes.

    Scripts find ``version`` in their environment as ``ZKDEPLOY_VERSION``; those that run
    under a node lock its number as ``ZKDEPLOY_LOCK``: docs/adr/0003-locks.md.
    """

    identity: Identity
    world: World
    hosts: Hosts
    version: Version
    going_on: GoingOn
    status: Callable[[str], None]
    failed: Callable[[Exception], None]

    def run(self, desired: Desired) -> None:
        """Bring the host to what is desired; raises what the first failing step raises."""
        world = self.world
        world.software.packages.begin()
        owned = world.locks.owned()
        before = world.files.installed()
        todo = plan(desired, before, owned)
        if todo.controller:
            self._update_controller(todo.controller)
            before = world.files.installed()
            todo = plan(desired, before, owned)
        to_be_locked = set() if desired.controller else {node.path for node in todo.deployments}
        for path in sorted(owned - to_be_locked):
            world.locks.disown(path)
        self._remove_deployments(todo.removals)
        wanted = {step.software.name for step in todo.software}
        controller = desired.controller.name if desired.controller else None
        with self._role_lock(controller):
            inner = self._begin_role(controller)
            world.software.ensure_all(
                [step.software for step in todo.software], inner._before_software
            )
            if not wanted <= before.applications:
                # Without its software, what is deployed does not show.
                now = world.files.installed()
                inner._remove_deployments(plan(desired, now, owned).removals)
            with inner._turns(todo.deployments, owned, locked=controller is None) as turns:
                for node, lock in turns:
                    inner._deploy_node(node, lock)
            self._role_script(controller, "ending-deployments")
        inner._remove_leftovers(desired, before)

    def _role_lock(self, controller: str | None) -> AbstractContextManager[None]:
        if controller is None or self.identity.role is None:
            return nullcontext()
        return self.world.role_locks.role(self.identity.role, self.going_on)

    def _begin_role(self, controller: str | None) -> Deploying:
        """Take the host out of service, if it has a controller; from then on nothing stops it."""
        if controller is None:
            return self
        self.going_on(afresh=True)
        self._role_script(controller, "starting-deployments")
        return replace(self, going_on=_always)

    def _role_script(self, controller: str | None, name: str) -> None:
        if controller is not None:
            self.status(f"role script {name}")
            script = self.world.files.software_path(controller, "bin", name)
            argv = [script, f"/roles/{self.identity.role}"]
            self.world.commands.run(argv, env=self._environment())

    def _update_controller(self, step: UpdateController) -> None:
        software = self.world.software
        self.going_on(afresh=True)
        self.status("update role controller")
        wanted = step.wanted
        if len(step.installed) > 1:
            raise BadHost(f"too many installed role controllers: {', '.join(step.installed)}")
        for name in step.installed:
            installed = software.packages.installed(name)
            if wanted is None or wanted.name != name:
                software.remove(name)
            elif installed is not None and satisfies(wanted.version, installed):
                return
        if wanted is not None:
            software.ensure(wanted)

    def _remove_deployments(self, steps: Sequence[RemoveDeployment]) -> None:
        for step in steps:
            self.going_on(afresh=True)
            self._remove_deployment(step)

    def _remove_deployment(self, step: RemoveDeployment) -> None:
        deployment = step.deployment
        self.status(f"remove {deployment.path} {deployment.n}")
        script = self.world.files.software_path(deployment.rpm_name, "bin", "zookeeper-deploy")
        argv = [script, "-u", deployment.path, str(deployment.n)]
        self.world.commands.run(argv, env=self._environment())
        self.world.files.forget_deployment(deployment)

    @contextmanager
    def _turns(
        self, nodes: Sequence[DeployNode], owned: frozenset[str], *, locked: bool
    ) -> Iterator[Iterable[tuple[DeployNode, int | None]]]:
        """Provide the nodes, each with the number of its lock, while that is held."""
        if not locked:
            yield ((node, None) for node in nodes)
            return
        by_path = {node.path: node for node in nodes}
        mine = [path for path in by_path if path in owned]
        rest = [path for path in by_path if path not in owned]
        strict = self.hosts.keep_order()
        rank = Rank()
        if len(rest) > 1 and not strict:
            rank = rank_of(self.identity.host_identifier, self.hosts.host_identifiers())
        at_once = self._at_once(nodes)
        turns = [
            Turn(path, _in_words(by_path[path]), at_once[path])
            for path in (*mine, *from_rank(rest, rank))
        ]
        locks = self.world.locks
        with locks.turns(
            turns, self.going_on, self.version, rank.next_host, passing_over=not strict
        ) as taken:
            yield ((by_path[turn.path], number) for turn, number in taken)

    def _at_once(self, nodes: Sequence[DeployNode]) -> Mapping[str, int]:
        """Return how many hosts may work on each node at once."""
        shares = any(node.max_parallel.share for node in nodes)
        hosts = self.hosts.host_targets() if shares else ()
        return {node.path: node.max_parallel.of(hosts) for node in nodes}

    def _deploy_node(self, node: DeployNode, lock: int | None) -> None:
        for number, deployment in enumerate(node.deployments):
            if number and lock is not None:
                self.world.locks.check(node.path, partial(self.going_on, afresh=True))
            else:
                self.going_on(afresh=number > 0)  # of the first, taking the lock vouched
            try:
                self._deploy(deployment, lock, node.timeout)
            except Abandoned:
                raise
            except Exception as error:  # whatever it is, the fleet must stop
                self.failed(error)
                raise

    def _deploy(self, deployment: Deployment, lock: int | None, timeout: float | None) -> None:
        self.status(f"deploying {deployment.path} {deployment.n}")
        self.world.files.prepare_deployment(deployment)
        script = self.world.files.software_path(deployment.rpm_name, "bin", "zookeeper-deploy")
        subtype = ["-r", deployment.subtype] if deployment.subtype else []
        argv = [script, *subtype, deployment.path, str(deployment.n)]
        self.world.commands.run(argv, env=self._environment(lock), timeout=timeout)
        self.world.files.record_deployment(deployment)

    def _environment(self, lock: int | None = None) -> Mapping[str, str]:
        """Return what a script learns of the deployment besides its arguments."""
        version = {"ZKDEPLOY_VERSION": str(self.version)}
        return version if lock is None else {**version, "ZKDEPLOY_LOCK": str(lock)}

    def _remove_leftovers(self, desired: Desired, before: Installed) -> None:
        self.world.files.forget_removed()
        steps = leftovers(desired, before, self.world.files.installed())
        self.world.software.remove_all(
            [step.name for step in steps if isinstance(step, RemoveSoftware)],
            needed(desired),
            self._before_software,
        )
        for step in steps:
            if isinstance(step, RemoveConfiguration):
                self.going_on(afresh=True)
                self._remove_configuration(step.app)

    def _before_software(self, status: str) -> None:
        self.going_on(afresh=True)
        self.status(status)

    def _remove_configuration(self, app: str) -> None:
        try:
            self.world.files.remove_configuration(app)
        except OSError:
            # What is in there is not ours: a person may want it (companions.md).
            logger.exception("Removing %r", f"/etc/{app}")


def _in_words(node: DeployNode) -> str:
    count = len(node.deployments)
    return f"deploying {count} instance{'s' * (count > 1)}"


def _always(*, afresh: bool = False) -> None:
    """A host that was taken out of service finishes, to come back (companions.md)."""
