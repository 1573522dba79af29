"""What the demo shows of a fleet whose nodes a person may have written into."""

from __future__ import annotations

from pathlib import Path

import pytest

from zc.zk import ZK
from zc.zkdeployment.demo.fleet import Lock
from zc.zkdeployment.demo.hosts import HostDirectory
from zc.zkdeployment.demo.observer import Observer
from zc.zkdeployment.demo.story import Host


@pytest.fixture
def observer(zk: ZK, tmp_path: Path) -> Observer:
    host = HostDirectory(Host("h1", "web"), tmp_path)
    host.log.touch()
    return Observer(zk, [host])


def test_a_fleet_that_is_empty_has_no_locks(zk: ZK, observer: Observer) -> None:
    zk.import_tree("/hosts\n  version = 1\n")
    fleet, _ = observer.look()
    assert (fleet.version, fleet.locks) == (1, ())


def test_owners_and_waiters_of_a_lock_are_seen_and_that_one_is_free(
    zk: ZK, observer: Observer
) -> None:
    zk.import_tree("""
        /hosts
          version = 1
        /agent-locks
          /free
          /cust,web
            owners = [{'host': 'h1', 'name': 'h1', 'since': 1}]
            /h2-0000000001
    """)
    fleet, _ = observer.look()
    assert fleet.locks == (Lock("/cust/web", ("h1",), ("h2",)), Lock("/free"))


@pytest.mark.parametrize("owners", ["[{}]", "5", "[5]", "[{'host': 5}]", "{'host': 'h1'}"])
def test_a_lock_whose_data_make_no_sense_ends_no_demo(
    zk: ZK, observer: Observer, owners: str
) -> None:
    zk.import_tree(f"/hosts\n  version = 1\n/agent-locks\n  /web\n    owners = {owners}\n")
    fleet, _ = observer.look()
    assert [lock.node for lock in fleet.locks] == ["/web"]


def test_an_error_that_is_no_text_ends_no_demo(zk: ZK, observer: Observer) -> None:
    zk.import_tree("/hosts\n  version = 1\n  /h1\n    error = 5\n")
    fleet, _ = observer.look()
    assert [(host.registered, host.error) for host in fleet.hosts] == [(True, None)]
