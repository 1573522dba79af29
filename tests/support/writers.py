"""Programs that change a tree again and again, until their standard input ends.

``python -m tests.support.writers import CONNECTION`` imports, ``publish`` publishes.
"""

from __future__ import annotations

import contextlib
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.publishing import LIMIT, Release

import zc.zk

_MOST = 1_000_000  # turns
_ROOT = Path(__file__).parents[2]

#: Deployments of a release.
MANY = 300


def imported(turn: int) -> str:
    """Return a tree all of whose nodes say ``turn``; after every other one half are new."""
    kind = "odd" if turn // 2 % 2 else "even"
    lines = []
    for number in range(20):
        name = f"{kind}{number}" if number % 2 else f"{number}"
        lines += [f"  /{name}", f"    turn = {turn}", "    /below", f"      turn = {turn}"]
    return f"/top\n  turn = {turn}\n" + "\n".join(lines)


def release(directory: Path, name: str) -> Release:
    """Return a release all of whose deployments are of software ``name``."""
    nodes = [f"/top{n} : {name}\n  version = '1'\n  /deploy\n    /one\n" for n in range(MANY)]
    return Release(directory / name, name, {"all.zk": "".join(nodes)})


@contextlib.contextmanager
def writing(what: str, connection: str) -> Iterator[None]:
    """Have a program write, from the end of its first turn on; it must not fail."""
    argv = [sys.executable, "-m", "tests.support.writers", what, connection]
    with subprocess.Popen(
        argv, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout
        assert program.stdin
        try:
            assert program.stdout.readline() == "1\n"
            yield
        finally:
            program.stdin.close()
            program.wait(LIMIT)
    assert program.returncode == 0


def _repeat(turn: Callable[[int], object]) -> None:
    for number in range(1, _MOST):
        turn(number)
        if number == 1:
            print(1, flush=True)
        if select.select([sys.stdin], [], [], 0)[0]:
            return


def _main(what: str, connection: str) -> None:
    with contextlib.closing(zc.zk.ZK(connection)) as zk, tempfile.TemporaryDirectory() as made:
        releases = [release(Path(made), name) for name in ("heads", "tails")]
        turns = {
            "import": lambda turn: zk.import_tree(imported(turn), trim=True),
            "publish": lambda turn: releases[turn % 2].publish(zk),
        }
        _repeat(turns[what])


if __name__ == "__main__":
    _main(*sys.argv[1:])
