"""What people read when something went wrong."""

from __future__ import annotations

import traceback

import pytest

from zc.zkdeployment.errors import (
    Abandoned,
    AnotherAgent,
    BadConfiguration,
    BadHost,
    BadTree,
    CommandFailed,
    InstallFailed,
    MissingSetting,
    Unreachable,
    as_builtin,
)


@pytest.mark.parametrize(
    ("error", "last_line"),
    [
        (BadTree("/cms: no type"), "ValueError: /cms: no type"),
        (AnotherAgent("Another agent is running"), "ValueError: Another agent is running"),
        (BadConfiguration("role: bad"), "ValueError: role: bad"),
        (MissingSetting("host-id not specified"), "ValueError: host-id not specified"),
        (CommandFailed(("yum", "-y")), "RuntimeError: Command failed: yum -y"),
        (BadHost("two controllers"), "RuntimeError: two controllers"),
        (InstallFailed("Failed to install x"), "SystemError: Failed to install x"),
        (Unreachable("no answer"), "ConnectionError: no answer"),
        (ValueError("plain"), "ValueError: plain"),
        (OSError(28, "No space left"), "OSError: [Errno 28] No space left"),
    ],
)
def test_a_traceback_ends_with_the_name_that_people_know(error: Exception, last_line: str) -> None:
    plain = as_builtin(error)

    assert traceback.format_exception_only(plain) == [last_line + "\n"]


def test_an_error_that_has_no_other_name_keeps_its_own() -> None:
    error = Abandoned("cluster version is None")

    assert as_builtin(error) is error


def test_the_traceback_tells_where_it_happened() -> None:
    with pytest.raises(BadTree) as caught:
        raise BadTree("here")
    lines = traceback.format_exception(as_builtin(caught.value))

    assert any("test_the_traceback_tells_where_it_happened" in line for line in lines)


def test_a_failed_command_says_why_only_where_the_exit_code_does_not() -> None:
    argv = ("/opt/z4m/bin/zookeeper-deploy", "/cust/cms", "0")

    assert str(CommandFailed(argv)) == "Command failed: " + " ".join(argv)
    failed = CommandFailed(argv, "took longer than 3 s", "last words")
    assert str(failed) == "Command failed: " + " ".join(argv) + " (took longer than 3 s)"
    assert (failed.argv, failed.output) == (argv, "last words")
