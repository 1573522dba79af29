"""A process that feeds parsers with nonsense: it may be killed, and says how far it came.

``python -m tests.faults.fuzz_worker SEED PART PARTS SHORT PROGRESS START`` does every input
whose number leaves the rest ``PART`` when it is divided by ``PARTS``, from ``START`` on. The
number of the one under way is in the file ``PROGRESS``. What broke is printed, a line of
JSON each.
"""

from __future__ import annotations

import json
import logging
import mmap
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from tests.faults.fuzz_disk import disk_targets
from tests.faults.fuzz_documents import DOCUMENT_TARGETS
from tests.faults.fuzz_targets import TARGETS, Target

#: Seconds of its processor that an input may take: then the kernel ends the process.
PATIENCE = 20.0

#: Bytes of the file that tells how far it is.
NUMBER = 8

_SHORT = 100  # times less of each in short
_SHRINK = 5.0  # seconds


def inputs(targets: dict[str, Target], short: bool) -> Iterator[tuple[str, int]]:
    """Yield the target and the number in it of each input."""
    for name, target in targets.items():
        for number in range(target.count // _SHORT if short else target.count):
            yield name, number


def made(target: Target, seed: int, name: str, number: int) -> Any:
    """Return an input again."""
    return target.make(Random(f"{seed}/{name}/{number}"))


def outcome(target: Target, value: Any) -> str | None:
    """Return what is wrong with what came of an input; ``None`` if nothing is."""
    try:
        return target.check(value)
    except Exception as error:  # each that a target lets through is a defect
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        return f"{type(error).__name__} at {where}: {error!s:.300}"


def shrunk(target: Target, value: Any, broke: str) -> Any:
    """Return a shorter input that breaks in the same way, where one is found soon."""
    if not isinstance(value, str | bytes):
        return value
    end = time.monotonic() + _SHRINK
    size = len(value) // 2
    while size and time.monotonic() < end:
        at = 0
        while at < len(value) and time.monotonic() < end:
            less = value[:at] + value[at + size :]  # type: ignore[operator] # of the same kind
            found = outcome(target, less)
            if found and found[:20] == broke[:20]:
                value = less
            else:
                at += size
        size //= 2
    return value


def _main() -> None:
    seed, part, parts, short, start = (int(sys.argv[i]) for i in (1, 2, 3, 4, 6))
    logging.disable(logging.CRITICAL)
    directory = Path(tempfile.mkdtemp(dir=Path(sys.argv[5]).parent))
    try:
        targets = TARGETS | DOCUMENT_TARGETS | disk_targets(directory)
        with Path(sys.argv[5]).open("r+b") as file, mmap.mmap(file.fileno(), NUMBER) as progress:
            for index, (name, number) in enumerate(inputs(targets, bool(short))):
                if index < start or index % parts != part:
                    continue
                progress[:NUMBER] = index.to_bytes(NUMBER, "little")
                target = targets[name]
                value = made(target, seed, name, number)
                signal.setitimer(
                    signal.ITIMER_PROF, PATIENCE
                )  # a Python handler would come too late
                broke = outcome(target, value)
                signal.setitimer(signal.ITIMER_PROF, 0)
                if broke:
                    value = shrunk(target, value, broke)
                    told = {"name": name, "number": number, "broke": broke, "value": f"{value!r}"}
                    print(json.dumps(told), flush=True)
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    _main()
