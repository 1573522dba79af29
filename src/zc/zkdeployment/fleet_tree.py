"""The live tree as the fleet sees it: what is deployed where, and how that drifted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import zc.zk
from zc.zkdeployment.adapters.revisions import Revisions
from zc.zkdeployment.baseline import live_manifests
from zc.zkdeployment.model import Identity, Manifest, Software, TargetDeployment, Version
from zc.zkdeployment.revisions.fleet_diff import FleetDiff, compare
from zc.zkdeployment.revisions.manifest import Manifests
from zc.zkdeployment.revisions.revision import Record


@dataclass(frozen=True, slots=True)
class DeployedNode:
    """A node of the live tree that is deployed, and to which targets, with how many instances."""

    node: str
    software: str
    subtype: str | None
    version: str | None
    targets: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class FleetTree:
    """What the live tree says, and what was published.

    ``record`` and ``published`` are ``None`` where the version asked for was not
    published or is not kept; ``drift``, what the live tree changes of it, too.
    """

    live: Manifests
    record: Record | None = None
    published: Manifests | None = None
    drift: FleetDiff | None = None

    @property
    def effective(self) -> Manifests:
        """What agents go by: what was published, else the live tree."""
        return self.live if self.published is None else self.published

    def deployments(self, host: Identity) -> tuple[TargetDeployment, ...]:
        """Return what a host is to deploy under any of its names, in tree order by name."""
        return tuple(each for manifest in self.wanted(host) for each in manifest.deployments)

    def wanted(self, host: Identity) -> tuple[Manifest, ...]:
        """Return the manifests of a host's names."""
        manifests = (self.effective.get(target) for target in sorted(host.targets))
        return tuple(manifest for manifest in manifests if manifest)

    def controller(self, host: Identity) -> Software | None:
        """Return the controller of a host's role, if it has one."""
        found = self.effective.get(host.role) if host.role else None
        return found.controller if found else None

    def nodes(self) -> tuple[DeployedNode, ...]:
        """Return the nodes of the live tree that are deployed anywhere, parents first."""
        found: dict[str, dict[str, TargetDeployment]] = {}
        for target, manifest in self.live.items():
            for each in manifest.deployments:
                found.setdefault(each.node, {})[target] = each
        ordered = sorted(found.items(), key=lambda item: item[0].split("/"))
        return tuple(_node(path, targets.items()) for path, targets in ordered)


def read_fleet_tree(zk: zc.zk.ZK, version: Version) -> FleetTree:
    """Return the live tree, compared with the revision of ``version``.

    Raises :exc:`~zc.zkdeployment.errors.Refused` where somebody keeps changing the tree,
    :exc:`~zc.zkdeployment.errors.BadRevision`, and what :class:`zc.zk.ZK` raises.
    """
    revisions = Revisions(zk.bulk.read)
    record = None if version is None or version is False else revisions.record(version)
    live = live_manifests(zk)
    if record is None:
        return FleetTree(live)
    published = revisions.read_manifests(revisions.manifest_digests(record))
    return FleetTree(live, record, published, compare(published, live))


def _node(path: str, targets: Iterable[tuple[str, TargetDeployment]]) -> DeployedNode:
    placed = sorted(targets)
    first = placed[0][1]
    where = tuple((target, each.n) for target, each in placed)
    return DeployedNode(path, first.software, first.subtype, first.version, where)
