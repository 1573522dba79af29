"""A fleet that is stopped while somebody publishes stays stopped, at whatever write that is."""

from __future__ import annotations

from tests.integration.publishing.conftest import Root
from tests.support.publishing import Client, Release, connected

from zc.zkdeployment.fleet_control import stop_fleet
from zc.zkdeployment.sync import Outcome, State


def publish_and_stop(root: Root, first: Release, second: Release, at: int) -> tuple[Outcome, int]:
    """Publish, and have the fleet stopped just before a write; return what came of it.

    And the number of writes. The fleet must then be stopped.
    """
    with root() as (zk, connection):
        first.publish(zk)

        def stop(number: int, _kind: int) -> None:
            if number == at:
                stop_fleet(zk, "pool 3 is down")

        client = Client(connection, stop)
        with connected(client) as publisher:
            outcome = second.sync(publisher)
        if at:
            assert zk.get_properties("/hosts")["version"] is None, f"stopped at write {at}"
        return outcome, client.writes


def test_no_stop_is_lost(root: Root, first: Release, second: Release) -> None:
    outcome, writes = publish_and_stop(root, first, second, 0)
    assert (outcome.state, writes > 5) == (State.PUBLISHED, True)
    states = [publish_and_stop(root, first, second, at)[0].state for at in range(1, writes + 1)]
    assert State.REFUSED in states
