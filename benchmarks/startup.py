"""How long programs take to start."""

from __future__ import annotations

import sys

from benchmarks.figures import Amount, Figure, Findings, Setting
from benchmarks.timing import BARE_PYTHON, started

_STARTS = {
    "zkdeploy --help": [sys.executable, "-m", "zc.zkdeployment.cli", "--help"],
    "import what zkdeploy agent runs": [sys.executable, "-c", "import zc.zkdeployment.cli.agent"],
}


def startup(setting: Setting) -> Findings:
    """Start programs, to their end."""
    rounds = 3 if setting.quick else 20
    bare = started(BARE_PYTHON, rounds).milliseconds
    figures = [
        Figure(
            what,
            [Amount(started(argv, rounds).milliseconds, "ms")],
            f"of it Python alone {bare:.0f} ms",
        )
        for what, argv in _STARTS.items()
    ]
    return Findings(figures)
