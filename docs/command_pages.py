"""Pages of the reference that are made from the commands themselves: they cannot be out of date.

::

    pages = command_pages(zc.zkdeployment.cli.main)

maps the path of a page below ``docs`` to its Markdown. ``hooks.py`` adds them to the site.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping

import click

from zc.zkdeployment.cli.command import Command

PROGRAM = "zkdeploy"
_DIRECTORY = "reference/commands"
_special = re.compile(r"([\\*_<>\[\]#|])")


def command_pages(program: click.Group) -> dict[str, str]:
    """Return a page for each command of ``program``, one of all, and one of exit statuses."""
    pages = {
        f"{_DIRECTORY}/{name}.md": "\n".join(_page(command, f"{PROGRAM} {name}", "#"))
        for name, command in _subcommands(program)
    }
    return {
        f"{_DIRECTORY}/index.md": _overview(program),
        "reference/exit-statuses.md": _exit_statuses(program),
        **pages,
    }


def commands_below(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    """Yield all commands that can be typed, groups too, with their whole names."""
    for subname, command in _subcommands(group):
        whole = f"{name} {subname}"
        yield whole, command
        if isinstance(command, click.Group):
            yield from commands_below(command, whole)


def _subcommands(group: click.Group) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            yield name, command


def _overview(program: click.Group) -> str:
    rows = (
        f"| [`{PROGRAM} {name}`]({name}.md) | {_escaped(_summary(command))} |"
        for name, command in _subcommands(program)
    )
    return "\n".join(
        (
            "# Commands",
            "",
            *_paragraphs(program.help),
            "| | |",
            "|---|---|",
            *rows,
            "",
            f"All of them have `-h`, `--help`. `{PROGRAM} --debug COMMAND` shows a traceback with"
            " an error.",
            "",
        )
    )


def _page(command: click.Command, name: str, heading: str) -> Iterator[str]:
    """Yield the lines of a page; those of the commands below a group come one heading lower."""
    context = click.Context(command, info_name=name)
    usage = " ".join(command.collect_usage_pieces(context))
    yield from (f"{heading} {name}", "", *_paragraphs(command.help))
    yield from ("```text", f"{name} {usage}", "```", "")
    yield from _options(command, context)
    if isinstance(command, Command):
        yield from ("Examples:", "", "```sh", *command.examples, "```", "")
        yield from _statuses(command.statuses)
    if isinstance(command, click.Group):
        for subname, subcommand in _subcommands(command):
            yield from _page(subcommand, f"{name} {subname}", f"{heading}#")


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    records = [
        record
        for option in command.params
        if isinstance(option, click.Option)
        and (record := option.get_help_record(context)) is not None
    ]
    if records:
        yield from ("| Option | |", "|---|---|")
        for option, meaning in records:
            yield f"| `{option.replace('|', chr(92) + '|')}` | {_escaped(meaning)} |"
        yield ""


def _statuses(statuses: Mapping[int, str]) -> Iterator[str]:
    yield from ("| Exit status | |", "|---|---|")
    yield from (f"| {status} | {_escaped(meaning)} |" for status, meaning in statuses.items())
    yield ""


def _exit_statuses(program: click.Group) -> str:
    """Return the page of all exit statuses; commands that have the usual ones share a row."""
    usual = Command.usual_statuses
    rows = [
        f"| `{name}` | {'<br>'.join(special)} |"
        for name, command in commands_below(program, PROGRAM)
        if isinstance(command, Command)
        if (
            special := [
                f"{status}: {_escaped(meaning)}"
                for status, meaning in command.statuses.items()
                if usual.get(status) != meaning
            ]
        )
    ]
    return "\n".join(
        (
            "# Exit statuses",
            "",
            "An error is one line on standard error. What is not in the second table is as the"
            " first one says.",
            "",
            *_statuses(usual),
            "| Command | Exit status |",
            "|---|---|",
            *rows,
            "",
        )
    )


def _summary(command: click.Command) -> str:
    return " ".join((command.help or "").strip().split("\n\n")[0].split())


def _paragraphs(text: str | None) -> Iterator[str]:
    for paragraph in inspect.cleandoc(text or "").replace("\b\n", "").split("\n\n"):
        yield from (_escaped(" ".join(paragraph.split())), "")


def _escaped(text: str) -> str:
    """Return text that Markdown shows as it is, but for `code`, which stays code."""
    pieces = text.split("`")
    pieces[::2] = (_special.sub(r"\\\1", piece) for piece in pieces[::2])
    pieces[1::2] = (piece.replace("|", r"\|") for piece in pieces[1::2])
    return re.sub(r"^([-+]|\d+\.)(?=\s)", r"\\\1", "`".join(pieces))
