"""Groups of commands that import a command's module when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from zc.zkdeployment.cli.command import STATUSES, write_statuses


class LazyGroup(click.Group):
    """A group whose commands are named, in order, as ``MODULE:ATTRIBUTE`` in ``subcommands``."""

    def __init__(self, *args: Any, subcommands: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._subcommands = subcommands

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which they were given."""
        return [*self._subcommands, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or return ``None`` if there is none of that name."""
        if cmd_name not in self._subcommands:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self._subcommands[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the exit statuses mean."""
        super().format_epilog(ctx, formatter)
        write_statuses(formatter, STATUSES)
