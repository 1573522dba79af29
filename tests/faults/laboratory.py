"""The fault laboratory: tries rows of faults, prints a table.

script/faults                          all rows, in full
script/faults --row crash_points       some rows
script/faults --short --seed 7         less of each; a seed that failed, again
"""

from __future__ import annotations

import argparse
import logging
import platform
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.faults.crash_row import crash_points
from tests.faults.rows import Row, Setting
from tests.faults.session_rows import leader_kills, session_expiries
from tests.faults.stop_row import stop_races

ROWS: Mapping[str, Callable[[Setting], Row]] = {
    row.__name__: row for row in (crash_points, session_expiries, leader_kills, stop_races)
}


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--row", action="append", choices=tuple(ROWS), default=[])
    parser.add_argument("--short", action="store_true", help="less of each")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # what faults make programs say is of no interest here
    print(f"{platform.machine()}, Python {platform.python_version()}, seed {options.seed}")
    failed = False
    for name in options.row or ROWS:
        start = time.monotonic()
        row = _try(name, options.seed, options.short)
        failed |= bool(row.violations)
        print(
            f"| {row.name} | {row.tried} {row.unit} | {len(row.violations)} violations"
            f" | {time.monotonic() - start:.0f} s | {row.note} |",
            flush=True,
        )
        for violation in row.violations:
            print(f"    {violation}", flush=True)
    return int(failed)


def _try(name: str, seed: int, short: bool) -> Row:
    directory = Path(tempfile.mkdtemp(prefix="zkdeploy-faults-"))
    try:
        return ROWS[name](
            Setting(directory, seed, short, lambda text: print(f"  {text}", flush=True))
        )
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(_main())
