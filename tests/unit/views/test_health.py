"""What a monitoring system is told: a wrong word here wakes somebody up, or nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment.model import Version
from zc.zkdeployment.views.health import (
    LARGEST,
    Health,
    Limits,
    Observed,
    Registered,
    State,
    StatusFile,
    diagnose,
)

NOW = 1_700_000_000.5
LIMITS = Limits(200, 600)


def seen(
    line: str | bytes | None = f"{NOW} 42 2 done",
    cluster: Version = 2,
    host: Version = 2,
    registered: bool = True,
    failure: str | None = None,
) -> Observed:
    content = line.encode() if isinstance(line, str) else line
    return Observed(
        Registered(host) if registered else None,
        cluster,
        StatusFile("/etc/zim/status", content, failure),
        NOW,
    )


def doing(what: str, ago: float) -> str:
    return f"{NOW - ago} 42 2 {what}"


@pytest.mark.parametrize(
    ("observed", "state", "message"),
    [
        (seen(), State.OK, "2"),
        (seen(registered=False), State.ERROR, "Host not registered"),
        (seen(registered=False, cluster=None), State.ERROR, "Host not registered"),
        (seen(cluster=None), State.WARNING, "Cluster version is None"),
        (seen(None, cluster=None), State.WARNING, "Cluster version is None"),
        (seen(doing("error", 0), cluster=None), State.WARNING, "Cluster version is None"),
        (seen(doing("abandoned", 9999), cluster=None), State.WARNING, "Cluster version is None"),
        (seen(None), State.ERROR, "There is no status file /etc/zim/status"),
        (seen(doing("error", 9999)), State.ERROR, "Error deploying 2"),
        (seen(cluster=3), State.ERROR, "Version mismatch (status: 2, cluster: 3)"),
        (seen(cluster=False), State.ERROR, "Version mismatch (status: 2, cluster: False)"),
        (seen(cluster=3, host=1), State.ERROR, "Version mismatch (status: 2, cluster: 3)"),
        (seen(host=1), State.ERROR, "Version mismatch (status: 2, zk: 1)"),
        (seen(host=None), State.ERROR, "No version information for host"),
        (seen(host="2"), State.OK, "2"),
        (seen(doing("deploying /cust/cms 0", 3), host=None), State.OK, "deploying /cust/cms 0"),
        (seen(doing("abandoned", 3), cluster=3), State.OK, "abandoned"),
        (
            seen(doing("abandoned", 9999), cluster=False),
            State.WARNING,
            "Abandoned 2 (cluster: False)",
        ),
    ],
)
def test_each_state_has_its_message(observed: Observed, state: State, message: str) -> None:
    assert diagnose(observed, LIMITS) == Health(state, message)


@pytest.mark.parametrize(
    ("ago", "state", "message"),
    [
        (-9999, State.OK, "got deployments"),
        (0, State.OK, "got deployments"),
        (200.9, State.OK, "got deployments"),
        (201, State.WARNING, "Too long deploying 2 (got deployments; 201 > 200)"),
        (600, State.WARNING, "Too long deploying 2 (got deployments; 600 > 200)"),
        (601, State.ERROR, "Too long deploying 2 (got deployments; 601 > 600)"),
    ],
)
def test_a_step_may_take_a_while(ago: float, state: State, message: str) -> None:
    """A clock that was set back is no reason to wake somebody up."""
    assert diagnose(seen(doing("got deployments", ago)), LIMITS) == Health(state, message)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"1700000000.5",
        b"1700000000.5 42 2",
        b"1700000000.5 42 2 ",
        b"yesterday 42 2 done",
        b"nan 42 2 done",
        b"inf 42 2 done",
        b"1e999 42 2 done",
        b"1700000000.5 agent 2 done",
        b"\x00" * 100,
    ],
)
def test_a_status_file_that_says_nothing_is_an_error(content: bytes) -> None:
    health = diagnose(seen(content), LIMITS)
    assert health.state is State.ERROR
    assert health.message.startswith(
        "Cannot read the status file /etc/zim/status: "
        "expected one line 'TIME PROCESS VERSION STATUS', found '"
    )


@pytest.mark.parametrize(
    ("observed", "why"),
    [
        (seen(b"1 2 3 done" + b" " * LARGEST), f"it is longer than {LARGEST} bytes"),
        (seen(None, failure="Permission denied"), "Permission denied"),
        (seen(b"\xff"), "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
)
def test_why_a_status_file_cannot_be_read_is_told(observed: Observed, why: str) -> None:
    message = f"Cannot read the status file /etc/zim/status: {why}"
    assert diagnose(observed, LIMITS) == Health(State.ERROR, message)


def test_a_line_may_end_with_a_newline() -> None:
    assert diagnose(seen(f"{NOW} 42 2 done\n"), LIMITS).state is State.OK


@pytest.mark.parametrize("version", ["release 5", "release 5 done", "", "a\nb", "a\x1b[1mb"])
def test_a_version_may_be_any_text(version: str) -> None:
    """An agent writes it as one line; the answer has to be one line, too."""
    line = f"{NOW} 42 {' '.join(version.splitlines())} done"
    health = diagnose(seen(line, cluster=version, host=version), LIMITS)
    assert health.state is State.OK
    assert health.message == "".join(c if c.isprintable() else " " for c in version)


@given(st.binary(max_size=60), st.one_of(st.none(), st.booleans(), st.integers(), st.text()))
def test_whatever_there_is_the_answer_is_one_line(content: bytes, version: Version) -> None:
    for prefix in b"", b"1 2 ":
        message = diagnose(seen(prefix + content, version, version), LIMITS).message
        assert message.splitlines() in ([message], [])


def test_what_is_told_is_no_longer_than_a_monitoring_system_shows() -> None:
    for line in (f"{NOW} 42 {'9' * 50_000} done", f"{NOW - 900} 42 2 deploying {'x' * 50_000}"):
        found = diagnose(seen(line), LIMITS)
        assert found.state is State.ERROR
        assert len(found.message) < 1000
