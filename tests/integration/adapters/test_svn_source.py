"""Tree files from a real Subversion repository, whatever its properties and names are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.adapters.conftest import Host, Story, names_in

from zc.zkdeployment.adapters.sources import open_source
from zc.zkdeployment.errors import BadSource
from zc.zkdeployment.lab.packages import run
from zc.zkdeployment.lab.repositories import SubversionRepository
from zc.zkdeployment.publication.locations import parse_location
from zc.zkdeployment.publication.publisher_ports import Source
from zc.zkdeployment.tree.snapshot import Snapshot

Opened = Callable[..., Source]


class WorkingCopy:
    """A checkout, for what :class:`SubversionRepository` has no words for."""

    def __init__(self, url: str, path: Path) -> None:
        self.path = path
        run("svn", "checkout", "--quiet", url, str(path))

    def svn(self, *arguments: str) -> str:
        return run("svn", *arguments, cwd=self.path, env={"LC_ALL": "C.UTF-8"})

    def commit(self, message: str = "change") -> int:
        self.svn("add", "--force", "--quiet", ".")
        self.svn("commit", "--quiet", "--username", "zoë", "-m", message)
        self.svn("update", "--quiet")
        return int(self.svn("info", "--show-item", "revision"))


@pytest.fixture
def repository(tmp_path: Path) -> SubversionRepository:
    repository = SubversionRepository(tmp_path / "svn")
    repository.commit({"a.zk": "1", "b.zkx": "over", "README": "x", "stage/a.zk": "below"})
    return repository


@pytest.fixture
def copy(repository: SubversionRepository, tmp_path: Path) -> WorkingCopy:
    return WorkingCopy(repository.url, tmp_path / "copy")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def opened(host: Host, repository: SubversionRepository, work: Path, waits: list[float]) -> Opened:
    def opened(
        url: str = repository.url,
        ref: str | None = None,
        path: str = "",
        wait: Callable[[float], None] = waits.append,
    ) -> Source:
        location = parse_location(url, ref=ref, path=path)
        return open_source(location, host.commands, work, wait=wait)

    return opened


def files(snapshot: Snapshot) -> dict[str, bytes]:
    return {file.name: file.data for file in snapshot.files}


def with_program(host: Host, script: str) -> None:
    """Put a program called ``svn`` in front of the real one, which is ``$svn`` in it."""
    host.programs.mkdir()
    program = host.programs / "svn"
    program.write_text(f"#!/bin/sh\nsvn={shutil.which('svn')}\n{script}\n")
    program.chmod(0o755)


def test_the_tree_files_come_in_the_order_of_publication_with_who_changed_them(
    opened: Opened, repository: SubversionRepository, copy: WorkingCopy, work: Path
) -> None:
    for name in ("c.zk", "a.zkx", "b.zk"):
        (copy.path / name).write_text(name)
    revision = copy.commit("first line\n\nmore")
    source = opened()
    snapshot = source.read()

    assert [file.name for file in snapshot.files] == ["a.zk", "b.zk", "c.zk", "a.zkx", "b.zkx"]
    assert snapshot.version == source.newest() == revision
    assert snapshot.origin.source == repository.url
    assert snapshot.origin.commit == str(revision)
    assert (snapshot.origin.author, snapshot.origin.subject) == ("zoë", "first line")
    assert source.read() == snapshot
    assert names_in(work) == []
    assert work.stat().st_mode & 0o77 == 0


def test_the_version_is_the_last_revision_that_changed_the_directory(
    opened: Opened, repository: SubversionRepository
) -> None:
    stage = repository.commit({"stage/a.zk": "stage 2"})
    trunk = repository.commit({"a.zk": "2"})
    repository.branch("branch")

    assert opened().newest() == trunk
    assert opened(path="stage").newest() == stage
    assert files(opened(path="stage").read()) == {"a.zk": b"stage 2"}
    assert opened(path="stage").read().origin.source == f"{repository.url}/stage"


def test_a_revision_can_be_asked_for(opened: Opened, repository: SubversionRepository) -> None:
    revision = repository.commit({"a.zk": "2"})
    repository.commit({"a.zk": "3", "stage/a.zk": None})

    for source in (opened(ref=str(revision)), opened(f"{repository.url}@{revision}")):
        assert source.newest() == revision
        snapshot = source.read()
        assert files(snapshot)["a.zk"] == b"2"
        assert snapshot.version == revision
        assert snapshot.origin.source == f"{repository.url}@{revision}"
    assert files(opened(path="stage", ref=str(revision)).read()) == {"a.zk": b"below"}


def test_a_directory_that_was_copied_with_the_one_above_it_is_read(
    opened: Opened, repository: SubversionRepository
) -> None:
    """Its last change is older than its URL."""
    repository.commit({"c.zk": "c"})
    source = opened(repository.branch("branch"), path="stage")
    snapshot = source.read()

    assert files(snapshot) == {"a.zk": b"below"}
    assert snapshot.version == source.newest() == 2
    assert snapshot.origin.subject == "change"


def test_a_commit_while_it_is_read_is_not_mixed_in(
    opened: Opened, host: Host, copy: WorkingCopy
) -> None:
    with_program(
        host,
        '$svn "$@" || exit\n[ "$1 $3" = "info --xml" ] || exit 0\ncd '
        f"{copy.path} && echo 2 > a.zk && echo x > x.zk && $svn add --quiet x.zk"
        " && $svn commit --quiet -m 2",
    )
    snapshot = opened().read()

    assert (snapshot.version, files(snapshot)) == (2, {"a.zk": b"1", "b.zkx": b"over"})
    (host.programs / "svn").unlink()
    assert opened().read().version == 3


def test_names_and_contents_are_as_they_were_committed(opened: Opened, copy: WorkingCopy) -> None:
    contents = {
        "--xml.zk": b"",
        "-f.zk": b"\0\xff\r\n\r",
        "a b.zk": "ü".encode("latin-1"),
        "user@host@1.zk": b"@",
        "ünï*?%20.zk": b"$Id$ $Rev$\n",
        "a\\\"'$(id).zk": b"quotes",
    }
    copy.svn("delete", "--quiet", "a.zk", "b.zkx")
    for name, data in contents.items():
        (copy.path / name).write_bytes(data)
    copy.svn("add", "--force", "--quiet", ".")
    copy.svn("propset", "--quiet", "svn:keywords", "Id Rev", "ünï*?%20.zk")
    copy.svn("propset", "--quiet", "svn:executable", "yes", "./-f.zk")
    copy.commit()

    snapshot = opened().read()
    assert files(snapshot) == contents
    assert [file.name for file in snapshot.files] == sorted(contents)


def test_a_directory_may_be_called_anything(opened: Opened, copy: WorkingCopy) -> None:
    for path in ("user@host@1", "a b", "ünï%20#?"):
        (copy.path / path).mkdir()
        (copy.path / path / "x.zk").write_text(path)
    copy.commit()

    for path in ("user@host@1", "a b", "ünï%20#?"):
        assert files(opened(path=path).read()) == {"x.zk": path.encode()}
        assert opened(path=path).newest() == 3


def test_a_link_is_not_followed(opened: Opened, copy: WorkingCopy) -> None:
    (copy.path / "x.zk").symlink_to("/etc/passwd")
    copy.commit()

    with pytest.raises(BadSource, match=r"x\.zk is no regular file") as refused:
        opened().read()
    assert "root:" not in str(refused.value)


def test_a_directory_with_the_name_of_a_tree_file_is_refused(
    opened: Opened, repository: SubversionRepository
) -> None:
    repository.commit({"x.zk/y": "z"})
    with pytest.raises(BadSource, match=r"x\.zk is no regular file"):
        opened().read()


def test_externals_are_left_out(
    opened: Opened, repository: SubversionRepository, copy: WorkingCopy
) -> None:
    externals = f"{repository.url}/stage/a.zk e.zk\n{repository.url}/stage stage-again"
    copy.svn("propset", "--quiet", "svn:externals", externals, ".")
    copy.commit()

    assert set(files(opened().read())) == {"a.zk", "b.zkx"}


def test_too_many_and_too_large_files_are_refused(opened: Opened, copy: WorkingCopy) -> None:
    (copy.path / "many").mkdir()
    for number in range(1001):
        (copy.path / f"many/{number}.zk").touch()
    (copy.path / "large.zk").touch()
    os.truncate(copy.path / "large.zk", 16 * 1024 * 1024 + 1)
    copy.commit()

    with pytest.raises(BadSource, match="1001 tree files; at most 1000"):
        opened(path="many").read()
    with pytest.raises(BadSource, match=r"large\.zk has more than 16 MiB"):
        opened().read()


def test_a_directory_without_tree_files_is_a_mistake_and_no_empty_tree(
    opened: Opened, repository: SubversionRepository
) -> None:
    repository.commit({"empty/README": "x"})
    with pytest.raises(BadSource, match=r"there is no \*\.zk or \*\.zkx file"):
        opened(path="empty").read()


def test_the_url_of_a_file_is_refused(opened: Opened, repository: SubversionRepository) -> None:
    with pytest.raises(BadSource, match="expected the URL of one"):
        opened(f"{repository.url}/a.zk").read()


@pytest.mark.parametrize(
    ("message", "subject"), [("", None), ("x" * 300_000, "x" * 200)], ids=["empty", "long"]
)
def test_a_message_that_says_nothing_or_too_much_is_no_obstacle(
    opened: Opened, copy: WorkingCopy, tmp_path: Path, message: str, subject: str | None
) -> None:
    (copy.path / "a.zk").write_text("2")
    (tmp_path / "message").write_text(message)
    copy.svn("commit", "--quiet", "-F", str(tmp_path / "message"))

    snapshot = opened().read()
    assert (snapshot.version, snapshot.origin.subject) == (3, subject)


def test_an_author_need_not_be_known(
    opened: Opened, repository: SubversionRepository, tmp_path: Path
) -> None:
    hook = tmp_path / "svn/repository/hooks/pre-revprop-change"
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o755)
    for name in ("svn:author", "svn:log"):
        run("svn", "propdel", "--quiet", "--revprop", "-r", "2", name, repository.url)

    snapshot = opened().read()
    assert (snapshot.origin.author, snapshot.origin.subject) == (None, None)


def test_who_changed_what_is_fit_to_be_shown(opened: Opened, copy: WorkingCopy) -> None:
    (copy.path / "a.zk").write_text("2")
    copy.commit("<a>&\u202eb" + "x" * 300)
    subject = opened().read().origin.subject

    assert subject is not None
    assert subject.startswith("<a>&\\u202ebxxx")
    assert len(subject) == 200


def test_a_repository_that_is_gone_for_a_moment_is_tried_again(
    opened: Opened, tmp_path: Path, waits: list[float]
) -> None:
    here, gone = tmp_path / "svn/repository", tmp_path / "svn/gone"

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            gone.rename(here)

    here.rename(gone)
    assert files(opened(wait=wait).read())["a.zk"] == b"1"
    assert waits == [3, 3]


def test_a_repository_that_is_gone_is_named_with_what_svn_said(
    opened: Opened, repository: SubversionRepository, tmp_path: Path, waits: list[float]
) -> None:
    source = opened()
    shutil.rmtree(tmp_path / "svn/repository")

    for method in (source.newest, source.read):
        with pytest.raises(BadSource) as refused:
            method()
        assert str(refused.value).startswith(f"{repository.url}: cannot be read")
        assert "E180001" in str(refused.value)
    assert waits == [3, 3] * 2


@pytest.mark.parametrize(("path", "ref"), [("missing", "HEAD"), ("", "1000"), ("stage", "1")])
def test_a_directory_or_revision_that_is_not_there_is_named(
    opened: Opened, path: str, ref: str
) -> None:
    for method in (opened(path=path, ref=ref).newest, opened(path=path, ref=ref).read):
        with pytest.raises(BadSource, match=r"svn: E\d+: .*; is it there"):
            method()


def test_a_warning_in_front_of_an_answer_does_no_harm(opened: Opened, host: Host) -> None:
    with_program(host, 'echo "svn: warning: cannot set 3" >&2\nexec $svn "$@"')

    assert opened().newest() == opened().read().version == 2


@pytest.mark.parametrize("answer", ["", "nonsense", "<?xml version='1.0'?><info/>", "<?xml"])
def test_an_answer_that_makes_no_sense_is_no_version(
    opened: Opened, host: Host, answer: str
) -> None:
    with_program(host, f'echo "{answer}"')

    for method in (opened().newest, opened().read):
        with pytest.raises(BadSource, match="svn told no"):
            method()


def test_a_working_directory_that_cannot_be_made_is_named(opened: Opened, work: Path) -> None:
    work.write_text("a file")
    with pytest.raises(BadSource, match=str(work)):
        opened().read()


def test_nobody_is_asked_for_a_password(
    opened: Opened, repository: SubversionRepository, story: Story
) -> None:
    opened().read()
    commands = [line for line in story() if line.startswith("INFO svn ")]

    assert len(commands) == 3
    assert all(" --non-interactive " in command for command in commands)
