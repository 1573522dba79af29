"""The tables of docs/performance.md, of which the benchmark writes rows."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from benchmarks.figures import Findings, Table, number

from zc.zkdeployment.lab.java import find_runtime

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"

_HEAD = ("Part", "Work", "Reach", "Measured", "Reached", "Pace", "Day")
_BEGIN = "<!-- measured: begin -->"
_END = "<!-- measured: end -->"


def machine() -> str:
    """Return what the figures are measured on, in one line."""
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    return (
        f"{os.cpu_count()} cores ({_processor()}), {pages / 2**30:.0f} GiB, {system}, Linux"
        f" {platform.release()}, {_python()}, kazoo {version('kazoo')},"
        f" ZooKeeper {_zookeeper()}, {_java()}"
    )


def rows(part: str, findings: Findings, day: date) -> list[tuple[str, ...]]:
    """Return the rows of a part, of which each cell is text."""
    words = {True: "yes", False: "**no**", None: ""}
    return [
        (
            f"`{part}`",
            figure.work,
            figure.goal,
            figure.measured,
            words[figure.reached],
            f"{number(findings.pace)} ms" if findings.pace else "",
            str(day),
        )
        for figure in findings.figures
    ]


def markdown(table: Table) -> str:
    """Return a table as Markdown."""
    return "".join(map(_line, (table.head, ["---"] * len(table.head), *table.rows)))


def check_machine(document: str, parts: Collection[str], order: Sequence[str], where: str) -> None:
    """Raise :exc:`ValueError` where a document has other parts that were measured elsewhere.

    ``order`` is that of all parts; ``where`` is what ``parts`` are measured on.
    """
    _, old, _ = _divided(document)
    lines = _rows_of(old)
    kept = [part for part in order if part in lines and part not in parts]
    if kept and _measured(where) not in old:
        raise ValueError(
            f"{', '.join(kept)} were measured on another machine or with other versions:"
            " measure all parts, or --document another document"
        )


def with_findings(
    document: str, found: Mapping[str, Findings], order: Sequence[str], where: str, day: date
) -> str:
    """Return a document with what was found, in place of what it had of the same parts.

    Raises :exc:`ValueError` for a document without its marks, and like :func:`check_machine`.
    """
    check_machine(document, found, order, where)
    before, old, after = _divided(document)
    lines, sections = _rows_of(old), _sections_of(old)
    for part, findings in found.items():
        lines[part] = "".join(map(_line, rows(part, findings, day)))
        sections[part] = "".join(
            f"{each.title}:\n\n{markdown(each)}\n" for each in findings.tables
        )
    table = markdown(Table("", _HEAD, ())) + "".join(lines.get(part, "") for part in order)
    details = "".join(f"### {part}\n\n{sections[part]}" for part in order if sections.get(part))
    return f"{before}{_BEGIN}\n\n{_measured(where)}\n{table}\n{details}{_END}{after}"


def _measured(where: str) -> str:
    return f"Measured by `script/bench` on {where}.\n"


def _divided(document: str) -> tuple[str, str, str]:
    """Return what a document has before, between and after its marks."""
    before, begin, rest = document.partition(_BEGIN)
    old, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"expected the lines {_BEGIN} and {_END} in the document")
    return before, old, after


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _rows_of(text: str) -> dict[str, str]:
    """Return the rows of each part in a document."""
    found: dict[str, str] = {}
    for line in text.splitlines(keepends=True):
        if line.startswith("| `"):
            part = line.split("`")[1]
            found[part] = found.get(part, "") + line
    return found


def _sections_of(text: str) -> dict[str, str]:
    """Return what a document says of each part below the table, without the heading."""
    _, *sections = text.split("### ")
    return {part: rest for part, _, rest in (each.partition("\n\n") for each in sections)}


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.machine()


def _python() -> str:
    """Tell the version, and whose build it is: some are not optimized."""
    whose = "the system's " if sys.base_prefix == "/usr" else ""
    return f"{whose}Python {platform.python_version()}"


def _zookeeper() -> str:
    runtime = find_runtime()
    argv = [runtime.java, "-cp", runtime.classpath, "org.apache.zookeeper.version.VersionInfoMain"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    found = re.search(r"version:? ([0-9][0-9.]*)", done.stdout)
    return found[1] if found else "of unknown version"


def _java() -> str:
    done = subprocess.run(
        [find_runtime().java, "-version"], capture_output=True, text=True, check=True
    )
    return done.stderr.splitlines()[0].replace('"', "")
