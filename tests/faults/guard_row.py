"""The row about guards: remove one after another, and see that a test notices."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.guards import GUARDS, Guard
from tests.faults.rows import Row, Setting

_ROOT = Path(__file__).parents[2]
_COPIED = ("src", "tests", "docs", "conftest.py", "pyproject.toml")
_BOUND = 300.0  # seconds that the tests of one guard may take
_TEST_FAILED = 1  # pytest's exit status


def guards(setting: Setting) -> Row:
    """Remove one guard of the product after another, each in a copy: each time a test fails."""
    wanted = GUARDS[:2] if setting.short else GUARDS
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        troubles = list(pool.map(lambda each: _trouble(each, setting), enumerate(wanted)))
    violations = tuple(filter(None, troubles))
    return Row("guards removed", len(wanted), "guards", violations)


def _trouble(numbered: tuple[int, Guard], setting: Setting) -> str:
    """Return why a guard is not known to be needed, empty if a test fails without it."""
    number, guard = numbered
    copy = setting.directory / f"{number}"
    for name in _COPIED:
        source = _ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    guard.remove(copy)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *guard.tests],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_BOUND,
        check=False,
    )
    shutil.rmtree(copy)
    last = done.stdout.strip().rpartition("\n")[2]
    setting.say(f"{guard.name}: {last}")
    return "" if done.returncode == _TEST_FAILED else f"{guard.name}: {last}"
