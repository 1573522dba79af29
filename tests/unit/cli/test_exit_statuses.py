"""Programs that run commands know what their exit statuses mean: the help says it, of each."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from zc.zkdeployment.cli import main
from zc.zkdeployment.cli.command import Command


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name)


def _command(path: tuple[str, ...]) -> Command:
    command: click.Command = main
    for name in path:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    assert isinstance(command, Command)
    return command


@pytest.mark.parametrize("path", list(_commands(main)), ids="-".join)
def test_wrong_usage_has_the_status_that_the_help_says(path: tuple[str, ...]) -> None:
    command = _command(path)
    assert "usage" in command.statuses[command.wrong_usage]
    result = CliRunner().invoke(main, [*path, "--no-such-option"])
    assert (result.exit_code, result.stdout) == (command.wrong_usage, "")
    assert "No such option" in result.stderr

    text = CliRunner().invoke(main, [*path, "--help"]).stdout
    for status, meaning in command.statuses.items():
        assert f"  {status}  {meaning.split()[0]}" in text, "it is in the help"
