"""The row that feeds every parser with nonsense."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.fuzz_disk import disk_targets
from tests.faults.fuzz_documents import DOCUMENT_TARGETS
from tests.faults.fuzz_targets import TARGETS
from tests.faults.fuzz_worker import NUMBER, inputs, made
from tests.faults.rows import Row, Setting

_ROOT = Path(__file__).parents[2]
_STUCK = 300.0  # seconds without a step, however busy the machine is
_MOST_DEATHS = 20
_SHOWN = 400  # characters of an input


def fuzzing(setting: Setting) -> Row:
    """Feed parsers with nonsense: each gives what it is for or one short error, and soon."""
    fuzzing = _Fuzzing(setting, os.cpu_count() or 1)
    with ThreadPoolExecutor(fuzzing.parts) as pool:
        found = list(pool.map(fuzzing.part, range(fuzzing.parts)))
    violations = tuple(violation for part in found for violation in part)
    counts = Counter(name for name, _ in fuzzing.everything)
    note = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    return Row("parsers fed with nonsense", len(fuzzing.everything), "inputs", violations, note)


class _Fuzzing:
    """All inputs, in ``parts`` that a process each does."""

    def __init__(self, setting: Setting, parts: int) -> None:
        self.parts = parts
        self._setting = setting
        self._targets = TARGETS | DOCUMENT_TARGETS | disk_targets(setting.directory / "targets")
        self.everything = list(inputs(self._targets, setting.short))

    def part(self, part: int) -> list[str]:
        """Do a part; return what broke. Where a process dies or hangs, another one goes on."""
        progress = self._setting.directory / f"progress-{part}"
        progress.write_bytes(bytes(NUMBER))
        output = self._setting.directory / f"output-{part}"
        violations = []
        start = 0
        for _ in range(_MOST_DEATHS):
            code = self._run(part, start, progress, output)
            if code == 0:
                break
            index = int.from_bytes(progress.read_bytes(), "little")
            start = index + 1
            name, number = self.everything[index]
            value = made(self._targets[name], self._setting.seed, name, number)
            killed = code in (-signal.SIGPROF, -signal.SIGKILL)
            how = "it takes too long" if killed else f"the process ended with {code}"
            violations.append(f"{name} {number}: {how}: {value!r:.{_SHOWN}}")
        else:
            violations.append(f"part {part} died {_MOST_DEATHS} times: the rest was not tried")
        for line in output.read_text().splitlines():
            told = json.loads(line)
            what = f"{told['name']} {told['number']}: {told['broke']}"
            violations.append(f"{what}: {told['value']:.{_SHOWN}}")
        return violations

    def _run(self, part: int, start: int, progress: Path, output: Path) -> int:
        """Let a process do what is left of a part; return its exit code."""
        arguments = (
            self._setting.seed,
            part,
            self.parts,
            int(self._setting.short),
            progress,
            start,
        )
        argv = [sys.executable, "-m", "tests.faults.fuzz_worker", *map(str, arguments)]
        environment = os.environ | {"PYTHONPATH": str(_ROOT)}
        with output.open("ab") as file:
            process = subprocess.Popen(argv, stdout=file, env=environment, cwd=_ROOT)
        try:
            seen, since = b"", time.monotonic()
            while True:
                try:
                    return process.wait(1.0)
                except subprocess.TimeoutExpired:
                    now = progress.read_bytes()
                if now != seen:
                    seen, since = now, time.monotonic()
                elif time.monotonic() - since > _STUCK:
                    process.kill()
        finally:
            process.kill()
            process.wait()
