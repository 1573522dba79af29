"""``zkdeploy locks list``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

import click

from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import json_option, open_tree, zookeeper_option
from zc.zkdeployment.cli.output import print_json, print_table
from zc.zkdeployment.lock_control import Broken, read_broken, read_locks
from zc.zkdeployment.moments import in_units, seconds_between, text_of
from zc.zkdeployment.views.lock_states import Holder, LockState, Waiter

_COLUMNS = ("", "Lock", "Held by", "For", "Version", "Doing", "Waiting")


@click.command(
    "list",
    cls=Command,
    examples=("zkdeploy locks", "zkdeploy locks --json"),
)
@json_option
@zookeeper_option
def locks_list(as_json: bool, zookeeper: str) -> None:
    """Tell who holds locks of nodes and roles, since when, and who waits, next one first.

    Locks whose holder has no agent that runs come first, marked with !: nobody gives them
    back before that agent is started again. Then come other held ones, and those that are
    only waited for. Of a lock of a role the holder is the first in line.

    With --json: an object with `locks`, a list of objects with `kind` ("node" or "role"),
    `path`, `holders` and `waiters`; and `broken`, the last locks that were broken, objects
    with `lock`, `holder`, `by`, `at` and `reason`. Waiters have `host`, `name` and `since`;
    holders these and `alive` (whether the agent is registered), `same_session` (whether that
    has still the session in which it took the lock), `session`, `boot`, `version`, `step`
    and `number`; null is what is not known.
    """
    with open_tree(zookeeper) as zk:
        states, broken = read_locks(zk), read_broken(zk)
    if as_json:
        print_json({"locks": [asdict(s) for s in states], "broken": [asdict(b) for b in broken]})
        return
    if states:
        now = text_of(datetime.now(UTC))
        print_table(_summary(states), _COLUMNS, [_row(state, now) for state in states])
    else:
        click.echo("nobody holds a lock or waits for one")
    for hint in _hints(states):
        click.echo(hint)
    if broken:
        click.echo(_last(broken[-1]))


def _summary(states: tuple[LockState, ...]) -> str:
    held = [state for state in states if state.holders]
    dead = [state for state in held if state.dead]
    return f"{len(held)} held" + (f", {len(dead)} by hosts without an agent" if dead else "")


def _row(state: LockState, now: str) -> tuple[str, ...]:
    versions = [repr(each.version) for each in state.holders if each.version is not None]
    return (
        "!" if state.dead else "",
        state.path,
        ", ".join(map(_who, state.holders)) or "nobody",
        ", ".join(in_units(seconds_between(holder.since, now)) for holder in state.holders),
        ", ".join(versions),
        ", ".join(holder.step for holder in state.holders if holder.step),
        ", ".join(map(_who, state.waiters)),
    )


def _who(each: Holder | Waiter) -> str:
    host = each.host or "somebody unknown"
    return f"{host} ({each.name})" if each.name and each.name != host else host


def _hints(states: tuple[LockState, ...]) -> Iterator[str]:
    for state in states:
        if not state.dead:
            continue
        command = f"zkdeploy locks break {state.path} --reason TEXT"
        if any(holder.host is None for holder in state.holders):
            yield f"{state.path}: nobody can tell who works there. Make sure that no host does,"
        else:
            yield (
                f"{state.path}: start the agent of {', '.join(map(_who, state.holders))}, which"
                " will finish. Or make sure that nothing of it runs any more,"
            )
        yield f"  then: {command}"


def _last(broken: Broken) -> str:
    return (
        f"last broken: {broken.lock}, held by {broken.holder or 'somebody unknown'},"
        f" by {broken.by} at {broken.at}: {broken.reason}"
    )
