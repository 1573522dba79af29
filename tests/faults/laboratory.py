"""The fault laboratory: tries rows of faults, prints a table.

script/faults                          all rows, in full
script/faults --row crash_points       some rows
script/faults --short --seed 7         less of each; a seed that failed, again
script/faults --record                 and write the rows to docs/reliability.md
script/faults --mutate                 remove guards of the product: tests have to fail
"""

from __future__ import annotations

import argparse
import logging
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from tests.faults.corpus_row import adversarial_corpus
from tests.faults.crash_row import crash_points
from tests.faults.ensemble_rows import minority, publish_leader_kills
from tests.faults.fuzz_rows import fuzzing
from tests.faults.guard_row import guards
from tests.faults.model_row import model_schedules
from tests.faults.package_row import package_matrix
from tests.faults.partition_row import partitions
from tests.faults.report import DOCUMENT, machine, purpose, table_row, with_row
from tests.faults.rows import Row, Setting
from tests.faults.schedule_row import schedules
from tests.faults.session_rows import leader_kills, session_expiries
from tests.faults.soak_row import soak
from tests.faults.stop_row import stop_races

ROWS: Mapping[str, Callable[[Setting], Row]] = {
    row.__name__: row
    for row in (
        crash_points,
        session_expiries,
        leader_kills,
        partitions,
        minority,
        publish_leader_kills,
        package_matrix,
        stop_races,
        soak,
        model_schedules,
        schedules,
        fuzzing,
        adversarial_corpus,
    )
}


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--row", action="append", choices=tuple(ROWS), default=[])
    parser.add_argument("--short", action="store_true", help="less of each")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument(
        "--record", action="store_true", help="write what came of it to docs/reliability.md"
    )
    parser.add_argument(
        "--mutate", action="store_true", help="remove guards instead: some test has to fail"
    )
    options = parser.parse_args()
    if options.record and options.short:
        parser.error("what was tried in short is not recorded")
    logging.disable(logging.CRITICAL)  # what faults make programs say is of no interest here
    print(f"{machine()}, seed {options.seed}")
    failed = False
    for name in (guards.__name__,) if options.mutate else options.row or ROWS:
        failed |= _report(name, options)
    return int(failed)


def _report(name: str, options: argparse.Namespace) -> bool:
    """Try a row and say, and record, what came of it; tell whether something did that must not."""
    function = guards if name == guards.__name__ else ROWS[name]
    start = time.monotonic()
    row = _try(function, options.seed, options.short)
    seconds = time.monotonic() - start
    today = datetime.now().astimezone().date()
    line = table_row(name, purpose(function), row, options.seed, seconds, today)
    print(line, *(f"    {violation}" for violation in row.violations), sep="\n", flush=True)
    if options.record:
        DOCUMENT.write_text(with_row(DOCUMENT.read_text(), name, line))
    return bool(row.violations)


def _try(function: Callable[[Setting], Row], seed: int, short: bool) -> Row:
    directory = Path(tempfile.mkdtemp(prefix="zkdeploy-faults-"))
    try:
        return function(
            Setting(directory, seed, short, lambda text: print(f"  {text}", flush=True))
        )
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(_main())
