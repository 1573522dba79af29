"""What becomes of all that a script started, where systemd lets the agent group it.

The tests make a control group, mark it as systemd marks that of a service with
``Delegate=yes``, and move into it, as the agent of such a service would be.
"""

from __future__ import annotations

import itertools
import logging
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.programs import has_ended

from zc.zkdeployment.adapters import control_groups
from zc.zkdeployment.adapters.commands import Commands
from zc.zkdeployment.adapters.control_groups import ControlGroup, delegated, own_group
from zc.zkdeployment.errors import Abandoned, CommandFailed

SERVICE = {"INVOCATION_ID": "0123456789abcdef0123456789abcdef"}
LIMIT = 30  # seconds until a test that waits has failed

_numbers = itertools.count()


@pytest.fixture
def unit() -> Iterator[Path]:
    """The control group of a service, which this process is in."""
    found = own_group(
        Path("/proc/self/cgroup").read_text(), Path("/proc/self/mountinfo").read_text()
    )
    if found is None or not os.access(found, os.W_OK):
        pytest.skip("only root, and where cgroup v2 is mounted writable, may make control groups")
    home = Path(found)
    path = home / f"zkdeployment-test-{os.getpid()}-{next(_numbers)}"
    path.mkdir()
    os.setxattr(path, "user.delegate", b"1")
    move(os.getpid(), path)
    try:
        yield path
    finally:
        move(os.getpid(), home)
        ControlGroup(path, home).kill()
        for directory, _, _ in os.walk(path, topdown=False):
            Path(directory).rmdir()


def move(pid: int, path: Path) -> None:
    (path / "cgroup.procs").write_text(str(pid))


def groups_below(path: Path) -> list[str]:
    return sorted(each.name for each in path.iterdir() if each.is_dir())


def members(path: Path) -> set[int]:
    return {int(pid) for pid in (path / "cgroup.procs").read_text().split()}


def sh(script: str) -> list[str]:
    return ["sh", "-c", script]


def commands(timeout: float | None = None, grace: float = 5.0) -> Commands:
    found = delegated(SERVICE)
    assert found
    return Commands(timeout=timeout, grace=grace, groups=found)


# What a daemon does to get away: a session of its own, and no parent.
def daemon(script: str) -> str:
    """Return a shell command that starts a daemon and prints its process id when it is ready."""
    return (
        'ready=$(mktemp -u); mkfifo "$ready";'
        f" (setsid sh -c '{script}' \"$ready\" > /dev/null 2>&1 &);"
        ' cat "$ready"; rm "$ready"'
    )


STUBBORN = 'trap "" TERM; echo $$ > "$0"; while :; do sleep 600; done'
POLITE = 'trap "echo bye > %s; exit" TERM; echo $$ > "$0"; while :; do sleep 0.02; done'


def test_a_script_that_takes_too_long_ends_with_the_daemons_that_it_started(unit: Path) -> None:
    """The next deployment would find its port taken by something that nobody knows of."""
    with pytest.raises(CommandFailed, match=r"\(took longer than 2 s; it printed") as failed:
        commands(timeout=2, grace=0.2).run(sh(f"{daemon(STUBBORN)}; echo last; sleep 600"))

    pid, last = failed.value.output.split()
    assert last == "last"
    assert has_ended(int(pid))
    assert groups_below(unit) == []
    assert members(unit) == {os.getpid()}


def test_a_daemon_may_clean_up_as_its_script_may(unit: Path, tmp_path: Path) -> None:
    said = tmp_path / "said"
    with pytest.raises(CommandFailed, match="took longer"):
        commands(timeout=2).run(sh(f"{daemon(POLITE % said)}; sleep 600"))

    assert said.read_text() == "bye\n"
    assert groups_below(unit) == []


def test_an_agent_that_is_to_end_at_once_leaves_nothing_of_its_script(
    unit: Path, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    os.mkfifo(told)
    running = commands(grace=0.2)
    pids: list[int] = []

    def end() -> None:
        pids.extend(int(pid) for pid in told.read_text().split())
        running.end()

    ending = threading.Thread(target=end)
    ending.start()
    with pytest.raises(Abandoned):
        running.run(sh(f"{{ {daemon(STUBBORN)}; echo $$; }} > {told}; sleep 600"))
    ending.join()

    assert len(pids) == 2
    assert all(has_ended(pid) for pid in pids)
    assert groups_below(unit) == []


def test_a_daemon_of_a_script_that_succeeds_lives_on_in_its_group(unit: Path) -> None:
    """Starting one is what many scripts are for."""
    running = commands()
    first, second = (int(running.run(sh(daemon(STUBBORN)))) for _ in range(2))
    assert groups_below(unit) == ["script-0", "script-1"]
    assert first in members(unit / "script-0")
    assert second in members(unit / "script-1")

    running.run(["true"])
    assert groups_below(unit) == ["script-0", "script-1"]

    ControlGroup(unit / "script-0", unit).kill()
    assert has_ended(first)
    running.run(["true"])
    assert groups_below(unit) == ["script-1"]
    os.kill(second, 0)


def test_what_an_earlier_agent_left_empty_is_removed(unit: Path) -> None:
    kept = int(commands().run(sh(daemon(STUBBORN))))
    (unit / "script-3/own").mkdir(parents=True)
    commands()
    assert groups_below(unit) == ["script-0"]
    os.kill(kept, 0)


def test_a_script_that_fails_by_itself_leaves_what_it_started(unit: Path) -> None:
    with pytest.raises(CommandFailed) as failed:
        commands().run(sh(f"{daemon(STUBBORN)}; exit 3"))
    assert int(failed.value.output) in members(unit / "script-0")


def test_whoever_forks_at_once_is_in_the_group_too(unit: Path) -> None:
    """It was started before it could be moved; what was started meanwhile is moved as well."""
    running = commands()
    for _ in range(20):
        running.run(sh("for i in 1 2 3 4 5 6 7 8; do setsid sleep 600 & done"))
    assert members(unit) == {os.getpid()}
    assert [len(members(unit / name)) for name in groups_below(unit)] == [8] * 20


def test_groups_that_a_script_makes_end_with_it(unit: Path) -> None:
    script = f"mkdir {unit}/script-0/own; echo $$ > {unit}/script-0/own/cgroup.procs; sleep 600"
    with pytest.raises(CommandFailed, match="took longer"):
        commands(timeout=1).run(sh(script))
    assert groups_below(unit) == []


def test_an_older_kernel_kills_one_by_one_until_nobody_is_left(
    unit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before Linux 5.14 what is forked while others are killed has to be found again."""
    monkeypatch.setattr(control_groups, "_KILL", "cgroup.none")
    breeding = 'trap "" TERM; while :; do sleep 0.02 & sleep 0.01; done'
    with pytest.raises(CommandFailed, match="took longer"):
        commands(timeout=1, grace=0.1).run(
            sh(f"for i in 1 2 3; do setsid {breeding} & done; wait")
        )
    assert groups_below(unit) == []


def test_a_program_that_cannot_be_started_says_why_and_leaves_no_group(unit: Path) -> None:
    with pytest.raises(CommandFailed, match=r"\(cannot be started: No such file or directory\)$"):
        commands().run(["/nonexistent/program"])
    assert groups_below(unit) == []


def test_without_room_for_a_group_a_script_runs_all_the_same(
    unit: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (unit / "cgroup.max.descendants").write_text("0")
    assert commands().run(["echo", "done"]) == "done\n"
    assert [record.levelname for record in caplog.records if "group" in record.message] == [
        "WARNING"
    ]
    with pytest.raises(CommandFailed, match="took longer") as failed:
        commands(timeout=1).run(sh("sleep 600 & echo $!; sleep 600"))
    assert has_ended(int(failed.value.output))


def test_what_cannot_be_moved_is_told(unit: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is ended by its process group, then."""
    found = delegated(SERVICE)
    assert found
    group = found.new()
    assert group
    group.path.rmdir()  # by somebody who tidies up
    with group, subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        group.hold(process.pid)
        assert not group.is_whole
        assert group.is_empty()
        process.kill()
    (record,) = caplog.records
    assert record.message == f"Not all that process {process.pid} starts is in a control group"


@pytest.mark.parametrize(
    ("environ", "mark", "why"),
    [
        ({}, b"1", "this process is no service of systemd"),
        (SERVICE, None, "is not delegated"),
        (SERVICE, b"0", "is not delegated"),
    ],
)
def test_an_agent_that_was_not_handed_a_group_leaves_groups_alone(
    unit: Path,
    caplog: pytest.LogCaptureFixture,
    environ: dict[str, str],
    mark: bytes | None,
    why: str,
) -> None:
    """It was started from somebody's login session, say."""
    os.removexattr(unit, "user.delegate")
    if mark is not None:
        os.setxattr(unit, "user.delegate", mark)
    with caplog.at_level(logging.DEBUG, control_groups.__name__):
        assert delegated(environ) is None
    (record,) = caplog.records
    assert record.levelname == "DEBUG"
    assert why in record.message
    assert groups_below(unit) == []
