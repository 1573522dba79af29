"""Tree files from a directory, and what is the same for every source."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.adapters.conftest import Host

from zc.zkdeployment.adapters.sources import open_source
from zc.zkdeployment.errors import BadSource
from zc.zkdeployment.lab.repositories import GitRepository, SubversionRepository
from zc.zkdeployment.publication.locations import parse_location
from zc.zkdeployment.publication.publisher_ports import Source
from zc.zkdeployment.tree.origin import Origin
from zc.zkdeployment.tree.snapshot import SourceFile

MIB = 1024 * 1024

Opened = Callable[..., Source]


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    path = tmp_path / "trees"
    path.mkdir()
    return path


@pytest.fixture
def opened(host: Host, tmp_path: Path) -> Opened:
    def opened(text: object, path: str = "", **options: object) -> Source:
        location = parse_location(str(text), path=path)
        return open_source(location, host.commands, tmp_path / "work", **options)  # type: ignore[arg-type] # a shorthand

    return opened


def test_a_directory_gives_its_tree_files_in_the_order_of_publication(
    trees: Path, opened: Opened
) -> None:
    for name in ("b.zk", "a.zkx", "a.zk", ".hidden.zk", "README", "x.zk.bak"):
        (trees / name).write_text(name)
    (trees / "below").mkdir()
    (trees / "below/c.zk").write_text("not in this directory")
    snapshot = opened(trees).read()

    assert snapshot.files == tuple(
        SourceFile(name, name.encode()) for name in ("a.zk", "b.zk", "a.zkx")
    )
    assert snapshot.origin == Origin(str(trees))
    assert opened(trees, "below").read().files[0].name == "c.zk"


def test_a_file_is_a_source(trees: Path, opened: Opened) -> None:
    (trees / "one.zk").write_text("/x")
    (trees / "two.zk").write_text("/y")

    assert opened(trees / "one.zk").read().files == (SourceFile("one.zk", b"/x"),)


def test_a_relative_directory_is_recorded_with_its_whole_path(trees: Path, opened: Opened) -> None:
    (trees / "one.zk").write_text("/x")

    assert opened(os.path.relpath(trees)).read().origin.source.startswith("/")


def test_a_directory_has_the_same_version_until_a_tree_file_changes(
    trees: Path, opened: Opened
) -> None:
    (trees / "a.zk").write_text("bc")
    source = opened(trees)
    first = source.read()
    (trees / "README").write_text("no tree file")
    os.utime(trees / "a.zk", (0, 0))

    assert source.read() == first
    assert source.newest() == first.version
    assert isinstance(first.version, str)
    assert len(first.version) == 12
    (trees / "a.zk").write_text("bd")
    assert source.newest() != first.version


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a.zk": "1b.zk2"}, {"a.zk": "1", "b.zk": "2"}),
        ({"a.zk": "x", "b.zk": ""}, {"a.zk": "", "b.zk": "x"}),
        ({"a.zk": "x"}, {"b.zk": "x"}),
        ({"a.zk": "x"}, {"a.zkx": "x"}),
    ],
)
def test_two_directories_have_two_versions(
    tmp_path: Path, opened: Opened, one: dict[str, str], other: dict[str, str]
) -> None:
    versions = set()
    for number, files in enumerate((one, other)):
        (tmp_path / str(number)).mkdir()
        for name, text in files.items():
            (tmp_path / str(number) / name).write_text(text)
        versions.add(opened(tmp_path / str(number)).newest())
    assert len(versions) == 2


@pytest.mark.parametrize("version", [7, "release 7", False, 0])
def test_a_version_that_a_person_gives_is_the_version_of_any_source(
    trees: Path, tmp_path: Path, opened: Opened, version: object
) -> None:
    (trees / "a.zk").write_text("/x")
    git, svn = GitRepository(tmp_path / "git"), SubversionRepository(tmp_path / "svn")
    git.commit({"a.zk": "/x"})
    svn.commit({"a.zk": "/x"})

    for text in (trees, f"git://{git.url}", svn.url):
        source = opened(text, version=version)
        assert source.newest() is version
        assert source.read().version is version
        assert source.read().files == (SourceFile("a.zk", b"/x"),)


def as_link_to_secret(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def as_link_inside(path: Path) -> None:
    path.with_name("real").write_text("/x")
    path.symlink_to("real")


def as_directory(path: Path) -> None:
    path.mkdir()


def as_pipe(path: Path) -> None:
    os.mkfifo(path)


def as_socket(path: Path) -> None:
    os.mknod(path, stat.S_IFSOCK | 0o600)


@pytest.mark.parametrize(
    "make", [as_link_to_secret, as_link_inside, as_directory, as_pipe, as_socket]
)
def test_what_is_no_regular_file_is_refused_by_name(
    trees: Path, opened: Opened, make: Callable[[Path], None]
) -> None:
    (trees / "a.zk").write_text("/x")
    make(trees / "x.zk")

    for source in (opened(trees), opened(trees / "x.zk")):
        with pytest.raises(BadSource, match=r"x\.zk") as refused:
            source.read()
        assert "root:" not in str(refused.value)


def test_a_path_inside_does_not_follow_a_link_out(
    trees: Path, tmp_path: Path, opened: Opened
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/a.zk").write_text("/secret")
    (trees / "inside").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(BadSource, match="a link leads out of"):
        opened(trees, "inside").read()


def test_a_directory_without_tree_files_is_a_mistake_and_no_empty_tree(
    trees: Path, opened: Opened
) -> None:
    (trees / "README").touch()
    for source in (opened(trees), opened(trees / "README")):
        with pytest.raises(BadSource, match=r"there is no \*\.zk or \*\.zkx file"):
            source.newest()


@pytest.mark.parametrize("name", ["missing", "missing.zk", "a.zk/x"])
def test_a_directory_that_is_not_there_is_named(trees: Path, opened: Opened, name: str) -> None:
    (trees / "a.zk").write_text("/x")

    with pytest.raises(BadSource, match=name):
        opened(trees / name).read()


@pytest.mark.parametrize("name", [b"\xff.zk", b"a\nb.zk", b"a\tb.zk", b"\x1b[1m.zk"])
def test_a_name_that_cannot_be_shown_is_refused(trees: Path, opened: Opened, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(trees) + b"/" + name)).write_text("/x")

    with pytest.raises(BadSource, match="in one line") as refused:
        opened(trees).read()
    assert str(refused.value).isprintable()


def test_more_files_than_any_fleet_has_are_refused(trees: Path, opened: Opened) -> None:
    for number in range(1000):
        (trees / f"{number}.zk").touch()
    assert len(opened(trees).read().files) == 1000
    (trees / "one-more.zkx").touch()

    with pytest.raises(BadSource, match="1001 tree files; at most 1000"):
        opened(trees).read()


def test_files_that_are_too_large_are_refused(trees: Path, opened: Opened) -> None:
    def grow(name: str, size: int) -> None:
        (trees / name).touch()
        os.truncate(trees / name, size)

    for number in range(4):
        grow(f"{number}.zk", 16 * MIB)
    assert len(opened(trees).read().files) == 4
    grow("more.zk", 1)
    with pytest.raises(BadSource, match="more than 64 MiB together"):
        opened(trees).read()
    grow("0.zk", 16 * MIB + 1)
    with pytest.raises(BadSource, match=r"0\.zk has more than 16 MiB"):
        opened(trees).read()
