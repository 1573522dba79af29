"""Groups of commands that import a command's module when it is asked for.

To list the commands, in help or for the Tab key, imports none of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from zc.zkdeployment.cli.command import STATUSES, write_statuses

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Subcommand(NamedTuple):
    """Where a command is, as ``MODULE:ATTRIBUTE``, and the first sentence of its help."""

    where: str
    summary: str


class LazyGroup(click.Group):
    """A group of the commands that ``subcommands`` names, in order."""

    def __init__(self, *args: Any, subcommands: Mapping[str, Subcommand], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._subcommands = subcommands

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which they were given."""
        return [*self._subcommands, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or return ``None`` if there is none of that name."""
        if cmd_name not in self._subcommands:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self._subcommands[cmd_name].where.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def summaries(self, limit: int) -> Iterator[tuple[str, str]]:
        """Yield the name and the summary of each command, in ``limit`` characters."""
        for name, subcommand in self._subcommands.items():
            yield name, click.Command(name, help=subcommand.summary).get_short_help_str(limit)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what commands there are."""
        longest = max(map(len, self.list_commands(ctx)))
        limit = formatter.width - 6 - longest  # as click leaves room
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries(limit)))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands and options that begin with what was typed."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=summary)
            for name, summary in self.summaries(45)  # characters, as click has it
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the exit statuses mean."""
        super().format_epilog(ctx, formatter)
        write_statuses(formatter, STATUSES)
