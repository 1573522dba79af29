"""What the tree wants on one host.

Source: agent.txt, "Low-level machinery", "Host names", "Roles", "Software
versions"; companions.md, "Role controllers".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from zc.zkdeployment.errors import BadTree
from zc.zkdeployment.model import (
    Deployment,
    Desired,
    Identity,
    Manifest,
    Software,
    TargetDeployment,
)
from zc.zkdeployment.parallel import MaxParallel
from zc.zkdeployment.tree.deployment_nodes import (
    TargetsOf,
    controller_of,
    deployment_of,
    target_node,
    targets,
    tree_order,
    versioned_app,
)
from zc.zkdeployment.tree.tree_parts import Tree


def gather(tree: Tree, identity: Identity) -> Desired:
    """Return everything that ``tree`` wants on the host, checked.

    Raises :exc:`~zc.zkdeployment.errors.BadTree`, or
    :exc:`zc.zk.errors.BadPropertyLink`, for the first thing, in tree order,
    that no host may do; each names the node.
    """
    found = targets(tree, identity.targets)
    targets_of = TargetsOf(tree)
    wanted = _wanted(
        found, identity, lambda node, target: deployment_of(tree, node, target, targets_of)
    )
    return _desired(wanted, controller_of(tree, identity.role) if identity.role else None)


def assemble(manifests: Mapping[str, Manifest], identity: Identity) -> Desired:
    """Return what :func:`gather` would of the tree that ``manifests``, by target, come from.

    Only those of the host's own targets are looked at. Raises
    :exc:`~zc.zkdeployment.errors.BadTree`.
    """
    found = {
        (deployment.node, target): deployment
        for target in identity.targets & manifests.keys()
        for deployment in manifests[target].deployments
    }
    pairs = sorted(found, key=lambda pair: tree_order(*pair))
    wanted = _wanted(pairs, identity, lambda node, target: found[node, target])
    role = manifests.get(identity.role) if identity.role else None
    return _desired(wanted, role.controller if role else None)


def _wanted(
    found: Iterable[tuple[str, str]],
    identity: Identity,
    deployment: Callable[[str, str], TargetDeployment],
) -> Iterator[TargetDeployment]:
    """Yield the deployments meant for this host, of ``found`` nodes and targets in tree order."""
    seen: set[str] = set()
    for node, target in found:
        if identity.role and target != identity.role:
            raise BadTree(
                f"Found a host-based deployment at {target_node(node, target)} "
                f"but the host has a role, {identity.role}."
            )
        if node in seen:
            raise BadTree(
                f"Conflicting deployments for {node}. "
                f"Can't deploy to {identity.host_name} and {identity.host_identifier}."
            )
        seen.add(node)
        yield deployment(node, target)


def _desired(wanted: Iterable[TargetDeployment], controller: Software | None) -> Desired:
    deployments: list[Deployment] = []
    timeouts: dict[str, float] = {}
    at_once: dict[str, MaxParallel] = {}
    for each in wanted:
        deployments += _instances(each)
        if each.n and each.timeout is not None:
            timeouts[each.node] = each.timeout
        if each.n and each.max_parallel is not None:
            at_once[each.node] = each.max_parallel
    _check_consistent(deployments, controller)
    return Desired(tuple(deployments), controller, timeouts, at_once)


def _instances(wanted: TargetDeployment) -> Iterator[Deployment]:
    software, version, node = wanted.software, wanted.version, wanted.node
    app = versioned_app(software, node) if version is None else software
    for n in range(wanted.n):
        yield Deployment(app, wanted.subtype, version, software, node, n)


def _check_consistent(deployments: list[Deployment], controller: Software | None) -> None:
    """Two versions of one software would need the same directory below ``/opt``."""
    versions = {controller.name: controller.version} if controller else {}
    for deployment in deployments:
        name, version = deployment.rpm_name, deployment.version
        first = versions.setdefault(name, version)
        if version != first:
            raise BadTree(f"Inconsistent versions for {name}. {version!r:.200} != {first!r:.200}")
