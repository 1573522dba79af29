"""The status file says what is done, and whether ZooKeeper is there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from zc.zkdeployment.adapters.host_state import HostFiles
from zc.zkdeployment.host.status import Status

SINCE = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


class Shown:
    def __init__(self, directory: Path) -> None:
        self.status = Status(HostFiles(str(directory), str(directory)))
        self._path = directory / "status"

    def __call__(self) -> str | None:
        """Return version and status, without time and process."""
        return self._path.read_text().split(" ", 2)[2] if self._path.exists() else None


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return Shown(tmp_path)


def test_zookeeper_is_away_and_back_while_a_script_runs(shown: Shown) -> None:
    shown.status.say(2, "deploying /x 0")
    shown.status.away(SINCE)
    assert shown() == "2 deploying /x 0 (without ZooKeeper since 2030-01-02T03:04:05Z)"
    shown.status.say(2, "deploying /x 1")
    assert shown() == "2 deploying /x 1 (without ZooKeeper since 2030-01-02T03:04:05Z)"
    shown.status.away(None)
    assert shown() == "2 deploying /x 1"


def test_where_nothing_was_said_nothing_is_made_up(shown: Shown) -> None:
    shown.status.away(SINCE)
    shown.status.away(None)
    assert shown() is None


def test_what_an_earlier_agent_said_is_replaced_once(shown: Shown) -> None:
    """It may have been killed after it reached the version, before it said so."""
    shown.status.say_once(2, "done")
    assert shown() == "2 done"
    shown.status.say(3, "error")
    shown.status.say_once(3, "done")
    assert shown() == "3 error"
    shown.status.say_once(2, "done")
    assert shown() == "2 done", "the fleet went back, and this host had not left"
