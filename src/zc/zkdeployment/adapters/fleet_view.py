"""Everything that an overview of the fleet needs, read from ZooKeeper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import zc.zk
from zc.zk.bulk import Result
from zc.zkdeployment.adapters.hosts_node import HOSTS
from zc.zkdeployment.adapters.known_nodes import KnownNodes
from zc.zkdeployment.adapters.lock_state import ROOTS, paths_below, see_locks_below
from zc.zkdeployment.adapters.objects import Read
from zc.zkdeployment.adapters.refusals import REFUSED
from zc.zkdeployment.adapters.revisions import Revisions
from zc.zkdeployment.errors import BadRevision
from zc.zkdeployment.moments import text_of
from zc.zkdeployment.publication.refusals import decode_refusal
from zc.zkdeployment.reports.report import decode_report
from zc.zkdeployment.revisions.ledger import Publication
from zc.zkdeployment.revisions.revision import Record
from zc.zkdeployment.tree.tree_parts import REVISIONS
from zc.zkdeployment.views.host_views import REPORT
from zc.zkdeployment.views.lock_states import LockState
from zc.zkdeployment.views.overview import Sight, goal_of


def _now() -> datetime:
    return datetime.now(UTC)


class FleetView:
    """Looks at the fleet, through ``nodes``; parts of revisions are read with ``read``.

    These never change, and are read once for each revision.
    """

    def __init__(self, nodes: KnownNodes, read: Read, now: Callable[[], datetime] = _now) -> None:
        self._nodes = nodes
        self._revisions = Revisions(nodes.read)
        self._objects = Revisions(read)
        self._now = now
        self._targets: tuple[Record | None, frozenset[str]] = (None, frozenset())
        self._decoded: dict[str, tuple[bytes, Mapping[str, Any]]] = {}

    def look(self) -> Sight:
        """Return what there is.

        What is known is not read again; the number of requests does not grow with the fleet.
        Raises what reading raises.
        """
        at = text_of(self._now())
        [top, *roots] = self._nodes.read([HOSTS, *ROOTS, REVISIONS, REFUSED], children=True)
        locks, refused = roots[: len(ROOTS)], roots[-1]
        hosts = self._hosts(paths_below(top))
        if top.stat is None:
            return Sight(at)
        properties = zc.zk.decode(top.data)
        index = top.stat.version + 1
        newest, record, targets, trouble = self._published(properties, index)
        return Sight(
            at=at,
            properties=properties,
            index=index,
            changed=text_of(datetime.fromtimestamp(top.stat.last_modified, UTC)),
            hosts=hosts,
            locks=self._locks(locks, paths_below(top)),
            newest=newest,
            record=record,
            targets=targets,
            trouble=trouble,
            refusal=decode_refusal(zc.zk.decode(refused.data)),
        )

    def _hosts(self, paths: list[str]) -> dict[str, Mapping[str, Any]]:
        nodes = [node for node in self._nodes.read(paths) if node.exists]
        known = self._decoded
        self._decoded = {node.path: (node.data, self._properties(node, known)) for node in nodes}
        return {
            path.rpartition("/")[2]: properties for path, (_, properties) in self._decoded.items()
        }

    @staticmethod
    def _properties(
        node: Result, known: Mapping[str, tuple[bytes, Mapping[str, Any]]]
    ) -> Mapping[str, Any]:
        data, properties = known.get(node.path, (None, None))
        if properties is not None and data == node.data:
            return properties
        found = zc.zk.decode(node.data)
        return {**found, REPORT: decode_report(found.get(REPORT))}

    def _locks(self, roots: list[Result], hosts: list[str]) -> tuple[LockState, ...]:
        states = [seen.state for seen in see_locks_below(self._nodes.read, roots, hosts)]
        return tuple(sorted(states, key=lambda lock: (not lock.dead, not lock.holders, lock.path)))

    def _published(
        self, properties: Mapping[str, Any], index: int
    ) -> tuple[Publication | None, Record | None, frozenset[str], str | None]:
        """Return the last publication, the record of the goal, its targets, and what is wrong."""
        newest = None
        try:
            newest = self._revisions.ledger().newest
            goal = goal_of(properties, index, newest)
            record = None if goal is None else self._revisions.record(goal)
            return newest, record, self._targets_of(record), None
        except BadRevision as error:
            return newest, None, frozenset(), str(error)

    def _targets_of(self, record: Record | None) -> frozenset[str]:
        known, targets = self._targets
        if record != known:
            targets = frozenset(self._objects.manifest_digests(record)) if record else frozenset()
            self._targets = record, targets
        return targets
