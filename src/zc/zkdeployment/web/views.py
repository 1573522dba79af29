"""What browsers are told of the fleet, as data for JSON; pure.

Texts are sent as they are: the pages show them as text and never as HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from zc.zkdeployment.explanations.why import (
    Explanation,
    explain_absent,
    explain_fleet,
    explain_host,
)
from zc.zkdeployment.fleet_tree import DeployedNode, FleetTree
from zc.zkdeployment.model import TargetDeployment
from zc.zkdeployment.publication.refusals import Refusal
from zc.zkdeployment.revisions.fleet import Stop
from zc.zkdeployment.revisions.fleet_diff import FleetDiff, as_data
from zc.zkdeployment.revisions.revision import Record
from zc.zkdeployment.views.host_views import HostView, remaining_drift
from zc.zkdeployment.views.lock_states import LockState
from zc.zkdeployment.views.overview import Overview
from zc.zkdeployment.web.versions import short, shown

Data = dict[str, Any]

_MOST_NAMES = 100  # of a list that nobody reads to its end; how many there are is said
_MOST_CHANGES = 300  # of a comparison; pages lead to the command that shows all


@dataclass(frozen=True, slots=True)
class State:
    """The fleet at one moment: ``fleet`` and ``locks``, and a row for each host by identifier."""

    overview: Overview
    away: str | None
    fleet: Data
    locks: Sequence[Data]
    hosts: Mapping[str, Data]


def state_of(overview: Overview, away: str | None) -> State:
    """Return what is shown of the fleet; ``away`` is since when ZooKeeper does not answer."""
    return State(
        overview,
        away,
        _fleet(overview, away),
        [_lock(lock) for lock in overview.locks],
        {host.identity.host_identifier: _row(host) for host in overview.hosts},
    )


def difference(before: State | None, after: State) -> Data:
    """Return what somebody has to be told who knows ``before``; ``None``: nothing yet."""
    told: Data = {"whole": before is None, "at": after.overview.at}
    if before is None:
        return {**told, "fleet": after.fleet, "locks": after.locks, "hosts": after.hosts}
    if before.fleet != after.fleet:
        told["fleet"] = after.fleet
    if before.locks != after.locks:
        told["locks"] = after.locks
    if hosts := {id: row for id, row in after.hosts.items() if before.hosts.get(id) != row}:
        told["hosts"] = hosts
    if gone := [id for id in before.hosts if id not in after.hosts]:
        told["gone"] = gone
    return told


def host_of(overview: Overview, identifier: str) -> Data | None:
    """Return all that is known of a host, but what it is to deploy; ``None``: nothing.

    A host that was registered while somebody watched is shown as it was seen last. Of a
    target that no registered host is, it is known what may be the reason.
    """
    host = overview.host(identifier)
    gone = host is None
    if host is None:
        left = (each for each in overview.gone if each.identity.host_identifier == identifier)
        host = next(left, None)
    if host is None and identifier in overview.absent:
        return {"id": identifier, "absent": True, "why": why(explain_absent(overview, identifier))}
    if host is None:
        return None
    report = host.report
    return {
        **_row(host),
        "gone": gone,
        "goal": shown(overview.goal),
        "error": host.error,
        "why": None if gone else why(explain_host(overview, host)),
        "output": list(report.output) if report else [],
        "results": [asdict(result) for result in report.results] if report else [],
        "failure": asdict(report.failure) if report and report.failure else None,
        "drift": asdict(report.drift) if report and report.drift else None,
        "inventory": report.software.at if report and report.software else None,
        "reports": report is not None,
        "began": report.began if report else None,
        "seconds": report.seconds if report else None,
    }


def why(explanation: Explanation) -> Data:
    """Return an explanation as data."""
    return asdict(explanation)


def tree_of(tree: FleetTree) -> Data:
    """Return the live tree, and how it drifted from what was published."""
    return {
        "nodes": [_node(node) for node in tree.nodes()],
        "published": tree.record and record_of(tree.record),
        "drift": tree.drift and diff_of(tree.drift),
    }


def diff_of(diff: FleetDiff) -> Data:
    """Return a comparison, with the first of its changes; ``counts`` has how many there are."""
    first = replace(diff, changes=diff.changes[:_MOST_CHANGES])
    return {**as_data(first), "counts": dict(diff.counts)}


def record_of(record: Record) -> Data:
    """Return what is shown of a record."""
    names = ("serial", "at", "by", "origin", "expires")
    whole = asdict(record)
    return {"version": shown(record.version), **{name: whole[name] for name in names}}


def stop_of(stop: Stop) -> Data:
    """Return who stopped the fleet, and at which version."""
    return {**asdict(stop), "version": shown(stop.version)}


def deployment_of(deployment: TargetDeployment) -> Data:
    """Return a deployment as data."""
    parallel = deployment.max_parallel
    return {**asdict(deployment), "max_parallel": parallel and parallel.text}


def _fleet(overview: Overview, away: str | None) -> Data:
    record = overview.record
    return {
        "exists": overview.index > 0,
        "version": shown(overview.version),
        "goal": shown(overview.goal),
        "index": overview.index,
        "changed": overview.changed,
        "stopped": overview.stopped,
        "settled": overview.settled,
        "stop": overview.stop and stop_of(overview.stop),
        "record": record and record_of(record),
        "done": overview.done,
        "total": len(overview.hosts),
        "counts": [[state.value, count] for state, count in overview.counts().items()],
        "absent": overview.absent[:_MOST_NAMES],
        "absent_total": len(overview.absent),
        "left": [_left(host) for host in overview.gone[:_MOST_NAMES]],
        "trouble": overview.trouble,
        "refusal": overview.refusal and _refusal(overview.refusal),
        "away": away,
        "why": why(explain_fleet(overview)),
    }


def _refusal(refusal: Refusal) -> Data:
    return {"by": short(refusal.by), "at": refusal.at, "reason": refusal.reason}


def _left(host: HostView) -> Data:
    return {"id": host.identity.host_identifier, "name": short(host.identity.host_name)}


def _row(host: HostView) -> Data:
    return {
        "id": host.identity.host_identifier,
        "name": short(host.identity.host_name),
        "role": host.identity.role and short(host.identity.role),
        "version": shown(host.version),
        "state": host.state.value,
        "step": host.step or _drifted(host),
        "since": host.since,
        "waits_for": host.waits_for,
        "error": _first_line(host.error),
    }


def _drifted(host: HostView) -> str | None:
    """Return the first thing that is not as it was deployed."""
    drift = remaining_drift(host.report)
    return (
        next((each for each in drift.found if each not in drift.repaired), None) if drift else None
    )


def _first_line(error: str | None) -> str | None:
    if error is None:
        return None
    lines = (short(line.strip()) for line in error.splitlines())
    return next(filter(None, lines), "an error without a text")


def _lock(lock: LockState) -> Data:
    return {
        "kind": lock.kind,
        "path": lock.path,
        "dead": lock.dead,
        "holders": [
            {
                "host": holder.host,
                "name": holder.name and short(holder.name),
                "since": holder.since,
                "alive": holder.alive,
                "version": shown(holder.version),
                "step": holder.step and short(holder.step),
            }
            for holder in lock.holders[:_MOST_NAMES]
        ],
        "holding": len(lock.holders),
        "waiters": [
            {"host": each.host, "name": each.name and short(each.name), "since": each.since}
            for each in lock.waiters[:_MOST_NAMES]
        ],
        "waiting": len(lock.waiters),
    }


def _node(node: DeployedNode) -> Data:
    return {
        "node": node.node,
        "software": node.software,
        "subtype": node.subtype,
        "version": node.version,
        "targets": [list(each) for each in node.targets[:_MOST_NAMES]],
        "total": len(node.targets),
    }
