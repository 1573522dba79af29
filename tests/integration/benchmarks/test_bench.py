"""The benchmark as it is run, in short."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.parts import PARTS
from benchmarks.report import DOCUMENT

ROOT = DOCUMENT.parents[1]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.bench", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_a_quick_run_prints_what_was_to_be_reached_and_leaves_the_document_alone() -> None:
    before = DOCUMENT.read_text()
    done = bench("--quick", "--only", "gather", "--only", "startup")
    assert done.returncode == 0, done.stderr
    assert "reach: ≤ 4 requests, ≤ 3 ms   reached: " in done.stdout
    assert "zkdeploy --help" in done.stdout
    assert DOCUMENT.read_text() == before


def test_what_was_measured_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    document = tmp_path / "figures.md"
    document.write_text("<!-- measured: begin -->\n<!-- measured: end -->\n")
    done = bench("--quick", "--only", "startup", "--document", str(document))
    assert done.returncode == 0, done.stderr
    assert "| `startup` | zkdeploy --help |" in document.read_text()


def test_parts_are_known_by_name() -> None:
    done = bench("--only", "nothing")
    assert done.returncode == 2
    assert all(part in done.stderr for part in PARTS)
