"""How commands print: tables for people, JSON and plain text for programs.

Colour and boxes appear on a terminal only; rich is imported only for one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click


def one_line(text: str) -> str:
    """Return what a person wrote in one line, with nothing in it that is no text."""
    printable = (character if character.isprintable() else " " for character in text)
    return " ".join("".join(printable).split())


def print_json(document: Any) -> None:
    """Print ``document`` as JSON, indented."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; where nobody looks at it, as aligned columns below the title."""
    if sys.stdout.isatty():
        _print_rich_table(title, columns, rows)
        return
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    click.echo(title)
    for row in (columns, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  " + "  ".join(cells).rstrip())


def _print_rich_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)
