"""``zkdeploy locks break``."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import node_path, open_tree, zookeeper_option
from zc.zkdeployment.fleet_control import operator
from zc.zkdeployment.lines import one_line
from zc.zkdeployment.lock_control import break_lock
from zc.zkdeployment.moments import text_of


def _text(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Return ``value`` in one line, with nothing in it that is no text (a callback)."""
    reason = one_line(value)
    if not reason:
        raise click.BadParameter("say why, for whoever looks into it later.", ctx, param)
    return reason


@click.command(
    "break",
    cls=Command,
    statuses={
        0: "the lock was broken",
        1: "an error: nobody holds the lock, say, or its holder's agent runs",
    },
    examples=(
        "zkdeploy locks break /cust/someapp/cms --reason 'h1 burnt down'",
        "zkdeploy locks break /role-locks/cache --reason 'h1 will not be repaired'",
    ),
)
@click.argument("path", callback=node_path)
@click.option("--reason", required=True, metavar="TEXT", callback=_text, help="Why.")
@click.option("--host", metavar="HOST", help="Whose, where several hosts hold the lock.")
@click.option("--force", is_flag=True, help="Break it although its holder's agent runs.")
@zookeeper_option
def locks_break(path: str, reason: str, host: str | None, force: bool, zookeeper: str) -> None:
    """Take a lock away from its holder, who will not give it back.

    PATH is that of an application node, or the lock node of a role, as `zkdeploy locks` shows it.
    Make sure before that nothing of the holder runs any more: a program cannot know that,
    and the next host begins at once.

    An agent that comes back, or that runs and is forced, notices: it starts nothing more
    at that node, and waits in line again.

    Who broke which lock, when and why is kept in the property `broken` of /agent-locks.
    """
    with open_tree(zookeeper) as zk:
        now = text_of(datetime.now(UTC))
        broken = break_lock(zk, path, reason, operator(), now, host=host, force=force)
    click.echo(f"{broken.lock}: {broken.holder or 'somebody unknown'} has lost the lock")
