"""When a host looks whether all is as it was deployed, and when it repairs what is not.

Hours pass here by a clock that the tests set; host, report and package manager are real.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zc.zk import ZK
from zc.zkdeployment.adapters.host_state import HostFiles
from zc.zkdeployment.adapters.reporter import Reporter
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.trees import Trees
from zc.zkdeployment.errors import Abandoned
from zc.zkdeployment.host import verifying
from zc.zkdeployment.host.verifying import Verifier
from zc.zkdeployment.model import Deployment, Desired, Identity
from zc.zkdeployment.settings.config import Settings
from zc.zkdeployment.wiring import looker_of

HOUR = 3600.0
WANTED = Desired((Deployment("web", None, None, "web", "/x", 0),))  # and nothing of it is there


class Clock:
    """Stands for the module ``time``, for the verifier alone."""

    def __init__(self) -> None:
        self.now = 1e6

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    with monkeypatch.context() as patch:
        patch.setattr(verifying, "time", clock)
        yield clock


@pytest.fixture
def reporter() -> Reporter:
    return Reporter()


@pytest.fixture
def files(tmp_path: Path) -> HostFiles:
    run = tmp_path / "run"
    run.mkdir()
    return HostFiles(str(tmp_path), str(run))


@pytest.fixture
def verifier(
    files: HostFiles, reporter: Reporter, zk: ZK, tmp_path: Path, clock: Clock
) -> Verifier:
    root, run = str(tmp_path), str(tmp_path / "run")
    settings = Settings("h1", None, run, (), root, connection_string="")
    made = Verifier(
        Identity("h1", "web1", None),
        files,
        looker_of(settings),
        Trees(Requests(zk), None),
        reporter,
        HOUR,
        repairs=True,
    )
    made.deployed(2, WANTED)
    return made


def fails(_: Desired) -> None:
    raise RuntimeError("no luck today")


def looks(
    verifier: Verifier, clock: Clock, hours: int, repair: Callable[[Desired], None]
) -> list[int]:
    """Return the hours in which something was repaired, or was to be."""
    repaired = []
    for hour in range(hours):
        left = verifier.left()
        assert left is not None
        clock.now += left
        if verifier.verify(2, repair):
            repaired.append(hour)
    return repaired


def test_what_cannot_be_repaired_is_tried_less_and_less_often(
    verifier: Verifier, clock: Clock, reporter: Reporter, files: HostFiles
) -> None:
    assert looks(verifier, clock, 20, fails) == [0, 1, 3, 7, 15]
    drift = reporter.current().drift
    assert drift is not None
    assert (drift.found, drift.unrepaired) == (
        ("/opt/web is gone: it was deployed",),
        "no luck today",
    )
    assert (files.read_version(), files.is_unfinished()) == (2, False)
    verifier.deployed(3, WANTED)
    verifier.deployed(2, WANTED)
    assert looks(verifier, clock, 1, fails) == [0], "what was deployed anew is repaired at once"


def test_what_somebody_undoes_again_and_again_is_repaired_less_and_less_often(
    verifier: Verifier, clock: Clock
) -> None:
    assert looks(verifier, clock, 20, lambda wanted: verifier.deployed(2, wanted)) == [
        0,
        1,
        3,
        7,
        15,
    ]


def test_a_repair_that_is_left_is_no_failure_and_leaves_no_version_begun(
    verifier: Verifier, clock: Clock, files: HostFiles
) -> None:
    """Else the host would deploy the version like a new one, and could stop the fleet."""

    def leave(_: Desired) -> None:
        files.begin_version(2)
        raise Abandoned("cluster version is None")

    for _ in range(3):  # at each look: it was never tried
        with pytest.raises(Abandoned):
            looks(verifier, clock, 1, leave)
        assert not files.is_unfinished()


def test_who_could_not_look_for_a_while_waits_for_its_next_turn(
    verifier: Verifier, clock: Clock, reporter: Reporter
) -> None:
    """A thousand hosts go on at the same moment, after an all stop."""
    clock.now += 5.25 * HOUR
    assert verifier.left() == 0.0
    assert not verifier.verify(2, fails)
    assert reporter.current().drift is None, "nothing was looked at"
    left = verifier.left()
    assert left is not None
    assert 0 < left <= HOUR
    assert looks(verifier, clock, 1, fails) == [0]
