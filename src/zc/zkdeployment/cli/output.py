"""How commands print: tables for people, JSON and plain text for programs.

Colour and boxes appear on a terminal only; rich is imported only for one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click


def print_json(document: Any) -> None:
    """Print ``document`` as JSON, indented."""
    click.echo(_json(document, indent=2))


def json_line(document: Any) -> str:
    """Return ``document`` as JSON in one line."""
    return _json(document)


def _json(document: Any, indent: int | None = None) -> str:
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # halves of characters, which others wrote: they are escaped
        return json.dumps(document, indent=indent)
    return text


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; where nobody looks at it, as aligned columns below the title."""
    click.echo("\n".join(table_lines(title, columns, rows)))


def table_lines(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> Sequence[str]:
    """Return the lines of a table as :func:`print_table` prints it."""
    if sys.stdout.isatty():
        return _rich_lines(title, columns, rows)
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    aligned = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (columns, *rows)
    ]
    return [title, *(f"  {line}".rstrip() for line in aligned)]


def _rich_lines(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console()
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip("\n").split("\n")
