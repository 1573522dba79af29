"""Stopping and resuming while others do the same, and while connections are lost."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kazoo.exceptions import ConnectionLoss

from zc.zk import ZK
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.fleet_control import resume_fleet, stop_fleet


class Interrupted(ZK):
    """A tree to which ``before`` and ``after`` do something at each of the first writes."""

    before: Iterator[Callable[[], object]] = iter(())
    after: Iterator[Callable[[], object]] = iter(())

    def set(self, *args: Any) -> Any:
        next(self.before, _nothing)()
        stat = super().set(*args)
        next(self.after, _nothing)()
        return stat


def _nothing() -> None:
    pass


def _lose() -> None:
    raise ConnectionLoss


@pytest.fixture
def fleet(zk: ZK) -> ZK:
    zk.import_tree("/hosts\n  version = 7\n")
    return zk


@pytest.fixture
def interrupted(fleet: ZK, zk_connection: str) -> Iterator[Interrupted]:
    with contextlib.closing(Interrupted(zk_connection)) as opened:
        yield opened


def set_version(zk: ZK, version: object) -> Callable[[], None]:
    return lambda: zk.properties("/hosts", watch=False).update(version=version)


def test_a_version_that_is_published_meanwhile_is_stopped_too(
    fleet: ZK, interrupted: Interrupted
) -> None:
    interrupted.before = iter([set_version(fleet, 8)])
    stopped = stop_fleet(interrupted)
    assert stopped.stop is not None
    assert (stopped.stop.version, stopped.already) == (8, False)
    assert fleet.get_properties("/hosts")["version"] is None
    assert resume_fleet(fleet).version == 8


def test_of_two_who_stop_at_the_same_time_one_is_noted(
    fleet: ZK, interrupted: Interrupted
) -> None:
    interrupted.before = iter([lambda: stop_fleet(fleet, "first")])
    stopped = stop_fleet(interrupted, "second")
    assert stopped.already
    assert stopped.stop is not None
    assert stopped.stop.reason == "first"


def test_nobody_tries_to_stop_forever(fleet: ZK, interrupted: Interrupted) -> None:
    interrupted.before = iter([set_version(fleet, version) for version in range(100)])
    with pytest.raises(Refused, match=r"/hosts: somebody else changed it 10 times; try again"):
        stop_fleet(interrupted)
    assert fleet.get_properties("/hosts") == {"version": 9}


def test_a_version_that_somebody_else_sets_meanwhile_is_kept(
    fleet: ZK, interrupted: Interrupted
) -> None:
    stop_fleet(fleet)
    interrupted.before = iter([set_version(fleet, 8)])
    with pytest.raises(Refused, match="somebody else changed /hosts meanwhile, its version is 8:"):
        resume_fleet(interrupted)
    assert fleet.get_properties("/hosts")["version"] == 8


def test_a_stop_that_follows_a_stop_meanwhile_is_kept(fleet: ZK, interrupted: Interrupted) -> None:
    """To this resume the fleet looks stopped as before, but not by whom it knows."""
    stop_fleet(fleet)
    interrupted.before = iter([lambda: (resume_fleet(fleet), stop_fleet(fleet, "again"))])
    with pytest.raises(Refused, match="its version is None: nothing was done"):
        resume_fleet(interrupted)
    assert fleet.get_properties("/hosts")["stopped"]["reason"] == "again"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_connection_hides_nothing(fleet: ZK, interrupted: Interrupted, when: str) -> None:
    """Done or not: it is done once, and who did it is told so."""
    setattr(interrupted, when, iter([_lose]))
    stopped = stop_fleet(interrupted, "why")
    assert stopped.stop is not None
    assert not stopped.already
    assert fleet.get_properties("/hosts")["stopped"]["reason"] == "why"
    setattr(interrupted, when, iter([_lose]))
    assert resume_fleet(interrupted).version == 7
    assert fleet.get_properties("/hosts") == {"version": 7}


@pytest.mark.parametrize(
    ("sudo", "user", "expected"), [("alice", 0, "alice"), ("", 0, "root"), ("", 54321, "54321")]
)
def test_whoever_runs_it_can_stop_the_fleet(
    fleet: ZK, monkeypatch: pytest.MonkeyPatch, sudo: str, user: int, expected: str
) -> None:
    """In a container there may be no name for the user."""
    monkeypatch.setenv("SUDO_USER", sudo)
    monkeypatch.setattr(os, "getuid", lambda: user)
    stopped = stop_fleet(fleet)
    assert stopped.stop is not None
    assert stopped.stop.by == f"{expected}@{socket.gethostname()}"
