"""Manual pages, made from the commands themselves: they cannot be out of date.

::

    python docs/man_pages.py DIRECTORY

writes ``zkdeploy.1``, ``zkdeploy-status.1`` and so on, one for each command. With
``SOURCE_DATE_EPOCH`` in the environment they carry that date.

Own, because click-man knows neither examples nor exit statuses.
"""

from __future__ import annotations

import inspect
import os
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click
from command_pages import PROGRAM, commands_below

from zc.zkdeployment.cli import main
from zc.zkdeployment.cli.command import STATUSES, Command


def man_pages(program: click.Group, date: str, release: str) -> dict[str, str]:
    """Return the pages, by file name, in the language of man(7)."""
    commands = {PROGRAM: program, **dict(commands_below(program, PROGRAM))}
    return {
        f"{_page_name(name)}.1": "\n".join(
            (
                f'.TH "{_page_name(name).upper()}" 1 "{date}" "zc.zkdeployment {release}"'
                ' "User Commands"',
                ".nh",
                *_page(name, command, list(commands)),
                "",
            )
        )
        for name, command in commands.items()
    }


def _page(name: str, command: click.Command, names: list[str]) -> Iterator[str]:
    context = click.Context(command, info_name=name, help_option_names=["-h", "--help"])
    yield from (".SH NAME", f"{_page_name(name)} \\- {_escaped(_summary(command))}")
    usage = " ".join(command.collect_usage_pieces(context))
    yield from (".SH SYNOPSIS", f".B {_escaped(name)}", _escaped(usage))
    yield from (".SH DESCRIPTION", *_paragraphs(command.help))
    yield from _options(command, context)
    if isinstance(command, click.Group):
        yield ".SH COMMANDS"
        for subname in command.list_commands(context):
            subcommand = command.get_command(context, subname)
            if subcommand is not None:
                yield from _item(f"{name} {subname}", _summary(subcommand) + ".")
    yield from _environment(command)
    statuses = command.statuses if isinstance(command, Command) else STATUSES
    yield from _statuses(statuses)
    if isinstance(command, Command):
        yield ".SH EXAMPLES"
        for example in command.examples:
            yield from (".PP", ".nf", _escaped(example), ".fi")
    related = [each for each in names if each != name and _are_related(name, each)]
    if related:
        pages = ", ".join(f"\\fB{_escaped(_page_name(each))}\\fR(1)" for each in related)
        yield from (".SH SEE ALSO", pages)


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    records = [
        record
        for parameter in command.get_params(context)
        if (record := parameter.get_help_record(context)) is not None and record[1]
    ]
    if records:
        yield ".SH OPTIONS"
        for option, meaning in records:
            yield from _item(option, meaning)


def _environment(command: click.Command) -> Iterator[str]:
    variables = {
        str(each.envvar): max(each.opts, key=len)
        for each in command.params
        if isinstance(each, click.Option) and each.envvar
    }
    if variables:
        yield ".SH ENVIRONMENT"
        for variable, option in variables.items():
            yield from _item(variable, f"What {option} says if it is not given.")


def _statuses(statuses: Mapping[int, str]) -> Iterator[str]:
    yield ".SH EXIT STATUS"
    for status, meaning in statuses.items():
        yield from _item(str(status), meaning)


def _item(term: str, text: str) -> Iterator[str]:
    yield from (".TP", f"\\fB{_escaped(term)}\\fR", _escaped(text))


def _paragraphs(text: str | None) -> Iterator[str]:
    for paragraph in inspect.cleandoc(text or "").split("\n\n"):
        if paragraph.startswith("\b\n"):  # click's mark for lines that stay as they are
            yield from (".PP", ".nf", *map(_escaped, paragraph.split("\n")[1:]), ".fi")
        else:
            yield from (".PP", _escaped(" ".join(paragraph.split())))


def _summary(command: click.Command) -> str:
    """Return the first sentence of the help, without its full stop."""
    first = " ".join((command.help or "").split("\n\n")[0].split())
    return first.split(". ")[0].rstrip(".")


def _are_related(name: str, other: str) -> bool:
    """Tell whether one is the program or the group that the other is in."""
    return f"{other} ".startswith(f"{name} ") or f"{name} ".startswith(f"{other} ")


def _page_name(name: str) -> str:
    return name.replace(" ", "-")


def _escaped(text: str) -> str:
    r"""Return text that is shown as it is, but for what is in `back quotes`: that is bold."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    pieces = plain.split("`")
    pieces[1::2] = (f"\\fB{piece}\\fR" for piece in pieces[1::2])
    shown = "".join(pieces)
    return f"\\&{shown}" if shown.startswith(".") else shown


def write_pages(directory: Path) -> None:
    """Write all pages to a directory, which is made."""
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    date = datetime.fromtimestamp(epoch, UTC).date().isoformat()
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in man_pages(main, date, version("zc.zkdeployment")).items():
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
