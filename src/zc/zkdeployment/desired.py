"""What the tree wants on one host.

Source: agent.txt, "Low-level machinery", "Host names", "Roles", "Software
versions"; companions.md, "Role controllers".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from zc.zk import links
from zc.zkdeployment import names
from zc.zkdeployment.errors import BadTree
from zc.zkdeployment.model import Deployment, Desired, Identity, Software
from zc.zkdeployment.packages import checkout

#: Path → properties of every node.
Tree = Mapping[str, Mapping[str, Any]]

_DEPLOY = "/deploy/"


def gather(tree: Tree, identity: Identity) -> Desired:
    """Return everything that ``tree`` wants on the host, checked.

    Raises :exc:`~zc.zkdeployment.errors.BadTree`, or
    :exc:`zc.zk.errors.BadPropertyLink`, for the first thing, in tree order,
    that no host may do; each names the node.
    """
    deployments: list[Deployment] = []
    seen: set[str] = set()
    for node, target in _targeted(tree, identity):
        if node in seen:
            raise BadTree(
                f"Conflicting deployments for {node}. "
                f"Can't deploy to {identity.host_name} and {identity.host_identifier}."
            )
        seen.add(node)
        deployments += _deployments(tree, node, _target_node(node, target))
    controller = _controller(tree, identity.role)
    _check_consistent(deployments, controller)
    return Desired(tuple(deployments), controller)


def _targeted(tree: Tree, identity: Identity) -> Iterator[tuple[str, str]]:
    """Yield node and target of each deployment meant for this host, in tree order."""
    hosts = {identity.host_identifier, identity.host_name}
    targets = hosts | {identity.role} if identity.role else hosts
    found = []
    for path in tree:
        node, deploy, target = path.rpartition(_DEPLOY)
        if deploy and target in targets:
            found.append((path.split("/"), node or "/", target))
    for _, node, target in sorted(found):
        if identity.role and target != identity.role:
            raise BadTree(
                f"Found a host-based deployment at {_target_node(node, target)} "
                f"but the host has a role, {identity.role}."
            )
        yield node, target


def _target_node(node: str, target: str) -> str:
    return f"{node.rstrip('/')}{_DEPLOY}{target}"


def _deployments(tree: Tree, node: str, target_node: str) -> Iterator[Deployment]:
    software, subtype = _type(tree, node)
    version = _property(tree, node, "version", None)
    if version is None:
        app, version = _versioned_app(software, node), None
    else:
        app = software
        _check_version(version, node)
    instances = names.check_instances(_property(tree, target_node, "n", 1), target_node)
    for n in range(instances):
        names.check_file_name(node, n)
        yield Deployment(app, subtype, version, software, node, n)


def _type(tree: Tree, node: str) -> tuple[str, str | None]:
    words = _property(tree, node, "type", None)
    if words is None:
        raise BadTree(f"No type found for {node}")
    if not isinstance(words, str) or not 1 <= len(words.split()) <= 2:
        raise BadTree(f"{node}: invalid type {words!r}: expected SOFTWARE or SOFTWARE SUBTYPE")
    software, *subtypes = words.split()
    names.check_software(software, node)
    return software, names.check_subtype(subtypes[0], node) if subtypes else None


def _versioned_app(software: str, node: str) -> str:
    """Return the application of software whose name carries its version."""
    app, dash, _ = software.rpartition("-")
    if not dash:
        raise BadTree(f"No version found for {node}")
    return app


def _controller(tree: Tree, role: str | None) -> Software | None:
    node = f"/roles/{role}"
    if not role or node not in tree:
        return None
    software, _ = _type(tree, node)
    version = _property(tree, node, "version", None)
    if version is None:
        _versioned_app(software, node)
    else:
        _check_version(version, node)
    return Software(software, version)


def _check_version(version: object, node: str) -> None:
    """Refuse what is neither a package version nor something to check out."""
    checkout(names.check_version(version, node), node)


def _check_consistent(deployments: list[Deployment], controller: Software | None) -> None:
    """Two versions of one software would need the same directory below ``/opt``."""
    versions = {controller.name: controller.version} if controller else {}
    for deployment in deployments:
        name, version = deployment.rpm_name, deployment.version
        first = versions.setdefault(name, version)
        if version != first:
            raise BadTree(f"Inconsistent versions for {name}. {version!r} != {first!r}")


def _property(tree: Tree, node: str, name: str, default: Any) -> Any:
    try:
        return links.get_property(node, name, tree.get)
    except KeyError:
        return default
