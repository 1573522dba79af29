"""Bringing the fleet to what version control says (companions.md, "Publishing").

The log, of the logger ``zc.zkdeployment.sync``, is that of the original tool.
"""

from __future__ import annotations

import contextlib
import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum

from kazoo.exceptions import KazooException

import zc.zk
from zc.zk.garbage import uncollected
from zc.zk.operations import Check
from zc.zkdeployment.adapters.fleet_state import NoFleet, initial_fleet, read_fleet
from zc.zkdeployment.adapters.publisher_lock import LockTaken, publisher_lock
from zc.zkdeployment.adapters.refusals import note_refusal
from zc.zkdeployment.adapters.revisions import UPDATING, Revisions
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.model import Version, same_version
from zc.zkdeployment.moments import text_of
from zc.zkdeployment.publication.preparation import prepare
from zc.zkdeployment.publication.publish_rules import (
    AllStop,
    Limits,
    check_converged,
    check_index,
    check_not_bad,
    check_stop,
)
from zc.zkdeployment.publication.publisher_ports import Source
from zc.zkdeployment.publication.refusals import Refusal
from zc.zkdeployment.publishing import (
    Terms,
    carry_out,
    check_proposal,
    differences,
    propose,
)
from zc.zkdeployment.revisions.fleet import Fleet
from zc.zkdeployment.revisions.fleet_diff import FleetDiff
from zc.zkdeployment.revisions.ledger import Publication

logger = logging.getLogger(__name__)

_DRY_RUN = " (dry run, no action taken)"


class State(Enum):
    """What came of an attempt to publish."""

    PUBLISHED = "published"
    CURRENT = "current"
    DRY_RUN = "dry run"
    REFUSED = "refused"
    LOCKED = "locked"  # somebody else publishes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt to publish ``version`` to a fleet at the version ``was``.

    ``diff`` and ``live``, the changes of the live tree in words, are there after a dry
    run; ``publication`` after publishing; ``reason`` where that was refused.
    """

    state: State
    was: Version = None
    version: Version = None
    diff: FleetDiff | None = None
    live: tuple[str, ...] = ()
    publication: Publication | None = None
    reason: str | None = None


def sync(
    zk: zc.zk.ZK, source: Source, terms: Terms, limits: Limits, *, dry_run: bool = False
) -> Outcome:
    """Publish what the source holds, unless the fleet should reach that already.

    It is published again where a publisher was cut off, so that the live tree is whole.
    A refusal is logged, told and remembered for others to see, not raised. Raises
    :exc:`~zc.zkdeployment.errors.BadSource`,
    :exc:`~zc.zkdeployment.errors.BadRevision`, and what :class:`zc.zk.ZK` raises.
    """
    attempt = _Attempt(zk, source, terms, limits, dry_run)
    try:
        return attempt.run()
    except LockTaken as taken:
        logger.error("Refused to update zookeeper tree, couldn't obtain cluster lock")
        logger.info("The cluster lock: %s", taken)
        return Outcome(State.LOCKED, reason=f"couldn't obtain cluster lock: {taken}")
    except Refused as refused:
        level = logging.CRITICAL if isinstance(refused, AllStop) else logging.ERROR
        logger.log(level, "%s", refused)
        attempt.remember(refused)
        return Outcome(State.REFUSED, reason=str(refused))


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """What publishing a source would do to the fleet, and the ``index`` to hold it to."""

    index: int
    was: Version
    version: Version
    diff: FleetDiff
    live: tuple[str, ...]


def plan_sync(zk: zc.zk.ZK, source: Source) -> FleetPlan:
    """Return what :func:`sync` would do, whether or not it may be done now.

    Nothing is written and nothing logged. Raises what :func:`sync` does, and
    :exc:`~zc.zkdeployment.errors.Refused` where the tree itself may not be published.
    """
    fleet = _read(zk)
    proposal = propose(zk, prepare(source.read(), fleet.hosts), fleet)
    version = proposal.prepared.snapshot.version
    live = differences(zk, proposal)
    return FleetPlan(fleet.index, fleet.version, version, proposal.diff, live)


@dataclass(slots=True)
class _Attempt:
    zk: zc.zk.ZK
    source: Source
    terms: Terms
    limits: Limits
    dry_run: bool
    version: Version = None  # once it is known
    index: int = 0  # of the fleet, likewise

    def run(self) -> Outcome:
        fleet = _read(self.zk)
        self.index = fleet.index
        check_stop(fleet, self.limits)
        check_index(fleet, self.limits)
        self.version = version = self.source.newest()
        logger.info("VCS Version: %s", version)
        logger.info("ZK Version: %s", fleet.version)
        if self._is_current(version, fleet):
            return Outcome(State.CURRENT, fleet.version, version)
        check_not_bad(version, Revisions(self.zk.bulk.read).ledger(), self.limits)
        check_converged(fleet, self.limits)
        with self._lock() as guard, uncollected():
            return self._resync(fleet, guard)

    def remember(self, refused: Refused) -> None:
        """Let others see why nothing was published; who may not write that is refused, too."""
        if self.dry_run:
            return
        by, at = self.terms.by, text_of(self.terms.at)
        try:
            note_refusal(self.zk, Refusal(by, at, self.version, str(refused), self.index))
        except KazooException as error:
            logger.warning("The refusal could not be noted: %s %s", type(error).__name__, error)

    def _is_current(self, version: Version, fleet: Fleet) -> bool:
        if self.limits.force or not same_version(version, fleet.version):
            return False
        if self.zk.exists(UPDATING) is None:
            return True
        logger.warning("The live tree is between two versions, of which one is %s", version)
        return False

    def _lock(self) -> AbstractContextManager[Check | None]:
        if self.dry_run:
            return contextlib.nullcontext()
        return publisher_lock(self.zk, self.terms.by, text_of(self.terms.at))

    def _resync(self, fleet: Fleet, guard: Check | None) -> Outcome:
        logger.info("Version mismatch detected, resyncing")
        snapshot = self.source.read()
        if self._is_current(snapshot.version, fleet):
            return Outcome(State.CURRENT, fleet.version, snapshot.version)
        prepared = prepare(snapshot, fleet.hosts)
        for warning in prepared.warnings:
            logger.warning("%s", warning)
        proposal = propose(self.zk, prepared, fleet)
        check_proposal(self.zk, proposal, self.limits, self.terms)
        for file in snapshot.files:
            logger.info("Importing %s%s", file.name, _DRY_RUN if self.dry_run else "")
        if guard is None:
            live = differences(self.zk, proposal)
            return Outcome(State.DRY_RUN, fleet.version, snapshot.version, proposal.diff, live)
        publication = carry_out(self.zk, proposal, guard, self.terms)
        return Outcome(State.PUBLISHED, fleet.version, snapshot.version, publication=publication)


def _read(zk: zc.zk.ZK) -> Fleet:
    try:
        return read_fleet(zk)
    except NoFleet:
        return initial_fleet()
