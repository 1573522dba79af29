"""An agent may be killed at any moment; see ``crash_points.py``."""

from __future__ import annotations

import random
from pathlib import Path

from tests.faults.crash_row import crash_points
from tests.faults.rows import Setting


def test_an_agent_that_is_killed_at_a_point_converges_without_help(tmp_path: Path) -> None:
    seed = random.randrange(1_000_000)
    row = crash_points(Setting(tmp_path, seed, short=True, say=print))
    assert row.tried == 15
    assert not row.violations, f"seed {seed}"
