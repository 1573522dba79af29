"""Trees compiled for their targets: what each host or role has to do, and no more.

An agent that reads its manifest comes to the same result as one that reads the
whole tree: both end in :mod:`zc.zkdeployment.host.desired`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from zc.zkdeployment import names
from zc.zkdeployment.errors import BadRevision, BadTree
from zc.zkdeployment.model import Manifest, Software, TargetDeployment
from zc.zkdeployment.parallel import MaxParallel, max_parallel
from zc.zkdeployment.tree.deployment_nodes import (
    Deployments,
    controller_node,
    controller_of,
    target_node,
    versioned_app,
)
from zc.zkdeployment.tree.packages import checkout
from zc.zkdeployment.tree.timeouts import check_timeout
from zc.zkdeployment.tree.tree_parts import Tree

FORMAT = 1

#: By target.
Manifests = Mapping[str, Manifest]

#: Told what is wrong with a deployment or controller that is left out.
Tell = Callable[[ValueError], None]


def compile_tree(tree: Tree, leave_out: Tell | None = None) -> dict[str, Manifest]:
    """Return the manifests of all targets of a tree, and of all roles with a controller.

    Raises :exc:`~zc.zkdeployment.errors.BadTree`, or
    :exc:`zc.zk.errors.BadPropertyLink`, for what no host may do; with ``leave_out``
    that is called instead.
    """
    return compile_deployments(Deployments(tree), leave_out)


def compile_deployments(known: Deployments, leave_out: Tell | None = None) -> dict[str, Manifest]:
    """Return what :func:`compile_tree` does of the tree that deployments are of."""
    deployments: dict[str, list[TargetDeployment]] = {}
    controllers: dict[str, Software] = {}
    for node, target in known.found:
        below = deployments.setdefault(target, [])
        try:
            below.append(known.of(node, target))
        except ValueError as error:
            _tell(leave_out, error)
    for role in _roles(known.tree):
        try:
            controller = controller_of(known.tree, role)
        except ValueError as error:
            _tell(leave_out, error)
        else:
            if controller:
                controllers[role] = controller
    return {
        target: Manifest(target, tuple(deployments.get(target, ())), controllers.get(target))
        for target in sorted(deployments.keys() | controllers.keys())
    }


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the bytes to publish; equal manifests have equal bytes."""
    controller = manifest.controller
    return encode(
        {
            "target": manifest.target,
            "deployments": [_fields(each) for each in manifest.deployments],
            "controller": controller and [controller.name, controller.version],
        }
    )


def decode_manifest(data: bytes) -> Manifest:
    """Return the manifest that :func:`encode_manifest` wrote.

    Nothing in it is trusted: names, versions and numbers are checked as those of a
    tree are. Raises :exc:`~zc.zkdeployment.errors.BadRevision`.
    """
    match decode(data, "manifest"):
        case {
            "target": str(target),
            "deployments": list(deployments),
            "controller": controller,
        }:
            pass
        case _:
            raise BadRevision("a manifest has not the form of one")
    try:
        return Manifest(
            target,
            _deployments(deployments, target),
            _controller(controller, controller_node(target)),
        )
    except BadTree as error:
        raise BadRevision(f"the manifest of {target!r:.200}: {error!s:.400}") from error


def encode(document: Mapping[str, Any]) -> bytes:
    """Return a document that is published, as bytes: equal documents have equal bytes."""
    return json.dumps(
        {"format": FORMAT, **document}, sort_keys=True, separators=(",", ":")
    ).encode()


def decode(data: bytes, what: str) -> dict[str, Any]:
    """Return the document that :func:`encode` wrote; raises ``BadRevision`` naming ``what``."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadRevision(f"a {what} is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadRevision(f"a {what} is no JSON object")
    found = document.get("format")
    if found != FORMAT or type(found) is not int:
        raise BadRevision(
            f"a {what} has the format {found!r:.100}, but this release understands "
            f"{FORMAT}: update zc.zkdeployment on this host"
        )
    return document


def _roles(tree: Tree) -> list[str]:
    above = controller_node("")
    return sorted(
        path.removeprefix(above)
        for path in tree
        if path.startswith(above) and "/" not in path.removeprefix(above)
    )


def _tell(leave_out: Tell | None, error: ValueError) -> None:
    if leave_out is None:
        raise error
    leave_out(error)


def _fields(deployment: TargetDeployment) -> list[object]:
    each = deployment
    fields: list[object] = [each.node, each.software, each.subtype, each.version, each.n]
    # What has no options keeps the bytes, and so the digest, that it always had.
    options = _options(each.timeout, each.max_parallel)
    return [*fields, options] if options else fields


def _options(timeout: float | None, parallel: MaxParallel | None) -> dict[str, object]:
    options: dict[str, object] = {} if timeout is None else {"timeout": timeout}
    if parallel is not None:
        options["max_parallel"] = parallel.text
        if parallel.targets:
            options["targets"] = list(parallel.targets)
    return options


def _deployments(found: list[object], target: str) -> tuple[TargetDeployment, ...]:
    deployments = {}
    for each in found:
        deployment = _deployment(each, target)
        if deployment.node in deployments:
            raise BadTree(f"{deployment.node!r:.200} is in it twice")
        deployments[deployment.node] = deployment
    return tuple(deployments.values())


def _deployment(found: object, target: str) -> TargetDeployment:
    match found:
        case [str(node), str(), None | str() as subtype, _, _, *more] if (
            node.startswith("/") and len(more) < 2
        ):
            _, name, _, given, instances, *_ = found
        case _:
            raise BadTree(f"{found!r:.200} is no deployment")
    if node != "/" and names.parse_file_name(names.file_name(node, 0)) != (node, 0):
        raise BadTree(f"{node!r:.200} is the path of no node")  # nor could its file be read back
    software = _software(name, given, node)
    if subtype is not None:
        names.check_subtype(subtype, node)
    n = names.check_instances(instances, target_node(node, target))
    if n:
        names.check_file_name(node, n - 1)
    timeout, parallel = _read_options(more[0], node) if more else (None, None)
    return TargetDeployment(node, software.name, subtype, software.version, n, timeout, parallel)


def _read_options(options: object, node: str) -> tuple[float | None, MaxParallel | None]:
    """Return what :func:`_options` was given; an option that is not known is refused."""
    match options:
        case {**known} if options and known.keys() <= {"timeout", "max_parallel", "targets"}:
            targets = known.get("targets", [])
        case _:
            raise BadTree(f"{node}: {options!r:.200} are no options of a deployment")
    if not isinstance(targets, list) or not all(isinstance(each, str) for each in targets):
        raise BadTree(f"{node}: {targets!r:.200} are no targets")
    return (
        check_timeout(known["timeout"], node) if "timeout" in known else None,
        max_parallel(known["max_parallel"], node, targets) if "max_parallel" in known else None,
    )


def _controller(found: object, node: str) -> Software | None:
    match found:
        case None:
            return None
        case [name, version]:
            return _software(name, version, node)
    raise BadTree(f"{found!r:.200} is no controller")


def _software(name: object, version: object, node: str) -> Software:
    if not isinstance(name, str):
        raise BadTree(f"{node}: {name!r:.200} names no software")
    names.check_software(name, node)
    if version is None:
        versioned_app(name, node)
        return Software(name, None)
    checked = names.check_version(version, node)
    checkout(checked, node)
    return Software(name, checked)
