"""Commands that explanations name: whether there are such, with such options."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import click

from zc.zkdeployment.cli import main
from zc.zkdeployment.explanations.explanation import Explanation


def check_commands(explanation: Explanation) -> None:
    """Fail unless the command line accepts each command of the next steps."""
    for step in explanation.next_steps:
        _, found, line = step.rpartition(": zkdeploy ")
        if found:
            accept(shlex.split(line))
        else:
            assert "zkdeploy " not in step, step


def accept(args: Sequence[str]) -> None:
    """Fail unless a command line is one: nothing is run."""
    context = click.Context(main, info_name="zkdeploy")
    command: click.Command = main
    left = list(args)
    while isinstance(command, click.Group):
        _, found, left = command.resolve_command(context, left)
        assert found is not None, args
        command = found
        if isinstance(command, click.Group) and not left:
            return
    command.make_context(command.name, left, parent=context).close()
