"""A file in a place where others can write may be anything, and must hold up nobody."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from zc.zkdeployment.regular_files import NotRegular, read_regular


def test_a_file_is_read_and_of_a_large_one_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert read_regular(path, 3) == b"abc"
    assert read_regular(path, 1) == b"ab"
    os.truncate(path, 1 << 40)
    assert len(read_regular(path, 1000)) == 1001


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        os.mkdir,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to("/dev/tty"),
        lambda path: path.symlink_to("."),
    ],
)
def test_what_is_no_file_is_an_error_at_once(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "file"
    make(path)
    with pytest.raises(OSError, match=r"Not a regular file|Is a directory|No such device"):
        read_regular(path, 10)


def test_a_link_is_followed_unless_that_is_not_wanted(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    path = tmp_path / "link"
    path.symlink_to("file")
    assert read_regular(path, 10) == b"abc"
    with pytest.raises(NotRegular):
        read_regular(path, 10, follow=False)


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "file", 10)
