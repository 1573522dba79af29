"""State files survive a full disk, a kill and a crash."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.integration.adapters.conftest import names_in

from zc.zkdeployment.adapters import durable

WRITER = """
import sys
from itertools import cycle
from pathlib import Path
from zc.zkdeployment.adapters import durable
for text in cycle(["a" * 100_000, "b" * 50_000]):
    durable.write(Path(sys.argv[1]), text)
    print("written", flush=True)
"""


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Let writes fail as they do on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("put", [durable.write, durable.replace])
def test_a_file_is_written_and_replaced_as_a_whole(
    tmp_path: Path, put: Callable[[Path, str], None]
) -> None:
    path = tmp_path / "host_version"

    for text in ("21", "é" * 300, ""):
        put(path, text)
        assert path.read_text() == text
    assert names_in(tmp_path) == ["host_version"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "host_version"
    durable.write(path, "21")

    with no_file_larger_than(10), pytest.raises(OSError, match="File too large"):
        durable.write(path, "x" * 11)

    assert path.read_text() == "21"
    assert names_in(tmp_path) == ["host_version"]


def test_what_was_written_is_on_the_disk_and_so_is_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a host that loses its power may find an empty file, or the old one."""
    path = tmp_path / "host_version"
    path.write_text("20")
    synchronised: list[tuple[str, str]] = []

    def fsync(descriptor: int) -> None:
        target = Path(f"/proc/self/fd/{descriptor}").readlink()
        kind = "directory" if target.is_dir() else target.read_text()
        synchronised.append((kind, path.read_text()))

    monkeypatch.setattr(os, "fsync", fsync)
    durable.write(path, "21")

    assert synchronised == [("21", "20"), ("directory", "21")]


def test_a_missing_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        durable.write(tmp_path / "gone" / "host_version", "21")


def test_the_longest_file_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 127)
    durable.write(path, "21")

    assert path.read_text() == "21"


def test_a_link_is_replaced_and_what_it_points_to_is_not_touched(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    path = tmp_path / "host_version"
    path.symlink_to(precious)
    durable.write(path, "21")

    assert (path.read_text(), path.is_symlink()) == ("21", False)
    assert precious.read_text() == "precious"


def test_a_kill_at_any_instant_leaves_one_whole_file_and_the_next_agent_clears_up(
    tmp_path: Path,
) -> None:
    path = tmp_path / "host_version"
    for number in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE
        )
        with writer:
            assert writer.stdout is not None
            for _ in range(number + 1):
                assert writer.stdout.readline() == b"written\n"
            writer.send_signal(signal.SIGKILL)
        assert path.read_text() in ("a" * 100_000, "b" * 50_000)

    durable.write(path, "21")
    assert names_in(tmp_path) == ["host_version"]
