"""What is wrong with a tree, all of it, before any host sees it.

An agent refuses a bad tree with the first error that concerns its own host
(:func:`zc.zkdeployment.host.desired.gather`). Here the same functions are asked about
every target of the tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from zc.zk.errors import BadPropertyLink
from zc.zk.tree import Node, walk
from zc.zkdeployment import names
from zc.zkdeployment.errors import BadTree
from zc.zkdeployment.model import Identity, Software
from zc.zkdeployment.tree.dangling import dangling
from zc.zkdeployment.tree.deployment_nodes import (
    Deployments,
    controller_node,
    instances_of,
    max_parallel_of,
    target_node,
    targets,
    timeout_of,
    type_of,
    version_of,
    versioned_app,
)
from zc.zkdeployment.tree.node_names import bad_names
from zc.zkdeployment.tree.node_sizes import too_large
from zc.zkdeployment.tree.problems import Place, Problem, place_of, problem
from zc.zkdeployment.tree.tree_parts import is_live, top_of, tree_of
from zc.zkdeployment.tree.version_conflicts import Asked, version_conflicts

#: Rules that something breaks by not being there: in a part of a tree nobody can tell.
RULES_OF_ABSENCE = frozenset(
    {"no-type", "no-version", "no-role-lock", "symbolic-link", "property-link"}
)

_MAX_TARGETS = 3  # named in a message


@dataclass(frozen=True, slots=True)
class Host:
    """A host that a list of hosts names, and where."""

    identity: Identity
    place: Place


@dataclass(frozen=True, slots=True)
class Examined:
    """What is wrong with a tree, and its deployments, of which those that are right are known."""

    problems: list[Problem]
    deployments: Deployments


def validate(root: Node, hosts: Sequence[Host] = ()) -> list[Problem]:
    """Return what is wrong with a tree, as :func:`examine` finds it."""
    return examine(root, hosts).problems


def examine(root: Node, hosts: Sequence[Host] = ()) -> Examined:
    """Find everything in a tree that a host would refuse, and every link that leads nowhere.

    Any name below a ``deploy`` node is taken for a host's or a role's, and a node
    ``/roles/NAME`` makes a role of it. Which names belong to one host, and which
    hosts have a role, only ``hosts`` tells; with them, unknown targets are found.
    """
    checks = _Checks(root)
    checks.nodes()
    checks.deployments()
    checks.controllers()
    checks.versions(hosts)
    checks.hosts(hosts)
    problems = sorted(dict.fromkeys(checks.problems), key=lambda found: found.order)
    return Examined(problems, checks.known)


class _Checks:
    def __init__(self, root: Node) -> None:
        self.problems: list[Problem] = []
        self._nodes = {"/": root} | dict(walk(root))
        self._tree = tree_of(self._nodes)
        self.known = Deployments(self._tree)
        self._bad_links: set[tuple[str, str]] = set()
        self._checked: set[str] = set()
        self._software: dict[str, Software] = {}  # of the nodes for which it is known
        self._targets: dict[str, list[str]] = {}  # the nodes deployed to each
        self._wanted: dict[str, list[str]] = {}  # likewise, with at least one instance

    def nodes(self) -> None:
        self.problems += bad_names(self._nodes)
        self.problems += too_large(self._nodes)
        for path, name, found in dangling(self._nodes):
            self._bad_links.add((path, name))
            self.problems.append(found)

    def deployments(self) -> None:
        for node, target in self.known.found:
            self._targets.setdefault(target, []).append(node)
            try:
                found = self.known.of(node, target)
            except ValueError:
                self._report_deployment(node, target)
            else:
                self._checked.add(node)
                self._software[node] = Software(found.software, found.version)
                if found.n:
                    self._wanted.setdefault(target, []).append(node)
        ignored = {path: node.properties for path, node in self._nodes.items() if is_live(path)}
        for node, target in targets(ignored):
            path = target_node(node, target)
            message = f"{path}: agents do not read what is below {top_of(path)}"
            self._report("ignored-deployment", message, self._place(path))

    def controllers(self) -> None:
        for role in self._roles():
            node = controller_node(role)
            self._check_software(node)
            lock = f"/role-locks/{role}"
            if lock not in self._nodes:
                message = (
                    f"role lock node {lock!r} must exist, because {node} does; put it into"
                    " a .zkx file, so that publishing does not trim the queue below it"
                )
                self._report("no-role-lock", message, self._place(node))

    def versions(self, hosts: Sequence[Host]) -> None:
        """See to it that no host would need two versions of one software."""
        asked = Asked(self._software, self._wanted, self._targets.keys(), self._roles().keys())
        conflicts = version_conflicts(asked, [host.identity for host in hosts])
        for (node, first), who in conflicts.items():
            self._report_conflict(node, first, who)

    def hosts(self, hosts: Sequence[Host]) -> None:
        known = set(self._roles())
        for host in hosts:
            identity = host.identity
            known |= {identity.host_identifier, identity.host_name, identity.role or ""}
            if identity.role:
                self._check_role_alone(host)
            elif identity.host_identifier != identity.host_name:
                self._check_named_once(identity)
        for target, nodes in self._targets.items() if hosts else ():
            for node in nodes if target not in known else ():
                path = target_node(node, target)
                message = f"{path}: no host has {target!r} as its identifier, name or role"
                self._report("unknown-target", message, self._place(path))

    def _roles(self) -> Mapping[str, Node]:
        above = self._nodes["/"].children.get("roles")
        return above.children if above else {}

    def _report_deployment(self, node: str, target: str) -> None:
        """Report everything that is wrong with a deployment, not only the first thing."""
        self._check_software(node)
        with self._reporting("bad-timeout", node, "timeout"):
            timeout_of(self._tree, node)
        with self._reporting("bad-max-parallel", node, "max_parallel"):
            max_parallel_of(self._tree, node, self.known.targets_of)
        path = target_node(node, target)
        instances = 0
        with self._reporting("bad-n", path, "n"):
            instances = instances_of(self._tree, path)
        if instances:
            with self._reporting("long-path", node):
                names.check_file_name(node, instances - 1)
            self._wanted.setdefault(target, []).append(node)

    def _check_software(self, node: str) -> None:
        if node in self._checked:
            return
        self._checked.add(node)
        software = None
        with self._reporting(self._rule(node, "type"), node, "type"):
            software, _ = type_of(self._tree, node)
        with self._reporting(self._rule(node, "version"), node, "version"):
            version = version_of(self._tree, node)
            if software and version is None:
                versioned_app(software, node)
            if software:
                self._software[node] = Software(software, version)

    def _check_role_alone(self, host: Host) -> None:
        identity = host.identity
        for target in sorted({identity.host_identifier, identity.host_name} - {identity.role}):
            for node in self._targets.get(target, ()):
                path = target_node(node, target)
                message = (
                    f"Found a host-based deployment at {path} "
                    f"but the host has a role, {identity.role}."
                )
                self._report("host-and-role", message, self._place(path), host.place)

    def _check_named_once(self, host: Identity) -> None:
        by_name = set(self._targets.get(host.host_name, ()))
        for node in self._targets.get(host.host_identifier, ()):
            if node in by_name:
                message = (
                    f"Conflicting deployments for {node}. "
                    f"Can't deploy to {host.host_name} and {host.host_identifier}."
                )
                both = (host.host_name, host.host_identifier)
                paths = (target_node(node, target) for target in both)
                self._report("host-twice", message, *map(self._place, paths))

    def _report_conflict(self, node: str, first: str, targets: list[str]) -> None:
        software, other = self._software[node], self._software[first]
        more = len(targets) - _MAX_TARGETS
        who = ", ".join(targets[:_MAX_TARGETS]) + (f" and {more} more" if more > 0 else "")
        message = (
            f"Inconsistent versions for {software.name} on {who}."
            f" {software.version!r} != {other.version!r}"
        )
        places = (self._place(path, "version", "type") for path in (node, first))
        self._report("inconsistent-versions", message, *places)

    @contextmanager
    def _reporting(self, rule: str, node: str, name: str = "") -> Iterator[None]:
        """Make problems of what an agent would refuse."""
        try:
            yield
        except BadTree as error:
            self._report(rule, str(error), self._place(node, name))
        except BadPropertyLink as error:
            if (node, name) not in self._bad_links:
                message = f"{error} that agents read"
                self._report("property-link", message, self._place(node, name))

    def _rule(self, node: str, name: str) -> str:
        held = self._tree[node]
        return f"bad-{name}" if name in held or f"{name} =>" in held else f"no-{name}"

    def _place(self, path: str, *keys: str) -> Place:
        return place_of(self._nodes, path, *keys)

    def _report(self, rule: str, message: str, *places: Place) -> None:
        self.problems.append(problem(rule, message, *places))
