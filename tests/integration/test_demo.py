"""The demo plays to its end, cleans up behind it, and survives what a person may do to it."""

from __future__ import annotations

import contextlib
import os
import pty
import random
import re
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from zc.zkdeployment.demo import story
from zc.zkdeployment.demo.errors import DemoFailed
from zc.zkdeployment.demo.fleet import Fleet
from zc.zkdeployment.demo.hosts import Agent, processes_below
from zc.zkdeployment.demo.logs import Line
from zc.zkdeployment.demo.play import Play
from zc.zkdeployment.demo.stage import Stage
from zc.zkdeployment.demo.view import PlainView
from zc.zkdeployment.lab.packages import write_file

_BOUND = 180.0  # seconds that anything here may take at most
_escape = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Return the directory in which a demo makes its temporary one."""
    directory = tmp_path / "tmp"
    directory.mkdir()
    return directory


def _start(
    temporary: Path, *options: str, terminal: int | None = None, programs: Path | None = None
) -> subprocess.Popen[str]:
    """Start a demo, on a terminal if there is one, with ``programs`` in front on ``PATH``."""
    path = os.environ["PATH"] if programs is None else f"{programs}:{os.environ['PATH']}"
    environment = {"TMPDIR": str(temporary), "TERM": "xterm", "COLUMNS": "500", "PATH": path}
    return subprocess.Popen(
        [sys.executable, "-m", "zc.zkdeployment.cli", "demo", "--pace", "0", *options],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL if terminal is None else terminal,
        stdout=subprocess.PIPE if terminal is None else terminal,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextlib.contextmanager
def _started(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Kill the process if it is still there in the end."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def _until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + _BOUND
    while not condition():
        assert time.monotonic() < deadline, what
        select.select([], [], [], 0.02)


def _runs_nothing(directory: Path) -> bool:
    return not processes_below(directory)


def _read_until(output: Iterator[str], wanted: str) -> str:
    text = ""
    for chunk in output:
        text += chunk
        if wanted in text:
            return text
    raise AssertionError(f"the demo ended without saying {wanted!r}:\n{text}")


def _screen(terminal: int) -> Iterator[str]:
    """Yield what is shown on a terminal, without what moves and colours it."""
    while select.select([terminal], [], [], _BOUND)[0]:
        try:
            yield _escape.sub("", os.read(terminal, 65536).decode(errors="replace"))
        except OSError:  # nobody has the other end any more
            return


def test_the_whole_demo_plays(temporary: Path) -> None:
    """The first thing that a new user tries works, and leaves nothing behind."""
    with _started(_start(temporary)) as demo:
        text, _ = demo.communicate(timeout=_BOUND)
    assert demo.returncode == 0, text
    for said in (
        *(act.title for act in story.ACTS),
        "=> all hosts reached version 1 and run web 1.0",
        "=> all hosts reached version 2 and run web 2.0",
        "the database has schema 2, this release needs schema 3",
        "ALL STOP: the cluster version is None",
        "failed and stopped the fleet; web 2.0 is deployed everywhere",
        "=> all hosts went back to version 2 and run web 2.0",
        "=> all hosts reached version 4 and run web 3.1",
    ):
        assert said in text
    assert text.rstrip().endswith("zkdeploy demo --directory DIR   keeps logs and files in DIR")
    assert list(temporary.iterdir()) == []
    assert _runs_nothing(temporary)


def test_a_kept_fleet_does_what_its_guide_says(tmp_path: Path) -> None:
    """A person on a terminal types each command that is shown there, then presses Enter."""
    directory = tmp_path / "fleet"
    ours, theirs = pty.openpty()
    options = ("--keep", "--directory", str(directory))
    with _started(_start(tmp_path, *options, terminal=theirs)) as demo:
        os.close(theirs)
        os.write(ours, b"\n")  # an impatient person; it must not stop the fleet
        screen = _screen(ours)
        text = _read_until(screen, "2>&1 &")
        _follow_guide(text.partition("In another terminal:")[2], directory)
        os.write(ours, b"\n")
        last = _read_until(screen, "what host1 takes for /")
        assert demo.wait(_BOUND) == 0
    os.close(ours)
    assert f"its files are in {directory}" in last
    assert _runs_nothing(directory)


def _follow_guide(guide: str, directory: Path) -> None:
    """Do what a guide says and see that it does what it should."""
    commands = [line.strip() for line in guide.splitlines() if line.startswith("  ")]
    typed = [command for command in commands if not command.startswith("#")]
    watch, web, *typed = typed
    tree, hosts, tail, commit, look, sync, back, history, stop, plan, resume = typed[:11]
    slow, crash, again = typed[11:14]
    assert "host1" in _type(watch.replace(" --watch", ""))
    _serves(web)
    assert "/web : web" in _type(tree)
    assert "/host2" in _type(hosts)
    assert "Done deploying version 4" in _type(tail.replace("-f", "-n 100"))
    _type(commit)
    assert "web 3.1 -> web 2.0" in _type(look, 2)
    assert "3 change" in _type(sync)
    deployed = [directory / name / "root/etc/web/shop,web.0.deployed" for name in _names()]
    _until(lambda: {file.read_text() for file in deployed} == {"2.0\n"}, "all have web 2.0")
    assert "rolled back to 4" in _type(back)
    _until(lambda: {file.read_text() for file in deployed} == {"3.1\n"}, "all have web 3.1")
    assert "just a demo" in _type(history)
    assert "4 -> None" in _type(stop)
    assert "all stop" in _type(plan, 2)
    assert "None -> 4" in _type(resume)
    _type(slow)
    assert (directory / "pace").read_text() == "5\n"
    _type(crash)
    _type(again)
    log = directory / "host2" / "agent.log"
    _until(lambda: log.read_text().count("Agent starting") == 2, "host2 is back")


def _type(command: str, status: int = 0) -> str:
    done = subprocess.run(
        ["sh", "-c", command], check=False, stdout=subprocess.PIPE, text=True, timeout=_BOUND
    )
    assert done.returncode == status, command
    return done.stdout


def _serves(command: str) -> None:
    with subprocess.Popen(
        ["sh", "-c", f"exec {command} --listen 127.0.0.1:0"], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        try:
            assert any("The fleet is at http://" in line for line in process.stderr)
            process.terminate()
            process.communicate(timeout=_BOUND)
        finally:
            process.kill()
    assert process.returncode == 0


def _names() -> Sequence[str]:
    return [host.name for host in story.HOSTS]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_an_interrupted_demo_leaves_nothing_behind(
    number: signal.Signals, temporary: Path
) -> None:
    with _started(_start(temporary)) as demo:
        assert demo.stdout is not None
        _read_until(demo.stdout, "Deploying version 1")
        demo.send_signal(number)
        demo.communicate(timeout=_BOUND)
    assert demo.returncode == 1
    assert list(temporary.iterdir()) == []
    _until(lambda: _runs_nothing(temporary), "the killed processes end")


def test_the_agents_of_a_killed_demo_end(temporary: Path) -> None:
    """They would otherwise look for their ZooKeeper server for ever."""
    with _started(_start(temporary)) as demo:
        assert demo.stdout is not None
        _read_until(demo.stdout, "Deploying version 1")
        demo.kill()
    _until(lambda: _runs_nothing(temporary), "the agents end")


def test_a_kept_fleet_without_a_terminal_runs_until_it_is_told_to_end(temporary: Path) -> None:
    with _started(_start(temporary, "--keep")) as demo:
        assert demo.stdout is not None
        _read_until(demo.stdout, "2>&1 &")
        demo.send_signal(signal.SIGTERM)
        text, _ = demo.communicate(timeout=_BOUND)
    assert demo.returncode == 0, text


def test_a_directory_that_cannot_be_in_a_url_is_refused(tmp_path: Path) -> None:
    """The fleet would stop at the first checkout, which is hard to understand."""
    with _started(_start(tmp_path, "--directory", str(tmp_path / "my fleet"))) as demo:
        text, _ = demo.communicate(timeout=_BOUND)
    assert demo.returncode == 1
    assert "my fleet becomes a part of URLs" in text
    assert not (tmp_path / "my fleet").exists()


def test_a_demo_that_cannot_be_prepared_tells_why(tmp_path: Path, temporary: Path) -> None:
    """What was made so far stays, for a person to look at."""
    programs = tmp_path / "programs"
    write_file(programs / "rpmbuild", "#!/bin/sh\necho no room for packages >&2\nexit 1\n")
    with _started(_start(temporary, programs=programs)) as demo:
        text, _ = demo.communicate(timeout=_BOUND)
    assert demo.returncode == 1
    assert "zkdeploy: error: the demo could not be prepared: rpmbuild" in text
    assert text.rstrip().endswith("no room for packages")
    assert len(list(temporary.iterdir())) == 1


def test_a_directory_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with _started(_start(tmp_path, "--directory", str(tmp_path))) as demo:
        text, _ = demo.communicate(timeout=_BOUND)
    assert demo.returncode == 1
    assert text == (
        f"zkdeploy: error: {tmp_path} is not empty; name a directory that does not exist yet\n"
    )


class _Seen(PlainView):
    """Tells the story to the test's log, and counts what each agent says."""

    def __init__(self) -> None:
        super().__init__(print)
        self.counts = Counter[str]()
        self.fleet = Fleet(None)

    def show(self, fleet: Fleet, lines: Sequence[Line]) -> None:
        super().show(fleet, lines)
        self.fleet = fleet
        self.counts.update(line.host for line in lines)


def test_an_act_that_cannot_end_is_explained(tmp_path: Path) -> None:
    """The demo says what went wrong and where to read more, instead of waiting for ever."""
    with Stage.open(tmp_path, 0, print) as stage:
        play = Play(stage, PlainView(print), 0, patience=0)
        with pytest.raises(DemoFailed, match=r"(?s)in 0 s:\n  host1 .*/host1/agent.log"):
            play.wait("No agent starts", lambda _: ("host1 is not there",))
        play = Play(stage, PlainView(print), 0)
        play.wait("The agents did not start", story.not_ready)
        stage.publish(story.ACTS[2])
        with pytest.raises(DemoFailed, match=r"Too bad: the fleet was stopped:\n  .*None"):
            play.wait("Too bad", partial(story.missing, story.ACTS[0]))
        stage.agents[1].kill()
        with pytest.raises(DemoFailed, match="the agent of host2 ended"):
            play.wait("Too bad", lambda _: ("it is not over",), stops=True)


def test_an_agent_that_does_not_end_is_killed(tmp_path: Path) -> None:
    """The demo ends even if an agent hangs."""
    with Stage.open(tmp_path, 0, print) as stage:
        agent = stage.agents[0]
        assert agent.pid is not None
        os.kill(agent.pid, signal.SIGSTOP)
        agent.stop()
        agent.wait(time.monotonic())
        assert agent.pid is None
    assert _runs_nothing(tmp_path)


def test_killed_agents_converge_when_they_are_started_again(tmp_path: Path) -> None:
    """An agent may die at any moment of a deployment and needs nobody's help but a restart."""
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    choose = random.Random(seed)
    seen = _Seen()
    with Stage.open(tmp_path, 0.3, print) as stage:
        play = Play(stage, seen, 0.3)
        play.wait("The agents did not start", story.not_ready)
        for act in story.ACTS[:2]:
            seen.counts.clear()
            stage.publish(act)
            for agent in choose.sample(list(stage.agents), 2):
                _kill_after(choose.randint(1, 9), agent, play, seen, act)
                agent.restart()
            play.wait("The fleet did not converge", partial(story.missing, act))


def _kill_after(lines: int, agent: Agent, play: Play, seen: _Seen, act: story.Act) -> None:
    """Kill an agent when it has said so much, or when the act is over before."""
    name = agent.host.name
    play.show(lambda: seen.counts[name] >= lines or not story.missing(act, seen.fleet))
    print(f"killing the agent of {name} after {seen.counts[name]} lines")
    agent.kill()
