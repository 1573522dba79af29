"""Measures the product, prints tables, and writes them to docs/performance.md.

script/bench                    all parts, in full; rewrites the document
script/bench --quick            less of each, in about a minute; writes nothing
script/bench --only reaction    some parts; rewrites theirs
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import math
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import replace
from datetime import date, datetime
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from benchmarks.figures import Findings, Setting
from benchmarks.parts import PARTS
from benchmarks.report import DOCUMENT, check_machine, machine, markdown, rows, with_findings
from benchmarks.timing import BARE_PYTHON, started

#: Seconds that a part may take; whatever it started goes with it.
_LIMIT = 1500.0
_QUICK_LIMIT = 120.0

_CACHE = Path(__file__).parents[1] / ".cache" / "bench"


def _main() -> int:
    parser = argparse.ArgumentParser(
        prog="script/bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", action="append", choices=tuple(PARTS), default=[])
    parser.add_argument("--quick", action="store_true", help="less of each")
    parser.add_argument("--document", type=Path, help="write the tables there, of a quick run too")
    options = parser.parse_args()
    if options.document and not options.document.is_file():
        parser.error(f"{options.document}: there is no such document to write the tables into")
    document = options.document or (None if options.quick else DOCUMENT)
    where, today = machine(), datetime.now().astimezone().date()
    print(where, flush=True)
    found: dict[str, Findings] = {}
    chosen = options.only or list(PARTS)
    if document:
        try:
            check_machine(document.read_text(), chosen, tuple(PARTS), where)
        except ValueError as error:
            parser.error(str(error))
    for name in chosen:
        findings = _measure(name, quick=options.quick)
        if findings is not None:
            found[name] = findings
            _print(name, findings, today)
    if document:
        text = with_findings(document.read_text(), found, tuple(PARTS), where, today)
        document.write_text(text)
    return int(len(found) < len(set(chosen)))


def _print(name: str, findings: Findings, today: date) -> None:
    for _, work, goal, measured, reached, *_ in rows(name, findings, today):
        print(f"  {work}\n      {measured}")
        if goal:
            print(f"      reach: {goal}   reached: {reached.strip('*')}")
    for table in findings.tables:
        print(f"\n  {table.title}\n\n{markdown(table)}")
    sys.stdout.flush()


def _measure(name: str, *, quick: bool) -> Findings | None:
    """Measure a part in a process of its own, within a bound; ``None`` if that failed."""
    directory = Path(tempfile.mkdtemp(prefix="zkdeploy-bench-"))
    start = time.monotonic()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(name, quick, directory, theirs))
    print(f"\n{name}", flush=True)
    try:
        process.start()
        theirs.close()
        limit = _QUICK_LIMIT if quick else _LIMIT
        if not ours.poll(limit):
            print(f"  took longer than {limit:g} s", file=sys.stderr)
            return None
        findings = ours.recv()
    except EOFError:
        print("  failed", file=sys.stderr)
        return None
    else:
        if not isinstance(findings, Findings):
            return None
        took, pace = time.monotonic() - start, findings.pace or math.nan
        print(f"  {took:.0f} s; pace {pace:.1f} ms", flush=True)
        return findings
    finally:
        _end(process)
        shutil.rmtree(directory, ignore_errors=True)


def _end(process: SpawnProcess) -> None:
    """End a part, with what it started."""
    if process.pid is not None:
        with contextlib.suppress(ProcessLookupError):  # it has no group of its own yet
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.join()


def _run(name: str, quick: bool, directory: Path, parent: Connection) -> None:
    os.setpgrp()  # what it starts and does not end, ends with it
    logging.disable(logging.CRITICAL)  # what is done on the way is of no interest here
    setting = Setting(directory, _CACHE, quick, lambda text: print(f"  … {text}", flush=True))
    try:
        before = _pace()
        findings = PARTS[name](setting)
        parent.send(replace(findings, pace=(before + _pace()) / 2))
    except Exception:  # whatever it is, it ends this part and not the others
        traceback.print_exc()


def _pace() -> float:
    return started(BARE_PYTHON, 20).milliseconds


if __name__ == "__main__":
    sys.exit(_main())
