"""Going back to a revision that is kept: no version control is needed for that."""

from __future__ import annotations

import zc.zk
from zc.zkdeployment.adapters.fleet_state import read_fleet
from zc.zkdeployment.adapters.publisher_lock import publisher_lock
from zc.zkdeployment.adapters.revisions import Revisions
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.model import Version, same_version
from zc.zkdeployment.moments import text_of
from zc.zkdeployment.publication.preparation import prepare
from zc.zkdeployment.publication.publish_rules import Limits, check_index
from zc.zkdeployment.publishing import Terms, carry_out, check_proposal, propose
from zc.zkdeployment.revisions.fleet import Fleet, stop_of
from zc.zkdeployment.revisions.ledger import Ledger, Publication
from zc.zkdeployment.revisions.versions import node_name
from zc.zkdeployment.tree.snapshot import Snapshot


def rollback(zk: zc.zk.ZK, version: Version, terms: Terms, limits: Limits) -> Publication:
    """Publish a revision again that is kept; ``None`` is the last good one before this one.

    The version that the fleet leaves becomes bad: it is not published again unless
    forced. A fleet that failed, or is on its way, goes back too; one that a person
    stopped must be forced.

    Raises :exc:`~zc.zkdeployment.errors.Refused` with nothing done,
    :exc:`~zc.zkdeployment.errors.BadRevision`, and what :class:`zc.zk.ZK` raises.
    """
    fleet = read_fleet(zk)
    check_index(fleet, limits)
    _check_stop(fleet, limits)
    revisions = Revisions(zk.bulk.read)
    ledger = revisions.ledger()
    left = _version_left(fleet, ledger)
    record = revisions.published(_target(version, left, ledger))
    target = record.version
    if same_version(target, fleet.version):
        raise Refused(f"the version of the fleet is {target!r} already")
    with publisher_lock(zk, terms.by, text_of(terms.at)) as guard:
        snapshot = Snapshot(target, revisions.files(record), record.origin)
        prepared = prepare(snapshot, fleet.hosts)
        proposal = propose(zk, prepared, fleet)
        check_proposal(zk, proposal, limits, terms)
        bad = {} if same_version(left, target) else {node_name(left): _why(target, terms)}
        return carry_out(zk, proposal, guard, terms, "rollback", bad)


def _check_stop(fleet: Fleet, limits: Limits) -> None:
    stop = stop_of(fleet)
    if stop and not limits.force:
        why = f": {stop.reason}" if stop.reason else ""
        raise Refused(
            f"{stop.by} stopped the fleet at {stop.at}{why}. To end that by going back: --force"
        )


def _version_left(fleet: Fleet, ledger: Ledger) -> Version:
    if fleet.version is not None and fleet.version is not False:
        return fleet.version
    if ledger.newest is None:
        raise Refused("nothing was published yet, so there is nothing to go back to")
    return ledger.newest.version


def _target(version: Version, left: Version, ledger: Ledger) -> Version:
    if version is not None:
        return version
    before = ledger.before(left)
    if before is None:
        raise Refused(f"there is no good revision before {left!r}; 'zkdeploy history' lists all")
    return before.version


def _why(target: Version, terms: Terms) -> str:
    why = f": {terms.reason}" if terms.reason else ""
    return f"{terms.by} rolled back from it to {target!r} at {text_of(terms.at)}{why}"
