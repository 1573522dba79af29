"""promtool, the checker that comes with Prometheus."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

#: Where script/bootstrap puts it, and where a package does.
_PROMTOOL = shutil.which("promtool", path=f"{Path(sys.executable).parent}:/usr/bin:/usr/local/bin")

needs_promtool = pytest.mark.skipif(
    _PROMTOOL is None,
    reason="no promtool: script/bootstrap takes it from Debian's package of Prometheus only",
)


def promtool(*arguments: str, stdin: str = "", cwd: Path | None = None) -> str:
    """Run promtool, which must find nothing wrong; return what it says."""
    assert _PROMTOOL
    done = subprocess.run(
        [_PROMTOOL, *arguments],
        input=stdin,
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
