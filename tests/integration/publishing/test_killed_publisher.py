"""A publisher dies at each of its writes: hosts see the old revision or the new one, whole.

Each write is lost with the process, or done without the process ever hearing of it. Then
another publisher does what is left, and ends where an undisturbed one does, to the byte.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from kazoo.exceptions import KazooException
from tests.integration.publishing.conftest import Root
from tests.support.publishing import (
    HOSTS,
    LIMITS,
    TERMS,
    AtWrite,
    Client,
    Killed,
    Release,
    Wanted,
    connected,
    copy,
    persistent,
    reachable,
    version_of,
    wanted_now,
)

import zc.zk
from zc.zkdeployment.adapters.revisions import UPDATING, Revisions
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.lab.relay import Relay
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.rollback import rollback
from zc.zkdeployment.sync import Outcome, State

MOST = 60  # writes that a publication here may take

Act = Callable[[zc.zk.ZK], object]
View = tuple[Version, Wanted | None]

both_cases = pytest.mark.parametrize("arrives", [False, True], ids=["lost", "done"])


@dataclass(frozen=True, slots=True)
class Story:
    """How a fleet is prepared, what is done to it, and what hosts see before and after."""

    root: Root
    prepare: Act
    act: Act
    before: View
    after: View
    settle: Act = lambda _: None  # what else is done before all nodes are compared

    def die_at_each_write(self, *, arrives: bool) -> list[View]:
        """Return what hosts saw after each death."""
        with self.root() as (zk, _):
            self.prepare(zk)
            start = persistent(zk)
        with self.root() as (zk, connection):
            copy(start, zk)
            with connected(Client(connection)) as publisher:
                self.act(publisher)
                writes: int = publisher.client.writes
            assert wanted_now(zk) == self.after
            done = reachable(zk)
            self.settle(zk)
            end = persistent(zk)
        assert 5 < writes < MOST
        views = []
        for fatal in range(1, writes + 1):
            with self.root() as (zk, connection):
                copy(start, zk)
                self._die(Client(connection, fatal=fatal, arrives=arrives))
                views.append(self._view(zk))
                with contextlib.suppress(Refused):  # that it is done already
                    self.act(zk)
                assert wanted_now(zk) == self.after, fatal
                assert reachable(zk) == done, fatal
                self.settle(zk)
                assert persistent(zk) == end, fatal
        return views

    def _die(self, client: Client) -> None:
        with connected(client) as publisher, pytest.raises(Killed):
            self.act(publisher)

    def _view(self, zk: zc.zk.ZK) -> View:
        """Return what hosts see; the one thing that may have them wait is a half-done tree."""
        version, wanted = version_of(zk), None
        if version is not None:
            version, wanted = wanted_now(zk)
            if wanted is None:
                assert Revisions(zk.bulk.read).record(version) is None
                assert zk.exists(UPDATING)
        return version, wanted


def assert_in_order(views: list[View], order: list[View]) -> None:
    """Check that hosts saw all of ``order``, one after the other, and nothing else."""
    assert [view for number, view in enumerate(views) if view not in views[:number]] == order
    assert [order.index(view) for view in views] == sorted(order.index(view) for view in views)


@both_cases
def test_an_update_is_seen_whole_or_not_at_all(
    root: Root, first: Release, second: Release, arrives: bool
) -> None:
    before, after = (1, first.wanted), (2, second.wanted)
    assert not any(first.wanted[host] == second.wanted[host] for host in HOSTS)
    story = Story(root, first.publish, second.publish_again, before, after)
    assert_in_order(story.die_at_each_write(arrives=arrives), [before, after])


@both_cases
def test_the_first_publication_ever_is_seen_whole_or_not_at_all(
    root: Root, first: Release, arrives: bool
) -> None:
    """A fleet with a version and without a tree would have hosts remove all that they have."""
    after = (1, first.wanted)
    story = Story(root, lambda _: None, first.publish_again, (None, None), after)
    assert_in_order(story.die_at_each_write(arrives=arrives), [(None, None), after])


@both_cases
def test_a_fleet_whose_tree_was_imported_by_hand_sees_its_old_tree_or_waits(
    root: Root, first: Release, second: Release, arrives: bool
) -> None:
    """Half of the old tree and half of the new one would take deployments away."""

    def by_hand(zk: zc.zk.ZK) -> None:
        first.publish(zk)
        zk.delete_recursive("/revisions")

    before, after = (1, first.wanted), (2, second.wanted)
    story = Story(root, by_hand, second.publish_again, before, after)
    views = story.die_at_each_write(arrives=arrives)
    assert_in_order(views, [before, (1, None), after])


def test_whoever_comes_after_a_first_publication_that_was_killed_knows_what_there_was(
    root: Root, tmp_path: Path
) -> None:
    """Else half of the deployments could go, and half of the rest, and nobody would be asked."""

    def release(version: int, names: str) -> Release:
        nodes = (
            f"  /{name} : web\n    version = '1'\n    /deploy\n      /one\n" for name in names
        )
        return Release(tmp_path / names, version, {"a.zk": "/site\n" + "".join(nodes)})

    tried = 0
    for fatal in range(1, MOST):
        with root() as (zk, connection):
            zk.import_tree("/hosts\n  version = 'by hand'\n" + release(1, "abcd").files["a.zk"])
            with connected(Client(connection, fatal=fatal)) as publisher, pytest.raises(Killed):
                release(2, "ab").sync(publisher, limits=Limits())
            if version_of(zk) == 2:
                break
            tried += zk.exists("/site/d") is None
            refused = release(3, "a").sync(zk, limits=Limits())
            assert refused.state is State.REFUSED, fatal
            assert "3 of 4 deployments would be removed" in (refused.reason or "")
            published = release(2, "ab").sync(zk, limits=Limits()).publication
            assert published is not None
            assert sum(published.changes.values()) == 2
    assert tried


@both_cases
def test_removing_the_oldest_revision_may_end_anywhere(
    root: Root, first: Release, second: Release, tmp_path: Path, arrives: bool
) -> None:
    """The revisions that are kept stay whole; what was not removed goes the next time."""

    def publish_many(zk: zc.zk.ZK) -> None:
        for number in range(19):
            text = f"/only : web\n  version = '{number}'\n  /deploy\n    /one\n"
            Release(tmp_path / str(number), f"v{number}", {"only.zk": text}).publish(zk)
        first.publish(zk)

    third = Release(tmp_path / "third", 3, {**second.files, "third.zk": "/third\n"})
    before, after = (1, first.wanted), (2, second.wanted)
    story = Story(root, publish_many, second.publish_again, before, after, third.publish)
    assert_in_order(story.die_at_each_write(arrives=arrives), [before, after])


@both_cases
def test_a_rollback_is_seen_whole_or_not_at_all(
    root: Root, first: Release, second: Release, arrives: bool
) -> None:
    def publish_both(zk: zc.zk.ZK) -> None:
        first.publish(zk)
        second.publish(zk)

    def go_back(zk: zc.zk.ZK) -> None:
        rollback(zk, 1, TERMS, LIMITS)

    before, after = (2, second.wanted), (1, first.wanted)
    story = Story(root, publish_both, go_back, before, after)
    assert_in_order(story.die_at_each_write(arrives=arrives), [before, after])


def test_a_sync_mends_the_live_tree_that_a_killed_rollback_left(
    root: Root, first: Release, second: Release
) -> None:
    """The fleet is at the version of the source, but what people see is half of another."""
    with root() as (zk, connection):
        first.publish(zk)
        second.publish(zk)
        live = zk.export_tree("/", skip=["/revisions"])
        mended = 0
        for fatal in range(1, MOST):
            client = Client(connection, fatal=fatal)
            with connected(client) as publisher, pytest.raises(Killed):
                rollback(publisher, 1, TERMS, LIMITS)
            if version_of(zk) == 1:
                break
            half_done = zk.exists(UPDATING)
            second.sync(zk)
            assert wanted_now(zk) == (2, second.wanted)
            assert not zk.exists(UPDATING), fatal
            assert zk.export_tree("/", skip=["/revisions"]) == live, fatal
            mended += bool(half_done)
        assert mended > 1


def test_top_nodes_of_publishers_that_were_cut_off_go_with_the_next_publication(
    root: Root, first: Release, second: Release, tmp_path: Path
) -> None:
    """They are in no record; a host that reads the live tree would deploy what nobody wants."""
    once = Release(
        tmp_path / "once", 8, {**first.files, "once.zk": "/once : x\n", "o.zkx": "/o\n"}
    )
    then = Release(tmp_path / "then", 9, {**first.files, "then.zk": "/then : x\n"})
    with root() as (zk, connection):
        first.publish(zk)
        for release in (once, then):
            fatal = 0
            while not zk.exists(f"/{release.directory.name}"):
                fatal += 1
                assert fatal < MOST
                client = Client(connection, fatal=fatal, arrives=True)
                with connected(client) as publisher, pytest.raises(Killed):
                    release.sync(publisher)
        second.publish(zk)
        tops = set(zk.get_children("/")) - {"hosts", "hosts-lock", "revisions"}
        assert tops == {"come", "cust", "large", "lib", "proxy", "role-locks", "roles", "site"}


@both_cases
def test_a_publisher_that_loses_its_connection_publishes_or_says_that_it_did_not(
    root: Root, first: Release, second: Release, zookeeper_server: Server, arrives: bool
) -> None:
    """At each of its writes, and it lives on: it must not believe the wrong thing."""
    before, after = (1, first.wanted), (2, second.wanted)
    with root() as (zk, _):
        first.publish(zk)
        start = persistent(zk)
    with root() as (zk, _):
        copy(start, zk)
        second.publish(zk)
        end = persistent(zk)
    with Relay(zookeeper_server) as relay:
        lose = relay.lose_answer if arrives else relay.lose_request
        for lost in range(1, MOST):
            with root() as (zk, connection):
                copy(start, zk)
                servers = f"{relay.connection_string}/{connection.partition('/')[2]}"
                client = Client(servers, at_write(lost, lose))
                with connected(client) as publisher:
                    claims = _claims_to_publish(second, publisher)
                view = wanted_now(zk)
                assert view == after if claims else view in (before, after), lost
                second.sync(zk)
                assert (wanted_now(zk), persistent(zk)) == (after, end), lost
            if client.writes < lost:
                return
    pytest.fail(f"more than {MOST} writes")


def _claims_to_publish(release: Release, zk: zc.zk.ZK) -> bool:
    try:
        outcome: Outcome = release.sync(zk)
    except KazooException:
        return False
    return outcome.state is State.PUBLISHED


def at_write(wanted: int, do: Callable[[int], None]) -> AtWrite:
    """Return what has ``do`` called with the kind of the ``wanted`` write."""
    return lambda number, kind: do(kind) if number == wanted else None
