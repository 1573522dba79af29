"""The rows of the fault laboratory, in short; ``script/faults`` tries them in full."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.faults.laboratory import ROWS
from tests.faults.rows import Setting


@pytest.mark.parametrize("name", ROWS)
def test_nothing_happens_that_must_not(name: str, tmp_path: Path) -> None:
    seed = random.randrange(1_000_000)
    row = ROWS[name](Setting(tmp_path, seed, short=True, say=print))
    assert row.tried
    assert not row.violations, f"script/faults --short --row {name} --seed {seed}"
