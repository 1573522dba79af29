"""What operators see of the programs that an agent runs, and what programs may do to it."""

from __future__ import annotations

import errno
import io
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Never

import pytest
from tests.integration.adapters.conftest import Story
from tests.support.programs import has_ended

from zc.zkdeployment.adapters.commands import Commands
from zc.zkdeployment.errors import CommandFailed


def sh(script: str) -> list[str]:
    return ["sh", "-c", script]


def test_a_program_that_succeeds_is_one_line_in_the_log(story: Story) -> None:
    printed = Commands().run(sh("echo out; echo err >&2"))

    assert printed == "out\nerr\n"
    assert story() == ["INFO sh -c echo out; echo err >&2"]


def test_an_answer_counts_and_is_whole_whatever_the_program_exits_with(story: Story) -> None:
    asked = Commands().run(sh("head -c 300000 /dev/zero | tr '\\0' x; exit 3"), is_query=True)

    assert asked == "x" * 300_000
    assert len(story()) == 1
    with pytest.raises(CommandFailed, match="signal 9"):
        Commands().run(sh("kill -9 $$"), is_query=True)
    with pytest.raises(CommandFailed, match="cannot be started"):
        Commands().run(["/nowhere"], is_query=True)


def test_a_verbose_agent_shows_what_programs_print_and_that_they_succeeded(story: Story) -> None:
    verbose = True
    commands = Commands(lambda: verbose)

    commands.run(["printf", "  one\n two\n\n"])
    assert story() == ["INFO printf   one\\n two\\n\\n", "one", " two", "INFO SUCCESS"]
    commands.run(["true"])
    assert story() == ["INFO true", "INFO SUCCESS"]

    verbose = False
    commands.run(["echo", "quiet"])
    assert story() == ["INFO echo quiet"]

    Commands(True).run(["echo", "loud"])
    assert story() == ["INFO echo loud", "loud", "INFO SUCCESS"]


def test_a_program_that_fails_shows_what_it_printed_and_names_itself(story: Story) -> None:
    with pytest.raises(CommandFailed) as failed:
        Commands().run(sh("echo waaaaaaaaaaaa; echo on two lines >&2; exit 3"))

    argv = "sh -c echo waaaaaaaaaaaa; echo on two lines >&2; exit 3"
    assert str(failed.value) == f"Command failed: {argv}"
    assert failed.value.output == "waaaaaaaaaaaa\non two lines\n"
    assert story() == [f"INFO {argv}", "waaaaaaaaaaaa", "on two lines", "ERROR FAILURE"]


def test_a_program_that_fails_silently_leaves_no_empty_line(story: Story) -> None:
    with pytest.raises(CommandFailed, match=r"^Command failed: sh -c echo; exit 1$"):
        Commands().run(sh("echo; exit 1"))

    assert story() == ["INFO sh -c echo; exit 1", "ERROR FAILURE"]


def test_a_program_gets_the_environment_and_directory_it_should_and_the_agent_keeps_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_A", "agent")
    monkeypatch.setenv("LAB_B", "agent")
    before, here = dict(os.environ), Path.cwd()
    commands = Commands(environment={"LAB_B": "all", "LAB_C": "all"})

    printed = commands.run(
        sh("pwd; echo $LAB_A $LAB_B $LAB_C $LAB_D"), cwd=str(tmp_path), env={"LAB_C": "one"}
    )

    assert printed == f"{tmp_path}\nagent all one\n"
    assert (dict(os.environ), Path.cwd()) == (before, here)


def test_a_program_that_reads_standard_input_does_not_wait_for_a_person() -> None:
    assert Commands().run(["cat"]) == ""


def test_a_signal_to_the_agents_terminal_does_not_reach_a_running_script() -> None:
    session, group = (
        Commands()
        .run([sys.executable, "-c", "import os; print(os.getsid(0), os.getpgid(0))"])
        .split()
    )

    assert session == group != str(os.getsid(0))


def test_a_daemon_that_keeps_its_output_open_does_not_hold_up_the_agent() -> None:
    pid = int(Commands().run(sh("sleep 600 & echo $!")))

    assert not has_ended(pid, patience=0)
    os.kill(pid, signal.SIGKILL)


def test_output_that_is_no_text_or_would_disturb_a_terminal_is_made_harmless(story: Story) -> None:
    printed = Commands(True).run(
        ["printf", r"caf\303\251 \377\033[2J\007\302\233 \342\200\256 1%%\r2%%\r\nend\n"]
    )

    assert printed == "café \\xff\\x1b[2J\\x07\\x9b \\u202e 1%\n2%\nend\n"
    assert story()[1:4] == ["café \\xff\\x1b[2J\\x07\\x9b \\u202e 1%", "2%", "end"]


def test_a_script_that_prints_without_end_costs_little_memory_and_shows_both_ends() -> None:
    printed = Commands().run(sh("echo first; head -c 50000000 /dev/zero | tr '\\0' x; echo last"))

    assert len(printed) < 2 * 64 * 1024 + 100
    assert re.fullmatch(r"first\nx+\n\[… \d+ bytes left out …\]\nx+last\n", printed)


def test_arguments_cannot_forge_a_line_of_the_log(story: Story) -> None:
    Commands().run(["true", "x\nINFO SUCCESS", "\x1b[2J"])

    assert story() == ["INFO true x\\nINFO SUCCESS \\x1b[2J"]


def test_arguments_reach_the_program_as_they_are() -> None:
    assert Commands().run(["printf", "%s", "a\tb\\n", ""]) == "a\tb\\n"
    assert Commands().run([*sh('[ "$1" = "$(printf "\\033")" ] && echo same'), "sh", "\x1b"])


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["/nonexistent/program"], "No such file or directory"),
        (["no-such-program-anywhere"], "No such file or directory"),
        (["/etc"], "Permission denied"),
        (["echo", "a\0b"], "embedded null byte"),
        (["echo", "\ud800"], "surrogates not allowed"),
        (["echo", "x" * 200_000], os.strerror(errno.E2BIG)),
    ],
)
def test_a_program_that_cannot_be_started_says_why(
    story: Story, argv: list[str], why: str
) -> None:
    with pytest.raises(CommandFailed) as failed:
        Commands().run(argv)

    assert str(failed.value).startswith(f"Command failed: {argv[0]}")
    assert re.search(rf"\(cannot be started: .*{why}\)$", str(failed.value))
    assert story()[-1] == "ERROR FAILURE"


def test_a_script_without_an_interpreter_line_says_so(tmp_path: Path) -> None:
    script = tmp_path / "zookeeper-deploy"
    script.write_text("echo hello\n")
    script.chmod(0o755)

    with pytest.raises(CommandFailed, match=r"\(cannot be started: Exec format error\)$"):
        Commands().run([str(script)])


def test_a_missing_directory_is_named() -> None:
    with pytest.raises(CommandFailed, match=r"No such file or directory: /nonexistent\)$"):
        Commands().run(["true"], cwd="/nonexistent")


def test_a_program_killed_by_a_signal_names_it() -> None:
    with pytest.raises(CommandFailed, match=r"\(killed by signal 9: Killed\)$"):
        Commands().run(sh("kill -9 $$"))


def test_a_program_that_takes_too_long_may_clean_up(story: Story) -> None:
    script = "trap 'echo bye; exit 0' TERM; echo hello; sleep 600 & wait"
    with pytest.raises(CommandFailed) as failed:
        Commands(timeout=2).run(sh(script))

    why = "took longer than 2 s; it printed last: bye"
    assert str(failed.value) == f"Command failed: sh -c {script} ({why})"
    assert failed.value.output == "hello\nbye\n"
    assert story() == [f"INFO sh -c {script}", "hello", "bye", "ERROR FAILURE"]


def test_what_ignores_the_request_to_end_is_killed_with_all_that_it_started() -> None:
    script = "trap '' TERM; sleep 600 & echo $! $$; while :; do sleep 600; done"
    with pytest.raises(CommandFailed, match="took longer") as failed:
        Commands(timeout=600, grace=0.2).run(sh(script), timeout=2)

    pids = [int(pid) for pid in failed.value.output.split()]
    assert len(pids) == 2
    assert all(has_ended(pid) for pid in pids)


def test_a_child_that_outlives_a_script_that_took_too_long_gets_the_same_time() -> None:
    child = "(trap 'sleep 0.2; echo cleaned; exit' TERM; echo ready; while :; do sleep 0.05; done)"
    with pytest.raises(CommandFailed) as failed:
        Commands(timeout=2).run(sh(f"{child} & wait"))

    assert failed.value.output.splitlines()[-1] == "cleaned"


def test_a_program_within_its_time_is_left_alone() -> None:
    assert Commands(timeout=0.01).run(sh("sleep 0.3; echo done"), timeout=60) == "done\n"


def test_an_old_kernel_tells_as_well_how_programs_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(pid: int) -> Never:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", unknown)
    commands = Commands(timeout=2, grace=5)

    assert commands.run(sh("sleep 0.3; echo done")) == "done\n"
    with pytest.raises(CommandFailed, match=r"^Command failed: sh -c exit 3$"):
        commands.run(sh("exit 3"))
    with pytest.raises(CommandFailed, match="took longer than 2 s; it printed last: bye"):
        commands.run(sh("trap 'echo bye; exit 0' TERM; sleep 600 & wait"))


class Interrupted(Exception):
    pass


@contextmanager
def interruption(signal_number: int) -> Iterator[None]:
    def interrupt(number: int, frame: FrameType | None) -> Never:
        raise Interrupted

    before = signal.signal(signal_number, interrupt)
    yield
    signal.signal(signal_number, before)


def test_an_interrupted_agent_leaves_nothing_running_unobserved(tmp_path: Path) -> None:
    pipe = tmp_path / "started"
    os.mkfifo(pipe)
    pids = []
    main = threading.get_ident()

    def interrupt_when_waiting() -> None:
        pids.append(int(pipe.read_text()))
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if sys._current_frames()[main].f_code.co_name == "wait":
                break
        signal.pthread_kill(main, signal.SIGUSR1)

    watcher = threading.Thread(target=interrupt_when_waiting)
    watcher.start()
    with interruption(signal.SIGUSR1), pytest.raises(Interrupted):
        Commands().run(sh(f"echo $$ > {pipe}; sleep 600"))
    watcher.join()

    assert has_ended(pids[0])


def test_a_standard_output_that_is_full_does_not_hide_what_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = Path("/dev/full").open("w")  # noqa: SIM115 # closed below, which fails
    monkeypatch.setattr(sys, "stdout", full)

    with pytest.raises(CommandFailed, match=r"^Command failed: sh -c echo no; exit 1$"):
        Commands().run(sh("echo no; exit 1"))
    monkeypatch.undo()
    with suppress(OSError):
        full.close()


def test_a_standard_output_that_knows_only_ascii_still_shows_what_was_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="ascii"))

    Commands(True).run(["echo", "café"])

    assert shown.getvalue() == b"caf\\xe9\n"
