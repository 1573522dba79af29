"""The table of docs/reliability.md, of which ``script/faults --record`` writes rows."""

from __future__ import annotations

import inspect
import os
import platform
from collections.abc import Callable
from datetime import date
from pathlib import Path

from tests.faults.rows import Row

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"

_HEAD = "| Row | What is tried | Tried | Violations | Seed, time, day |\n|---|---|---|---|---|\n"


def purpose(function: Callable[..., object]) -> str:
    """Return what the first paragraph of a docstring says, in one line."""
    paragraph = (inspect.getdoc(function) or "").partition("\n\n")[0]
    return " ".join(paragraph.split())


def table_row(name: str, what: str, row: Row, seed: int, seconds: float, today: date) -> str:
    """Return a row of the table, without its end of line."""
    tried = f"{row.tried:,} {row.unit}" + (f"; {row.note}" if row.note else "")
    took = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
    cells = (f"`{name}`", what, tried, str(len(row.violations)), f"{seed}, {took}, {today}")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def machine() -> str:
    """Return what the figures were measured on."""
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    return (
        f"{os.cpu_count()} cores, {pages / 2**30:.0f} GiB, {system},"
        f" Python {platform.python_version()}"
    )


def with_row(document: str, name: str, line: str) -> str:
    """Return a document whose table has ``line`` as the row ``name``, in place or at its end.

    Raises :exc:`ValueError` for a document without the table.
    """
    before, head, table = document.partition(_HEAD)
    if not head:
        raise ValueError("the document has no table of rows")
    rows, end, after = table.partition("\n\n")
    lines = [each for each in rows.splitlines() if each]
    start = f"| `{name}` |"
    found = [number for number, each in enumerate(lines) if each.startswith(start)]
    if found:
        lines[found[0]] = line
    else:
        lines.append(line)
    return before + head + "\n".join(lines) + (end or "\n") + after
