"""What a new tree changes for the fleet: deployment by deployment, target by target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from zc.zkdeployment.model import Manifest, Software, TargetDeployment
from zc.zkdeployment.revisions.manifest import Manifests


class ChangeKind(Enum):
    """What happens to a deployment, or to a role's controller."""

    APPEAR = "appear"
    VANISH = "vanish"
    CHANGE = "change"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class DeploymentChange:
    """What happens to one deployment of ``target``.

    ``old`` and ``new`` are ``None`` where there was or will be none. What moves was
    ``old`` at the target ``moved_from``, which is another one, or the same if it moves
    from one node to another.
    """

    kind: ChangeKind
    target: str
    old: TargetDeployment | None
    new: TargetDeployment | None
    moved_from: str | None = None

    @property
    def node(self) -> str:
        """The node that the deployment is, or was, of."""
        deployment = self.new or self.old
        return deployment.node if deployment else ""


@dataclass(frozen=True, slots=True)
class ControllerChange:
    """What happens to the controller of the role ``target``."""

    kind: ChangeKind
    target: str
    old: Software | None
    new: Software | None


Change = DeploymentChange | ControllerChange


@dataclass(frozen=True, slots=True)
class FleetDiff:
    """All changes, by target and node. ``before`` is how many deployments there were."""

    changes: tuple[Change, ...]
    before: int

    @property
    def counts(self) -> Mapping[str, int]:
        """How many changes there are of each kind that occurs."""
        count = Counter(change.kind for change in self.changes)
        return {kind.value: count[kind] for kind in ChangeKind if count[kind]}

    @property
    def removals(self) -> int:
        """How many deployments there will not be any more, anywhere."""
        return sum(
            isinstance(change, DeploymentChange) and change.kind is ChangeKind.VANISH
            for change in self.changes
        )

    def by_target(self) -> dict[str, list[Change]]:
        """Return the changes of each target that has any."""
        found: dict[str, list[Change]] = {}
        for change in self.changes:
            found.setdefault(change.target, []).append(change)
        return found


def compare(before: Manifests, after: Manifests) -> FleetDiff:
    """Compare what targets are to have with what they had.

    A deployment moves if its node goes from one target to another, or if a target
    has the same software at another node. Where several could have been meant, the
    first ones in order are taken for each other.
    """
    old, new = _deployments(before), _deployments(after)
    gone = {key: old[key] for key in old.keys() - new.keys()}
    come = {key: new[key] for key in new.keys() - old.keys()}
    changes: list[Change] = [
        DeploymentChange(ChangeKind.CHANGE, target, old[target, node], new[target, node])
        for target, node in old.keys() & new.keys()
        if old[target, node] != new[target, node]
    ]
    changes += _moves(gone, come)
    changes += (
        DeploymentChange(ChangeKind.VANISH, target, was, None) for (target, _), was in gone.items()
    )
    changes += (
        DeploymentChange(ChangeKind.APPEAR, target, None, comes)
        for (target, _), comes in come.items()
    )
    changes += _controllers(before, after)
    return FleetDiff(tuple(sorted(changes, key=_order)), len(old))


def as_data(diff: FleetDiff) -> dict[str, Any]:
    """Return a comparison as data for JSON."""
    return {
        "counts": dict(diff.counts),
        "before": diff.before,
        "changes": [_as_data(change) for change in diff.changes],
    }


def manifest_data(manifest: Manifest) -> dict[str, Any]:
    """Return all that is wanted of a target as data for JSON."""
    deployments = [_side(deployment) for deployment in manifest.deployments]
    return {**asdict(manifest), "deployments": deployments}


def _as_data(change: Change) -> dict[str, Any]:
    what = "controller" if isinstance(change, ControllerChange) else "deployment"
    moved_from = None if isinstance(change, ControllerChange) else change.moved_from
    return {
        "kind": change.kind.value,
        "what": what,
        "target": change.target,
        "old": _side(change.old),
        "new": _side(change.new),
        "moved_from": moved_from,
    }


def _side(side: TargetDeployment | Software | None) -> dict[str, Any] | None:
    if side is None:
        return None
    if isinstance(side, Software):
        return asdict(side)
    parallel = side.max_parallel
    return {**asdict(side), "max_parallel": None if parallel is None else parallel.text}


_Key = tuple[str, str]  # target and node


def _deployments(manifests: Manifests) -> dict[_Key, TargetDeployment]:
    """Return all deployments that have at least one instance."""
    return {
        (target, deployment.node): deployment
        for target, manifest in manifests.items()
        for deployment in manifest.deployments
        if deployment.n
    }


def _moves(
    gone: dict[_Key, TargetDeployment], come: dict[_Key, TargetDeployment]
) -> Iterator[DeploymentChange]:
    """Yield what moves, and take it out of what is gone and what comes."""
    for same in (_node, _software):
        waiting: dict[object, list[_Key]] = {}
        for key in sorted(gone, reverse=True):
            waiting.setdefault(same(key, gone[key]), []).append(key)
        for key in sorted(come):
            if candidates := waiting.get(same(key, come[key])):
                was = candidates.pop()
                old, new = gone.pop(was), come.pop(key)
                yield DeploymentChange(ChangeKind.MOVE, key[0], old, new, moved_from=was[0])


def _node(key: _Key, _: TargetDeployment) -> object:
    return key[1]


def _software(key: _Key, deployment: TargetDeployment) -> object:
    return key[0], deployment.software, deployment.subtype


def _controllers(before: Manifests, after: Manifests) -> Iterator[ControllerChange]:
    for target in before.keys() | after.keys():
        nothing = Manifest(target)
        old = before.get(target, nothing).controller
        new = after.get(target, nothing).controller
        if old != new:
            kind = (
                ChangeKind.APPEAR
                if old is None
                else ChangeKind.VANISH
                if new is None
                else ChangeKind.CHANGE
            )
            yield ControllerChange(kind, target, old, new)


def _order(change: Change) -> tuple[str, list[str]]:
    node = change.node if isinstance(change, DeploymentChange) else ""
    return change.target, node.split("/")
