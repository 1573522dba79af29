"""When publishing is refused, and that it says why."""

from __future__ import annotations

from fractions import Fraction

import pytest

from zc.zkdeployment.errors import Refused
from zc.zkdeployment.model import Identity, TargetDeployment, Version
from zc.zkdeployment.publication.publish_rules import (
    AllStop,
    Limits,
    check_converged,
    check_index,
    check_not_bad,
    check_removals,
    check_same_tree,
    check_serial,
    check_signed,
    check_stop,
)
from zc.zkdeployment.revisions.fleet import Fleet, RegisteredHost
from zc.zkdeployment.revisions.fleet_diff import ChangeKind, DeploymentChange, FleetDiff
from zc.zkdeployment.revisions.ledger import Ledger, Publication
from zc.zkdeployment.revisions.revision import Envelope, Record
from zc.zkdeployment.tree.origin import Origin


def host(version: Version, name: str = "4242") -> RegisteredHost:
    return RegisteredHost(Identity(name, "host42"), version)


def removing(gone: int, before: int) -> FleetDiff:
    deployment = TargetDeployment("/a", "web", None, "1", 1)
    change = DeploymentChange(ChangeKind.VANISH, "h", deployment, None)
    return FleetDiff((change,) * gone, before)


def test_a_stopped_fleet_is_left_alone_unless_told_otherwise() -> None:
    with pytest.raises(AllStop, match=r"^ALL STOP, cluster version is None$"):
        check_stop(Fleet(None, 3), Limits())
    check_stop(Fleet(None, 3), Limits(force=True))
    check_stop(Fleet(False, 3), Limits())


def test_a_fleet_that_moved_since_a_person_looked_is_left_alone_even_if_forced() -> None:
    check_index(Fleet(1, 3), Limits(index=3))
    check_index(Fleet("initial", 0), Limits(index=0))
    with pytest.raises(Refused, match="its index is 1, not 0"):
        check_index(Fleet(1, 1), Limits(index=0))
    with pytest.raises(Refused, match="its index is 4, not 3"):
        check_index(Fleet(1, 4), Limits(index=3, force=True))


@pytest.mark.parametrize(
    ("fleet", "limits"),
    [
        (Fleet(2, 1, (host(2),)), Limits()),
        (Fleet(2, 1), Limits()),
        (Fleet(False, 1, (host(1),)), Limits()),
        (Fleet(2, 1, (host(1),)), Limits(force=True)),
        (Fleet(None, 1, (host(1),)), Limits(force=True)),
    ],
)
def test_hosts_are_not_waited_for_where_that_makes_no_sense(fleet: Fleet, limits: Limits) -> None:
    check_converged(fleet, limits)


def test_a_host_on_its_way_is_named_with_its_version_and_that_of_the_fleet() -> None:
    fleet = Fleet(2, 1, (host(2, "41"), host(1, "42"), host(None, "43")))
    with pytest.raises(Refused) as refused:
        check_converged(fleet, Limits())
    assert str(refused.value) == (
        "Version mismatch detected, can't resync since host 42 has not converged (1 -> 2)"
    )


@pytest.mark.parametrize(
    ("gone", "before", "limits"),
    [
        (0, 0, Limits()),
        (0, 4, Limits()),
        (2, 4, Limits()),
        (1, 3, Limits(share=Fraction(1, 3))),
        (0, 4, Limits(share=Fraction(0))),
        (3, 4, Limits(share=Fraction(3, 4))),
        (3, 4, Limits(share=Fraction(0), removals=3)),
        (4, 4, Limits(removals=4)),
        (1, 4, Limits(removals=4)),
    ],
)
def test_some_deployments_may_go(gone: int, before: int, limits: Limits) -> None:
    check_removals(removing(gone, before), limits)


@pytest.mark.parametrize(
    ("gone", "before", "limits", "message"),
    [
        (3, 4, Limits(), "3 of 4 .* more than 50% .*--allow-removals 3"),
        (4, 4, Limits(share=Fraction(1)), "4 of 4 .* which is all of them"),
        (1, 1, Limits(force=True), "1 of 1 .* which is all of them"),
        (1, 4, Limits(share=Fraction(0)), "1 of 4 .* more than 0% .*--allow-removals 1"),
        (3, 4, Limits(removals=2), "allows 2"),
        (3, 4, Limits(share=Fraction(1), removals=2), "allows 2"),
        (1, 4, Limits(removals=0), "allows 0"),
    ],
)
def test_an_empty_file_does_not_empty_the_fleet(
    gone: int, before: int, limits: Limits, message: str
) -> None:
    with pytest.raises(Refused, match=message):
        check_removals(removing(gone, before), limits)


def test_what_somebody_rolled_back_from_does_not_come_back_by_itself() -> None:
    ledger = Ledger(bad={"7": "me@ops rolled back from it"})
    with pytest.raises(Refused, match="version 7 is bad: me@ops rolled back from it"):
        check_not_bad(7, ledger, Limits())
    check_not_bad("7", ledger, Limits())
    check_not_bad(8, ledger, Limits())
    check_not_bad(7, ledger, Limits(force=True))


def test_a_version_stands_for_one_tree() -> None:
    record = Record(7, 1, "2026-01-01T00:00:00Z", "me", Origin("site"), tree="a" * 64)
    check_same_tree(None, "b" * 64)
    check_same_tree(record, "a" * 64)
    with pytest.raises(Refused, match=r"version 7 was published at .* with another tree"):
        check_same_tree(record, "b" * 64)


def test_after_a_signed_revision_no_unsigned_one_comes_by_mistake() -> None:
    signed = Envelope("{}", "abcd", "ff")
    check_signed(None, Limits(), signed=False)
    check_signed(Envelope("{}"), Limits(), signed=False)
    check_signed(signed, Limits(), signed=True)
    check_signed(signed, Limits(force=True), signed=False)
    with pytest.raises(Refused, match="signed with key abcd"):
        check_signed(signed, Limits(), signed=False)


def test_serials_grow() -> None:
    assert check_serial(None, Ledger()) == 1
    assert check_serial(9, Ledger()) == 9
    made = Publication(7, 1, "publish", "at", "me", Origin("site"), {}, "initial")
    ledger = Ledger().add(made, {})
    assert (check_serial(None, ledger), check_serial(8, ledger)) == (8, 8)
    with pytest.raises(Refused, match="serial 7 is not above 7, that of the last revision"):
        check_serial(7, ledger)
    with pytest.raises(Refused, match="serial 0 is not above 0"):
        check_serial(0, Ledger())
