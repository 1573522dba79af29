"""When sync leaves a fleet alone: hosts on their way, stops, other publishers, and persons."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from tests.support.syncing import (
    DEPLOYED,
    TREE,
    Texts,
    everything,
    other_session,
    publish,
    registered,
    said,
    set_version,
    terms,
    tree,
)

import zc.zk
from zc.zkdeployment.adapters.publisher_lock import publisher_lock
from zc.zkdeployment.adapters.signatures import SigningKey, generate
from zc.zkdeployment.fleet_control import stop_fleet
from zc.zkdeployment.history import history, show
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.sync import State, plan_sync, sync
from zc.zkdeployment.tree.snapshot import Snapshot

FORCE = Limits(force=True)
NO_LOCK = "ERROR Refused to update zookeeper tree, couldn't obtain cluster lock"


class Meanwhile(Texts):
    """Version 2 of a source; while it is read, something else happens."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__(2, site=tree("2"))
        self._happens = happens

    def read(self) -> Snapshot:
        self._happens()
        return super().read()


@pytest.fixture
def fleet(zk: zc.zk.ZK) -> zc.zk.ZK:
    """A fleet to which version 1 was published."""
    publish(zk, Texts())
    return zk


def test_the_first_host_that_has_not_converged_is_named(
    fleet: zc.zk.ZK, zk_connection: str, log: pytest.LogCaptureFixture
) -> None:
    """Two versions on their way at a time would be deployed in no order at all."""
    with (
        registered(zk_connection, "41", name="h1", version=1),
        registered(zk_connection, "42", name="h2", version="initial") as behind,
        registered(zk_connection, "43", name="h3"),
    ):
        before = everything(fleet)
        said(log)
        assert publish(fleet, Texts(2)).state is State.REFUSED
        wait = "ERROR Version mismatch detected, can't resync since host"
        assert said(log) == [
            "INFO VCS Version: 2",
            "INFO ZK Version: 1",
            f"{wait} 42 has not converged (initial -> 1)",
        ]
        assert everything(fleet) == before
        behind.set("/hosts/42", zc.zk.encode({"name": "h2", "version": 1}))
        publish(fleet, Texts(2))
        assert said(log)[-1] == f"{wait} 43 has not converged (None -> 1)"
    assert publish(fleet, Texts(2)).state is State.PUBLISHED, "no host is there any more"


def test_force_waits_for_nobody(fleet: zc.zk.ZK, zk_connection: str) -> None:
    with registered(zk_connection, "42", name="h1", version="initial"):
        assert publish(fleet, Texts(2), FORCE).state is State.PUBLISHED


def test_a_fleet_that_holds_still_is_published_to_without_waiting(
    fleet: zc.zk.ZK, zk_connection: str, log: pytest.LogCaptureFixture
) -> None:
    """That is how an operator says: I mended it in version control, publish it."""
    set_version(fleet, False)
    with registered(zk_connection, "42", name="h1", version="initial"):
        said(log)
        assert publish(fleet, Texts(2)).state is State.PUBLISHED
        assert said(log)[1] == "INFO ZK Version: False"
    assert fleet.get_properties("/hosts") == {"version": 2}
    assert history(fleet)[0].publication.was is False


def test_what_else_is_noted_of_the_fleet_stays(fleet: zc.zk.ZK) -> None:
    fleet.properties("/hosts", watch=False).update(owner="ops", version=False)
    publish(fleet, Texts(2))
    assert fleet.get_properties("/hosts") == {"owner": "ops", "version": 2}


def test_a_publisher_says_who_holds_the_lock(
    fleet: zc.zk.ZK, zk_connection: str, log: pytest.LogCaptureFixture
) -> None:
    with (
        other_session(zk_connection) as other,
        publisher_lock(other, "eve@ops", "2026-01-02T03:04:05Z"),
    ):
        said(log)
        outcome = publish(fleet, Texts(2))
        assert outcome.state is State.LOCKED
        assert "eve@ops publishes since 2026-01-02T03:04:05Z" in str(outcome.reason)
        assert said(log)[2] == NO_LOCK
        assert len(fleet.get_children("/hosts-lock")) == 1, "its own place is given back"
        assert publish(fleet, Texts(2), dry_run=True).state is State.DRY_RUN, "it needs no lock"
    assert fleet.get_properties("/hosts") == {"version": 1}
    assert publish(fleet, Texts(2)).state is State.PUBLISHED


def test_the_original_tool_and_this_one_respect_each_other(
    fleet: zc.zk.ZK, zk_connection: str, log: pytest.LogCaptureFixture
) -> None:
    """It takes the lock of kazoo's recipe; while a fleet moves to this one, both may run."""
    with other_session(zk_connection) as original:
        lock = original.client.Lock("/hosts-lock")
        with lock:
            assert publish(fleet, Texts(2)).state is State.LOCKED
            assert NO_LOCK in said(log)
        with publisher_lock(fleet, "me@ops", "now"):
            assert not lock.acquire(blocking=False)
        assert lock.acquire(blocking=False)


def test_a_lock_of_an_unknown_kind_is_respected(zk: zc.zk.ZK, zk_connection: str) -> None:
    with other_session(zk_connection) as other:
        other.create("/hosts-lock", ephemeral=True)
        outcome = publish(zk, Texts())
    assert outcome.state is State.LOCKED
    assert "held by a program of another kind" in str(outcome.reason)
    assert publish(zk, Texts()).state is State.PUBLISHED


def test_who_lost_the_place_in_line_does_not_publish(zk: zc.zk.ZK, zk_connection: str) -> None:
    """It goes with the session, which may end at any time."""

    class Losing(zc.zk.ZK):
        def get_children(self, path: str, *args: Any, **more: Any) -> Any:
            for name in zk.get_children(path) if path == "/hosts-lock" else ():
                zk.delete(f"{path}/{name}")
            return super().get_children(path, *args, **more)

    with contextlib.closing(Losing(zk_connection)) as losing:
        outcome = publish(losing, Texts())
    assert outcome.state is State.LOCKED
    assert "went with its session; try again" in str(outcome.reason)
    assert zk.get_children("/") == ["hosts-lock"]


@pytest.mark.parametrize("limits", [Limits(), FORCE])
def test_a_stop_that_comes_while_the_source_is_read_stays(
    fleet: zc.zk.ZK, limits: Limits, log: pytest.LogCaptureFixture
) -> None:
    """Also if forced: whoever forced it did not know of that stop. Nothing has changed then."""
    live = fleet.export_tree("/a")
    before = everything(fleet)
    source = Meanwhile(lambda: stop_fleet(fleet, "pool 3 is down"))
    said(log)
    outcome = publish(fleet, source, limits)
    assert outcome.state is State.REFUSED
    assert said(log)[-1] == (
        "ERROR somebody else changed /hosts meanwhile, its version is None:"
        " nothing was published; look again"
    )
    assert fleet.get_properties("/hosts")["version"] is None
    assert fleet.get_properties("/hosts")["stopped"]["reason"] == "pool 3 is down"
    assert fleet.export_tree("/a") == live
    assert not fleet.exists("/revisions/updating"), "hosts that need the live tree would wait"
    assert fleet.get("/revisions")[0] == before["/revisions"].data
    assert publish(fleet, Texts(2)).state is State.REFUSED
    assert said(log)[-1] == "CRITICAL ALL STOP, cluster version is None"


def test_the_slower_one_of_two_publishers_does_nothing(fleet: zc.zk.ZK) -> None:
    """It would take the fleet back to what it read before the other one was done."""
    slow = Meanwhile(lambda: set_version(fleet, 3))
    outcome = publish(fleet, slow)
    assert "its version is 3: nothing was published" in str(outcome.reason)
    assert fleet.get_properties("/hosts") == {"version": 3}
    assert fleet.get_properties("/a")["version"] == "1"


def test_what_came_meanwhile_may_be_what_is_published_already(fleet: zc.zk.ZK) -> None:
    source = Meanwhile(lambda: setattr(source, "version", 1))
    assert publish(fleet, source).state is State.CURRENT
    assert fleet.get_properties("/a")["version"] == "1"


def test_a_person_who_looked_publishes_only_to_what_there_was(fleet: zc.zk.ZK) -> None:
    source = Texts(2, site=tree("2"))
    seen = plan_sync(fleet, source).index
    set_version(fleet, False)
    before = everything(fleet)
    outcome = publish(fleet, source, Limits(force=True, index=seen))
    assert f"its index is {seen + 1}, not {seen}, and its version is False" in str(outcome.reason)
    assert everything(fleet) == before
    index = plan_sync(fleet, source).index
    assert publish(fleet, source, Limits(index=index)).state is State.PUBLISHED


@pytest.mark.parametrize(
    ("left", "limits", "state"),
    [
        (2, Limits(), State.PUBLISHED),
        (1, Limits(), State.REFUSED),
        (1, FORCE, State.REFUSED),
        (1, Limits(share=Fraction(3, 4)), State.PUBLISHED),
        (0, Limits(share=Fraction(1)), State.REFUSED),
        (0, Limits(removals=3), State.REFUSED),
        (0, Limits(removals=4), State.PUBLISHED),
    ],
)
def test_a_file_that_lost_its_lines_does_not_empty_the_fleet(
    zk: zc.zk.ZK, left: int, limits: Limits, state: State
) -> None:
    four = [f"/{name}{DEPLOYED}" for name in "abcd"]
    publish(zk, Texts(site="".join(four)))
    outcome = publish(zk, Texts(2, site="/x\n" + "".join(four[:left])), limits)
    assert outcome.state is state
    refused = state is State.REFUSED
    assert zk.get_properties("/hosts") == {"version": 1 if refused else 2}
    assert bool(zk.exists("/d")) is refused
    assert not refused or f"{4 - left} of 4 deployments would be removed" in str(outcome.reason)


def test_what_moves_is_not_removed(fleet: zc.zk.ZK) -> None:
    assert publish(fleet, Texts(2, site=TREE.replace("h1", "h2"))).state is State.PUBLISHED


def test_after_a_signed_revision_comes_a_signed_one(fleet: zc.zk.ZK, tmp_path: Path) -> None:
    """Hosts that check signatures would stop the fleet for one that is not."""
    generate(tmp_path / "key")
    key = SigningKey.load(tmp_path / "key")
    signed = replace(terms(), signer=key)
    assert sync(fleet, Texts(2), signed, Limits()).state is State.PUBLISHED
    before = everything(fleet)
    outcome = publish(fleet, Texts(3))
    assert f"the last revision is signed with key {key.key_id}" in str(outcome.reason)
    assert everything(fleet).keys() == before.keys()
    assert sync(fleet, Texts(3), signed, Limits()).state is State.PUBLISHED
    assert show(fleet, 3).key == key.key_id
    assert publish(fleet, Texts(4), FORCE).state is State.PUBLISHED


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_serial_that_hosts_would_refuse_is_refused_before_anything_is_imported(
    fleet: zc.zk.ZK, log: pytest.LogCaptureFixture, dry_run: bool
) -> None:
    said(log)
    chosen = replace(terms(), serial=1)
    outcome = sync(fleet, Texts(2), chosen, Limits(), dry_run=dry_run)
    assert outcome.reason == "serial 1 is not above 1, that of the last revision"
    assert said(log)[2:] == [
        "INFO Version mismatch detected, resyncing",
        f"ERROR {outcome.reason}",
    ]


@pytest.mark.parametrize("version", ["[1]", "{'a': 1}"])
def test_a_version_that_is_none_spoils_nothing(zk: zc.zk.ZK, version: str) -> None:
    """Somebody set it by hand. The ledger could not be read, nor anything published, again."""
    zk.import_tree(f"/hosts\n  version = {version}\n")
    assert publish(zk, Texts()).state is State.PUBLISHED
    assert history(zk)[0].publication.was == version
    assert publish(zk, Texts(2)).state is State.PUBLISHED
