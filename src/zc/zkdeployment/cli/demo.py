"""``zkdeploy demo``."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import click

from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.demo import guide
from zc.zkdeployment.demo.directory import directory_for
from zc.zkdeployment.demo.errors import DemoFailed
from zc.zkdeployment.demo.play import Play
from zc.zkdeployment.demo.requirements import check_requirements
from zc.zkdeployment.demo.stage import Stage
from zc.zkdeployment.demo.view import PlainView, View


@click.command(
    "demo",
    cls=Command,
    examples=(
        "zkdeploy demo",
        "zkdeploy demo --keep --directory /tmp/fleet",
        "zkdeploy demo --pace 3",
    ),
)
@click.option(
    "--keep", is_flag=True, help="Let the fleet run when the story is told, to play with it."
)
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Keep all files in DIR, which must not exist or be empty.  [default: a temporary one]",
)
@click.option(
    "--pace",
    type=click.FloatRange(min=0, max=60),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each script takes.",
)
def demo(keep: bool, directory: Path | None, pace: float) -> int:
    """Show a fleet of three hosts on this machine.

    Starts a private ZooKeeper server and three agents with a root directory
    each, builds packages and repositories, and plays a rollout, an upgrade, a
    bad release and its repair. Everything is real; nothing outside its own
    directory is touched. On a terminal it shows the fleet live, elsewhere it
    tells the story line by line.
    """
    # Whatever ends the demo, it has to clean up behind it. A shell may have it ignore SIGINT.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        check_requirements()
        with directory_for(directory) as where, _view() as view:
            _play(where, view, keep, pace)
    except DemoFailed as error:
        click.echo(f"zkdeploy: error: {error}", err=True)
        return 1
    click.echo(guide.kept_files(where) if directory else guide.gone())
    return 0


def _play(directory: Path, view: View, keep: bool, pace: float) -> None:
    with Stage.open(directory, pace, view.say) as stage:
        play = Play(stage, view, pace)
        play.run()
        if keep:
            _forget_keys()
            with contextlib.suppress(KeyboardInterrupt):
                view.say(guide.things_to_try(stage))
                view.begin("Your turn", guide.YOUR_TURN)
                play.show(_enter_pressed)
        view.say("\nStopping the fleet …")


@contextlib.contextmanager
def _view() -> Iterator[View]:
    """Provide a live view on a terminal that can show one, else a plain one."""
    if not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        yield PlainView(click.echo)
        return
    from rich.console import Console

    from zc.zkdeployment.demo.live import LiveView

    with LiveView(Console()) as view:
        yield view


def _forget_keys() -> None:
    """Forget what an impatient person typed so far: it was not meant to stop the fleet."""
    if sys.stdin.isatty():
        termios.tcflush(sys.stdin, termios.TCIFLUSH)


def _enter_pressed() -> bool:
    return sys.stdin.isatty() and bool(select.select([sys.stdin], [], [], 0)[0])
