"""What stands in a host's node is bounded, and read again as far as it makes sense."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment.reports.installed_software import (
    InstalledSoftware,
    SoftwareSeen,
    seen_software,
)
from zc.zkdeployment.reports.report import (
    FORMAT,
    LARGEST,
    MOST_RESULTS,
    Activity,
    Drift,
    Failure,
    Report,
    Result,
    decode_report,
    encode_report,
)

AT = "2030-01-02T03:04:05Z"

WHOLE = Report(
    Activity.FAILED,
    "2.3",
    "deploying /x 0",
    since=AT,
    began=AT,
    seconds=2.5,
    results=(
        Result("installing web 1.0", True, 2.0, AT),
        Result("deploying /x 0", False, 0.5, AT),
    ),
    failure=Failure("deploying /x 0", "Command failed: …", AT, ("no", "really no")),
    drift=Drift(
        AT, ("package web is not installed",), ("/etc/web/x.0.deployed is gone",), AT, "no"
    ),
    software=SoftwareSeen(
        AT,
        (
            InstalledSoftware("web", "1:1.0-2"),
            InstalledSoftware("worker", "git://x#main", "0af1", whole=False),
            InstalledSoftware("alien"),
        ),
        5,
    ),
)


@pytest.mark.parametrize(
    "report",
    [
        WHOLE,
        Report(Activity.IDLE),
        Report(Activity.WAITING, 3, waits_for="/role-locks/cache", since=AT),
        Report(Activity.DEPLOYING, 2, output=("one", "two")),
        Report(Activity.IDLE, 1.5, drift=Drift(AT)),
    ],
)
def test_a_report_is_read_as_it_was_written(report: Report) -> None:
    encoded = json.loads(json.dumps(encode_report(report)))
    assert encoded["format"] == FORMAT
    assert decode_report(encoded) == report


def test_what_is_not_known_is_not_there() -> None:
    assert encode_report(Report(Activity.IDLE)) == {"format": FORMAT, "activity": "idle"}


line = st.text(max_size=400)
lines = st.lists(line, max_size=40).map(tuple)


@given(lines, lines, lines, line, line, st.integers(0, 200))
def test_a_report_is_never_larger_than_it_may_be(
    output: tuple[str, ...],
    failed: tuple[str, ...],
    found: tuple[str, ...],
    step: str,
    message: str,
    count: int,
) -> None:
    report = Report(
        Activity.FAILED,
        message * 50,
        step * 50,
        waits_for=step * 50,
        output=output,
        results=(Result(step, True, 1.0, AT),) * count,
        failure=Failure(step * 50, message * 50, AT, failed),
        drift=Drift(AT, found, found),
        software=seen_software(AT, [InstalledSoftware(step, message, message)] * count),
    )
    encoded = encode_report(report)
    assert len(json.dumps(encoded)) <= LARGEST
    decoded = decode_report(encoded)
    assert decoded is not None
    assert decoded.software is not None
    assert decoded.software.total == count, "how much there is, is told whatever is left out"


def test_of_much_output_the_end_stays() -> None:
    character = "\N{PILE OF POO}" * 200
    report = Report(
        Activity.FAILED,
        output=tuple(f"{n} {character}" for n in range(1000)),
        results=tuple(Result(f"{n} {character}", True, 1.0, AT) for n in range(1000)),
        failure=Failure("x", "y", AT, tuple(f"{n} {character}" for n in range(1000))),
    )
    encoded = encode_report(report)
    assert len(json.dumps(encoded)) <= LARGEST
    assert 0 < len(encoded["results"]) <= MOST_RESULTS
    assert encoded["output"][-1].startswith("999 ")
    assert encoded["failure"]["output"][-1].startswith("999 ")
    assert encoded["results"][-1]["step"].startswith("999 ")


@pytest.mark.parametrize(
    "value", [None, "", [], {}, {"activity": "dancing"}, {"activity": ["idle"]}, 7]
)
def test_what_is_no_report_is_none(value: Any) -> None:
    assert decode_report(value) is None


def test_of_a_damaged_report_is_taken_what_makes_sense() -> None:
    """Whoever may write the node writes anything; a later agent more than is known."""
    damaged = {
        "format": 2,
        "activity": "failed",
        "version": {"a": 1},
        "step": ["x"],
        "seconds": "long",
        "output": ["one", 2, "x" * 10_000],
        "results": ["", {"step": "a", "ok": "yes", "seconds": None}],
        "failure": {"message": 1},
        "drift": ["x"],
        "unknown": "y",
    }
    assert decode_report(damaged) == Report(
        Activity.FAILED,
        output=("one", "x" * 200),
        results=(Result("a", False, 0.0, ""),),
        failure=Failure("", "", ""),
    )
