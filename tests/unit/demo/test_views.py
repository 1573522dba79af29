"""What a person sees: lines where nobody can draw, a picture on a terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from zc.zkdeployment.demo.fleet import Fleet, HostState, Lock
from zc.zkdeployment.demo.live import LiveView
from zc.zkdeployment.demo.logs import Line
from zc.zkdeployment.demo.story import HOSTS
from zc.zkdeployment.demo.view import PlainView

CALM = Fleet(1, tuple(HostState(host.name, host.role, True, 1) for host in HOSTS))
ROLLING = Fleet(
    2,
    (
        replace(CALM.hosts[0], busy=True, status="update software"),
        replace(CALM.hosts[1], busy=True),
        replace(CALM.hosts[2], version=2, deployed={"/shop/web 0": "2.0"}),
    ),
    (Lock("/shop/web", ("host1",), ("host2",)),),
)
STOPPED = Fleet(
    None,
    (replace(CALM.hosts[0], error="Command failed: web"), *CALM.hosts[1:]),
    (Lock("/shop/web"),),
)


def test_the_plain_story_tells_only_what_is_new() -> None:
    said: list[str] = []
    view = PlainView(said.append)
    view.say("Building")
    view.begin("Act 2", "Look here.", "/defaults web-version change from 1.0 to 2.0\n")
    view.show(CALM, [])
    view.show(ROLLING, [Line("host1", "INFO", "yum -y install web-2.0")])
    view.show(ROLLING, [])
    view.show(STOPPED, [Line("host1", "ERROR", "FAILURE"), Line("host1", "", "no disk")])
    view.end("it stopped", 1.25)
    view.begin("Your turn", "Press Enter.")
    text = "\n".join(said)
    assert "\nAct 2\n  Look here.\n" in text
    assert "    /defaults web-version change from 1.0 to 2.0" in text
    assert [line[9:] for line in said if line[:7].strip().replace(".", "").isdigit()] == [
        "fleet  cluster version 1",
        "fleet  cluster version 2",
        "host1  yum -y install web-2.0",
        "lock   /shop/web: host1 has it; waiting: host2",
        "host1  ERROR FAILURE",
        "host1  no disk",
        "lock   /shop/web: free",
        "fleet  ALL STOP: the cluster version is None",
    ]
    assert said[-3:] == ["\n  => it stopped (1.2 s)", "\nYour turn", "  Press Enter.\n"]


@pytest.mark.parametrize("height", [20, 24, 60])
def test_the_picture_shows_hosts_locks_and_logs(height: int) -> None:
    """It fits: a picture higher than the terminal would leave its top behind at each change."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80, height=height)
    with LiveView(console) as view:
        view.say("Building")
        view.begin("Act 2", "Look here.", "/defaults web-version change from 1.0 to 2.0\n")
        lines = [Line("host2", "INFO", f"yum -y install web-{n}") for n in range(50)]
        view.show(ROLLING, lines)
        view.end("all hosts are there", 3)
        shown = console.render_lines(view.picture(ROLLING), pad=False)
    picture = ["".join(segment.text for segment in line).rstrip() for line in shown]
    assert len(picture) < max(height, 24)
    assert any("cluster version 2" in line for line in picture)
    assert any(line.split() == ["host3", "edge", "2", "2.0", "done"] for line in picture)
    assert any("waiting for /shop/web, host1 has it" in " ".join(line.split()) for line in picture)
    assert any("/shop/web" in line and "waiting: host2" in line for line in picture)
    assert any(line.startswith("host2") and line.endswith("web-49") for line in picture)
    for text in ("Building", "Look here.", "Act 2: ", "all hosts are there (3.0 s)"):
        assert text in screen.getvalue()


def test_an_all_stop_cannot_be_overlooked() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80, height=30)
    view = LiveView(console)
    shown = console.render_lines(view.picture(STOPPED))
    red = [segment.text for line in shown for segment in line if "on red" in str(segment.style)]
    assert any("ALL STOP" in text for text in red)
    assert any("failed" in text for text in red)
