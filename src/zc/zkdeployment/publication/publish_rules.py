"""When publishing is refused: rules that need nothing but what is known.

Source: companions.md, "Publishing: the VCS sync tool". The messages in quotes there
are those here.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from zc.zkdeployment.errors import Refused
from zc.zkdeployment.model import Version
from zc.zkdeployment.revisions.fleet import Fleet
from zc.zkdeployment.revisions.fleet_diff import FleetDiff
from zc.zkdeployment.revisions.ledger import Ledger
from zc.zkdeployment.revisions.revision import Envelope, Record

#: Of the deployments that there are, how many may go without anybody saying so.
USUAL_SHARE = Fraction(1, 2)


class AllStop(Refused):
    """The fleet is stopped."""


class FleetMoved(Refused):
    """The fleet is not the one that a person saw."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a person allows.

    ``force`` is to publish although the fleet is stopped, on its way, or was rolled
    back from this version. A ``share`` of all deployments may go, but never all; with
    ``removals`` that many may go. ``index`` is that of the fleet that a person saw.
    """

    force: bool = False
    share: Fraction = USUAL_SHARE
    removals: int | None = None
    index: int | None = None


def check_stop(fleet: Fleet, limits: Limits) -> None:
    """Raise :exc:`AllStop` if the fleet is stopped."""
    if fleet.version is None and not limits.force:
        raise AllStop("ALL STOP, cluster version is None")


def check_index(fleet: Fleet, limits: Limits) -> None:
    """Raise :exc:`FleetMoved` if the fleet is not the one that a person saw."""
    if limits.index is not None and limits.index != fleet.index:
        raise FleetMoved(
            f"the fleet moved: its index is {fleet.index}, not {limits.index}, and its version is"
            f" {fleet.version!r}; look at 'zkdeploy plan --fleet' again"
        )


def check_not_bad(version: Version, ledger: Ledger, limits: Limits) -> None:
    """Raise ``Refused`` if somebody rolled back from the version."""
    why = ledger.why_bad(version)
    if why is not None and not limits.force:
        raise Refused(
            f"version {version!r} is bad: {why}; it is not published again before the source"
            " moves past it, or with --force"
        )


def check_converged(fleet: Fleet, limits: Limits) -> None:
    """Raise ``Refused`` if a host has not reached the cluster version yet."""
    if limits.force or fleet.version is None or fleet.version is False:
        return
    if host := fleet.behind():
        raise Refused(
            "Version mismatch detected, can't resync since host "
            f"{host.identity.host_identifier} has not converged"
            f" ({host.version} -> {fleet.version})"
        )


def check_removals(diff: FleetDiff, limits: Limits) -> None:
    """Raise ``Refused`` if too many deployments would go."""
    gone, before = diff.removals, diff.before
    allowed = limits.removals
    if allowed is None:
        if not gone or (gone < before and gone <= limits.share * before):
            return
        limit = "all" if gone == before else f"more than {float(limits.share):.0%}"
        raise Refused(
            f"{gone} of {before} deployments would be removed, which is {limit} of them: nothing"
            f" was published. If that is meant: --allow-removals {gone}"
        )
    if gone > allowed:
        raise Refused(
            f"{gone} of {before} deployments would be removed, but --allow-removals allows"
            f" {allowed}: nothing was published"
        )


def check_same_tree(record: Record | None, tree: str) -> None:
    """Raise ``Refused`` if another tree was published under the version of ``record``."""
    if record is not None and record.tree != tree:
        raise Refused(
            f"version {record.version!r} was published at {record.at} with another tree. Hosts"
            " that reached it would not deploy it again: publish this one under a version of its"
            " own, with --version"
        )


def check_signed(newest: Envelope | None, limits: Limits, *, signed: bool) -> None:
    """Raise ``Refused`` if the ``newest`` revision is signed, but the next one would not be."""
    if newest is not None and newest.key is not None and not signed and not limits.force:
        raise Refused(
            f"the last revision is signed with key {newest.key}: hosts may accept nothing else."
            " Sign this one, too (--sign KEY), or --force"
        )


def check_serial(serial: int | None, ledger: Ledger) -> int:
    """Return the serial of the next revision: the one that is wanted, else the next one.

    Raises ``Refused`` if the one that is wanted is not above all others.
    """
    last = ledger.newest.serial if ledger.newest else 0
    if serial is not None and serial <= last:
        raise Refused(f"serial {serial} is not above {last}, that of the last revision")
    return last + 1 if serial is None else serial
