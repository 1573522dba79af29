"""What the nodes of a tree deploy, to whom; each property is checked where it is read.

Source: agent.txt, "Low-level machinery", "Software versions"; companions.md,
"Role controllers".
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any

from zc.zk import links
from zc.zkdeployment import names
from zc.zkdeployment.errors import BadTree
from zc.zkdeployment.model import Software, TargetDeployment
from zc.zkdeployment.parallel import MaxParallel, max_parallel
from zc.zkdeployment.tree.packages import checkout
from zc.zkdeployment.tree.timeouts import check_timeout
from zc.zkdeployment.tree.tree_parts import Tree

_DEPLOY = "/deploy/"


def targets(tree: Tree, wanted: Set[str] | None = None) -> Iterator[tuple[str, str]]:
    """Yield node and target of each deployment, in tree order; with ``wanted`` of those only."""
    found = []
    for path in tree:
        node, deploy, target = path.rpartition(_DEPLOY)
        if deploy and (wanted is None or target in wanted):
            found.append((path.split("/"), node or "/", target))
    for _, node, target in sorted(found):
        yield node, target


def tree_order(node: str, target: str) -> list[str]:
    """Return a key that sorts deployments as :func:`targets` yields them."""
    return target_node(node, target).split("/")


def target_node(node: str, target: str) -> str:
    """Return the path of the node that names a target."""
    return f"{node.rstrip('/')}{_DEPLOY}{target}"


def controller_node(role: str) -> str:
    """Return the path of the node that says which controller a role has."""
    return f"/roles/{role}"


def type_of(tree: Tree, node: str) -> tuple[str, str | None]:
    """Return the software and the subtype that the type of ``node`` names.

    Raises :exc:`~zc.zkdeployment.errors.BadTree` and
    :exc:`zc.zk.errors.BadPropertyLink`.
    """
    words = property_of(tree, node, "type")
    if words is None:
        raise BadTree(f"No type found for {node}")
    if not isinstance(words, str) or not 1 <= len(words.split()) <= 2:
        raise BadTree(
            f"{node}: invalid type {words!r:.200}: expected SOFTWARE or SOFTWARE SUBTYPE"
        )
    software, *subtypes = words.split()
    names.check_software(software, node)
    return software, names.check_subtype(subtypes[0], node) if subtypes else None


def version_of(tree: Tree, node: str) -> str | None:
    """Return the version of ``node``, a package's or a URL to check out; ``None`` without one.

    Raises what :func:`type_of` does.
    """
    given = property_of(tree, node, "version")
    if given is None:
        return None
    version = names.check_version(given, node)
    checkout(version, node)
    return version


def versioned_app(software: str, node: str) -> str:
    """Return the application of software whose name carries its version.

    Raises :exc:`~zc.zkdeployment.errors.BadTree` if it carries none.
    """
    app, dash, _ = software.rpartition("-")
    if not dash:
        raise BadTree(f"No version found for {node}")
    return app


def instances_of(tree: Tree, target: str) -> int:
    """Return how many instances the node that names a target asks for; raises like the others."""
    return names.check_instances(property_of(tree, target, "n", 1), target)


def timeout_of(tree: Tree, node: str) -> float | None:
    """Return the seconds that a script of ``node`` may take, if given; raises like the others."""
    given = property_of(tree, node, "timeout")
    return None if given is None else check_timeout(given, node)


class TargetsOf:
    """The targets that deploy a node of ``tree``, which is looked through when first asked."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._found: dict[str, list[str]] | None = None

    def __call__(self, node: str) -> Iterator[str]:
        """Yield the targets of ``node``."""
        if self._found is None:
            self._found = {}
            for deployed, target in targets(self._tree):
                self._found.setdefault(deployed, []).append(target)
        yield from self._found.get(node, ())


def max_parallel_of(tree: Tree, node: str, targets_of: TargetsOf) -> MaxParallel | None:
    """Return how many hosts may work on ``node`` at once, if given; raises like the others."""
    given = property_of(tree, node, "max_parallel")
    return None if given is None else max_parallel(given, node, targets_of(node))


def property_of(tree: Tree, node: str, name: str, default: Any = None) -> Any:
    """Return a property of ``node`` or what it links to.

    Raises :exc:`zc.zk.errors.BadPropertyLink`.
    """
    held = tree.get(node)
    if held is not None and f"{name} =>" not in held:  # no link is followed, as nearly always
        return held.get(name, default)
    try:
        return links.get_property(node, name, tree.get)
    except KeyError:
        return default


def deployment_of(tree: Tree, node: str, target: str, targets_of: TargetsOf) -> TargetDeployment:
    """Return what ``node`` deploys to ``target``, checked; raises like the others."""
    software, subtype = type_of(tree, node)
    version = version_of(tree, node)
    if version is None:
        versioned_app(software, node)
    n = instances_of(tree, target_node(node, target))
    if n:
        names.check_file_name(node, n - 1)
    return TargetDeployment(
        node,
        software,
        subtype,
        version,
        n,
        timeout_of(tree, node),
        max_parallel_of(tree, node, targets_of),
    )


class Deployments:
    """The deployments of ``tree``, each worked out once; ``found`` are nodes and targets of all.

    They are in tree order. A node below a target is none.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.found = tuple(pair for pair in targets(tree) if "/" not in pair[1])
        self.targets_of = TargetsOf(tree)
        self._known: dict[tuple[str, str], TargetDeployment] = {}

    def of(self, node: str, target: str) -> TargetDeployment:
        """Return what a node deploys to a target, like :func:`deployment_of`."""
        pair = node, target
        if pair not in self._known:
            self._known[pair] = deployment_of(self.tree, node, target, self.targets_of)
        return self._known[pair]


def controller_of(tree: Tree, role: str) -> Software | None:
    """Return the controller of a role, ``None`` if it has none; raises like the others."""
    node = controller_node(role)
    if node not in tree:
        return None
    software, _ = type_of(tree, node)
    version = version_of(tree, node)
    if version is None:
        versioned_app(software, node)
    return Software(software, version)
