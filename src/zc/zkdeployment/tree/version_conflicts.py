"""Hosts that would need two versions of one software, in one directory below ``/opt``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from zc.zkdeployment.model import Identity, Software
from zc.zkdeployment.tree.deployment_nodes import controller_node


@dataclass(frozen=True, slots=True)
class Asked:
    """What the nodes of a tree ask for.

    ``software`` is that of each node for which it is known, ``wanted`` has the nodes with
    at least one instance by target, ``targets`` are all targets; ``roles`` have a controller.
    """

    software: Mapping[str, Software]
    wanted: Mapping[str, Sequence[str]]
    targets: Collection[str]
    roles: Collection[str]


def version_conflicts(
    asked: Asked, identities: Sequence[Identity]
) -> dict[tuple[str, str], list[str]]:
    """Return who would need two versions: pairs of nodes → names of hosts, or targets.

    The first node of a pair is of another version of its software than the second one.
    Identities are those of hosts that are known; a target that is none of them is looked
    at by itself.
    """
    conflicts: dict[tuple[str, str], list[str]] = {}
    for who, nodes in _groups(asked, identities):
        for pair in _conflicts(asked.software, nodes):
            conflicts.setdefault(pair, []).append(who)
    return conflicts


def _groups(asked: Asked, identities: Sequence[Identity]) -> Iterator[tuple[str, list[str]]]:
    """Yield the nodes that come together on a host, with the name of the host or target."""
    plain = [identity for identity in identities if not identity.role]
    known = {name for host in plain for name in (host.host_identifier, host.host_name)}
    roles = {*asked.roles, *(identity.role for identity in identities)}
    for host in plain:
        yield host.host_name, _wanted_by(asked, host.host_identifier, host.host_name)
    for target in asked.targets:
        if target not in known or target in roles:
            controller = [controller_node(target)] if target in asked.roles else []
            yield target, controller + _wanted_by(asked, target)


def _wanted_by(asked: Asked, *targets: str) -> list[str]:
    nodes = {node for target in targets for node in asked.wanted.get(target, ())}
    return sorted(nodes, key=lambda node: node.split("/"))


def _conflicts(
    software: Mapping[str, Software], nodes: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield a node of each version of a software but its first, with a node of that."""
    seen: dict[str, dict[str | None, str]] = {}
    for node in nodes:
        found = software.get(node)
        if found:
            versions = seen.setdefault(found.name, {})
            if found.version not in versions and versions:
                yield node, next(iter(versions.values()))
            versions.setdefault(found.version, node)
