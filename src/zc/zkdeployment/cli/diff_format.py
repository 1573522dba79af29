"""How changes for the fleet are printed: summary first, then target by target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import click

from zc.zkdeployment.model import Software, TargetDeployment
from zc.zkdeployment.revisions.fleet_diff import Change, ChangeKind, ControllerChange, FleetDiff
from zc.zkdeployment.revisions.fleet_diff import as_data as as_data

_COLOURS = {
    ChangeKind.APPEAR: "green",
    ChangeKind.VANISH: "red",
    ChangeKind.CHANGE: "yellow",
    ChangeKind.MOVE: "cyan",
}
_SIGNS = {
    ChangeKind.APPEAR: "+",
    ChangeKind.VANISH: "-",
    ChangeKind.CHANGE: "~",
    ChangeKind.MOVE: ">",
}

_ONE = {
    ChangeKind.APPEAR: "appears",
    ChangeKind.VANISH: "vanishes",
    ChangeKind.CHANGE: "changes",
    ChangeKind.MOVE: "moves",
}


def print_diff(diff: FleetDiff) -> None:
    """Print a summary and all changes, by target."""
    click.echo(summary(diff))
    for target, changes in diff.by_target().items():
        click.echo(f"\n{target}")
        for change in changes:
            click.secho(f"  {_SIGNS[change.kind]} {_words(change)}", fg=_COLOURS[change.kind])


def summary(diff: FleetDiff) -> str:
    """Return how much changes, in a line."""
    if not diff.changes:
        return "no deployment changes"
    targets = len(diff.by_target())
    return f"{counted(diff.counts)}, at {targets} target{'s' * (targets != 1)}"


def counted(counts: Mapping[str, int]) -> str:
    """Return numbers of changes by kind, in words."""
    return (
        ", ".join(
            f"{counts[kind.value]} {one if counts[kind.value] == 1 else kind.value}"
            for kind, one in _ONE.items()
            if counts.get(kind.value)
        )
        or "nothing"
    )


def _words(change: Change) -> str:
    if isinstance(change, ControllerChange):
        return f"controller {_change(_software(change.old), _software(change.new))}"
    old, new = change.old, change.new
    if old is None or new is None:
        return f"{change.node}  {_deployment(new or old)}"
    words = f"{change.node}  {_change(_deployment(old), _deployment(new))}"
    if change.moved_from not in (None, change.target):
        return f"{words}  from {change.moved_from}"
    return f"{words}  from {old.node}" if old.node != new.node else words


def _change(old: str, new: str) -> str:
    return " -> ".join(dict.fromkeys(each for each in (old, new) if each))


def _software(software: Software | None) -> str:
    return str(software) if software else ""


def _deployment(deployment: TargetDeployment | None) -> str:
    return " ".join(_parts(deployment)) if deployment else ""


def _parts(deployment: TargetDeployment) -> Iterator[str]:
    yield deployment.software
    if deployment.subtype:
        yield deployment.subtype
    if deployment.version is not None:
        yield deployment.version
    if deployment.n != 1:
        yield f"n={deployment.n}"
    if deployment.timeout is not None:
        yield f"timeout={deployment.timeout:g}"
    if deployment.max_parallel is not None:
        yield f"max_parallel={deployment.max_parallel.text}"


def print_live(lines: Sequence[str]) -> None:
    """Print what changes of the live tree."""
    if lines:
        click.echo("\nThe live tree")
    for line in lines:
        click.echo(f"  {line}")
