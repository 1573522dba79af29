"""Tree files from a real git repository, whatever its attributes, names and history are."""

from __future__ import annotations

import hashlib
import itertools
import logging
import os
import shutil
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.adapters.conftest import Host, names_in

from zc.zkdeployment.adapters.commands import Commands
from zc.zkdeployment.adapters.sources import open_source
from zc.zkdeployment.errors import BadSource
from zc.zkdeployment.lab.packages import run
from zc.zkdeployment.lab.repositories import GitRepository
from zc.zkdeployment.publication.locations import parse_location
from zc.zkdeployment.publication.publisher_ports import Source
from zc.zkdeployment.tree.snapshot import Snapshot

COPY = "zkdeployment-source.git"

Opened = Callable[..., Source]


class Clone:
    """A work tree of a repository, for what :class:`GitRepository` has no words for."""

    def __init__(self, url: str, path: Path) -> None:
        self.path = path
        run("git", "clone", "--quiet", url, str(path))
        for name, value in (("user.name", "Zoë"), ("user.email", "zoe@localhost")):
            self.git("config", name, value)

    def git(self, *arguments: str) -> str:
        return run("git", *arguments, cwd=self.path, env={"GIT_CONFIG_GLOBAL": os.devnull})

    def push(self, message: str = "change") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        self.git("push", "--quiet", "origin", "HEAD")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    repository = GitRepository(tmp_path / "git")
    repository.commit({"a.zk": "main 1", "b.zkx": "over", "README": "x", "stage/a.zk": "below"})
    return repository


@pytest.fixture
def clone(repository: GitRepository, tmp_path: Path) -> Clone:
    return Clone(repository.url, tmp_path / "clone")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def opened(host: Host, repository: GitRepository, work: Path, waits: list[float]) -> Opened:
    def opened(
        ref: str | None = None,
        path: str = "",
        url: str = repository.url,
        commands: Commands = host.commands,
        wait: Callable[[float], None] = waits.append,
    ) -> Source:
        location = parse_location(f"git://{url}", ref=ref, path=path)
        return open_source(location, commands, work, wait=wait)

    return opened


def files(snapshot: Snapshot) -> dict[str, bytes]:
    return {file.name: file.data for file in snapshot.files}


def test_the_tree_files_of_the_default_branch_come_in_the_order_of_publication(
    opened: Opened, repository: GitRepository, work: Path
) -> None:
    commit = repository.commit({"c.zk": "c", "a.zkx": "over a", "b.zk": "b"})
    source = opened()
    snapshot = source.read()

    assert [file.name for file in snapshot.files] == ["a.zk", "b.zk", "c.zk", "a.zkx", "b.zkx"]
    assert files(snapshot)["a.zk"] == b"main 1"
    assert snapshot.version == source.newest() == commit
    assert snapshot.origin.source == f"git://{repository.url}#HEAD"
    assert (snapshot.origin.commit, snapshot.origin.author) == (commit, "lab")
    assert snapshot.origin.subject == "change"
    assert names_in(work) == [COPY]
    assert work.stat().st_mode & 0o77 == 0


def test_the_default_branch_need_not_be_called_main(
    opened: Opened, repository: GitRepository
) -> None:
    commit = repository.commit({"a.zk": "trunk"}, "trunk")
    run("git", "symbolic-ref", "HEAD", "refs/heads/trunk", cwd=Path(repository.url))

    assert opened().read().version == commit


def test_a_head_that_is_at_no_branch_is_read(opened: Opened, clone: Clone) -> None:
    clone.git("checkout", "--quiet", "--detach")
    clone.git("commit", "--quiet", "--allow-empty", "-m", "on no branch")
    snapshot = opened(url=str(clone.path)).read()

    assert snapshot.version == clone.git("rev-parse", "HEAD")
    assert snapshot.origin.subject == "on no branch"


def test_a_branch_is_followed_also_where_its_history_is_rewritten(
    opened: Opened, repository: GitRepository
) -> None:
    source = opened("main")
    first = source.read()
    assert source.read() == first
    repository.commit({"a.zk": "main 2"})
    assert files(source.read())["a.zk"] == b"main 2"
    rewritten = repository.commit({"a.zk": "rewritten"}, amend=True)

    assert source.newest() == rewritten
    assert files(source.read())["a.zk"] == b"rewritten"


def test_a_branch_may_take_the_place_of_branches(
    opened: Opened, repository: GitRepository
) -> None:
    repository.commit({"a.zk": "x/y"}, "x/y")
    assert files(opened("x/y").read())["a.zk"] == b"x/y"
    repository.commit({"a.zk": "main 2"})
    repository.delete_branch("x/y")
    repository.commit({"a.zk": "x"}, "x")

    assert files(opened("x").read())["a.zk"] == b"x"


def test_a_tag_is_followed_when_it_is_moved(opened: Opened, repository: GitRepository) -> None:
    repository.tag("v1")
    source = opened("v1")
    assert files(source.read())["a.zk"] == b"main 1"
    commit = repository.commit({"a.zk": "main 2"})
    repository.tag("v1")

    assert source.newest() == commit
    assert files(source.read())["a.zk"] == b"main 2"


def test_the_version_of_an_annotated_tag_is_its_commit(
    opened: Opened, repository: GitRepository, clone: Clone
) -> None:
    commit = clone.push()
    clone.git("tag", "-a", "v1", "-m", "release")
    clone.git("tag", "-a", "v1-again", "-m", "release", "v1")
    clone.git("push", "--quiet", "origin", "v1", "v1-again")

    for tag in ("v1", "v1-again"):
        assert opened(tag).newest() == opened(tag).read().version == commit


def test_a_tag_of_something_else_is_refused(opened: Opened, clone: Clone) -> None:
    clone.git("tag", "file", "HEAD:a.zk")
    clone.git("push", "--quiet", "origin", "file")

    with pytest.raises(BadSource, match="'file' is the tag of something else than a commit"):
        opened("file").read()


def test_a_branch_comes_before_a_tag_before_a_commit(
    opened: Opened, repository: GitRepository, clone: Clone
) -> None:
    first = clone.git("rev-parse", "HEAD")
    second = clone.push()
    clone.git("push", "--quiet", "origin", f"{second}:refs/tags/{first[:8]}")
    assert opened(first[:8]).newest() == second
    third = clone.push()
    clone.git("push", "--quiet", "origin", f"{third}:refs/heads/{first[:8]}")
    assert opened(first[:8]).newest() == third
    assert opened(first[:9]).newest() == first


def test_a_commit_stays_what_it_is(opened: Opened, repository: GitRepository) -> None:
    commit = repository.commit({"a.zk": "main 2"})
    repository.commit({"a.zk": "main 3"})

    for ref in (commit, commit[:10]):
        assert opened(ref).newest() == commit
        assert files(opened(ref).read())["a.zk"] == b"main 2"


@pytest.mark.parametrize("ref", ["missing", "0123456789abcdef", "a.zk"])
def test_a_ref_that_is_not_there_is_named_at_once(
    opened: Opened, waits: list[float], ref: str
) -> None:
    for method in (opened(ref).newest, opened(ref).read):
        with pytest.raises(BadSource, match=f"no branch, tag or commit '{ref}'"):
            method()
    assert waits == []


def test_an_id_of_a_file_is_no_commit(opened: Opened, clone: Clone) -> None:
    blob = clone.git("rev-parse", "HEAD:a.zk")
    with pytest.raises(BadSource, match="no branch, tag or commit"):
        opened(blob).newest()


def test_an_id_that_is_cut_too_short_is_refused(opened: Opened, clone: Clone) -> None:
    tree = clone.git("rev-parse", "HEAD^{tree}")
    who = f"tree {tree}\nauthor a <a> 0 +0000\ncommitter a <a> 0 +0000"
    commits: dict[str, bytes] = {}
    for number in itertools.count():
        commit = f"{who}\n\n{number}\n".encode()
        start = hashlib.sha1(b"commit %d\0%s" % (len(commit), commit)).hexdigest()[:4]
        if start in commits:
            break
        commits[start] = commit
    for branch, text in (("one", commits[start]), ("other", commit)):
        (clone.path / branch).write_bytes(text)
        made = clone.git("hash-object", "-t", "commit", "-w", branch)
        clone.git("push", "--quiet", "origin", f"{made}:refs/heads/{branch}")

    with pytest.raises(BadSource, match="begins the ids of several commits"):
        opened(start).newest()


def test_a_branch_that_is_deleted_is_not_read_from_memory(
    opened: Opened, repository: GitRepository
) -> None:
    repository.commit({"a.zk": "stage"}, "stage")
    source = opened("stage")
    source.read()
    repository.commit({"a.zk": "main 2"})
    repository.delete_branch("stage")

    with pytest.raises(BadSource, match="no branch, tag or commit 'stage'"):
        source.read()


def test_an_empty_repository_is_told_from_one_that_is_gone(opened: Opened, tmp_path: Path) -> None:
    run("git", "init", "--quiet", "--bare", str(tmp_path / "empty.git"))
    with pytest.raises(BadSource, match="no branch, tag or commit 'HEAD'"):
        opened(url=str(tmp_path / "empty.git")).read()


def test_only_the_directory_that_is_asked_for_is_read(
    opened: Opened, repository: GitRepository
) -> None:
    repository.commit({"a/b c/ü.zk": "deep", "a/b c/d/x.zk": "deeper", ":(top)/x.zk": "magic"})
    snapshot = opened("main", "a/b c").read()

    assert files(snapshot) == {"ü.zk": b"deep"}
    assert snapshot.origin.source == f"git://{repository.url}#main:a/b c"
    assert files(opened(None, ":(top)").read()) == {"x.zk": b"magic"}
    for path in ("missing", "a.zk", "a/*", "stage/a.zk"):
        with pytest.raises(BadSource, match="there is no directory"):
            opened("main", path).read()
    with pytest.raises(BadSource, match=r"there is no \*\.zk"):
        opened("main", "a").read()


def test_a_link_is_not_followed(opened: Opened, clone: Clone) -> None:
    (clone.path / "inside").symlink_to("stage")
    (clone.path / "x.zk").symlink_to("/etc/passwd")
    clone.push()

    with pytest.raises(BadSource, match=r"x\.zk is no regular file") as refused:
        opened().read()
    assert "root:" not in str(refused.value)
    with pytest.raises(BadSource, match="there is no directory 'inside'"):
        opened(None, "inside").read()


def test_a_directory_with_the_name_of_a_tree_file_is_refused(
    opened: Opened, repository: GitRepository
) -> None:
    repository.commit({"x.zk/y": "z"})
    with pytest.raises(BadSource, match=r"x\.zk is no regular file"):
        opened().read()


def test_attributes_and_filters_change_nothing(
    opened: Opened, clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sprung = tmp_path / "sprung"
    configuration = tmp_path / "gitconfig"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    (clone.path / "a.zk").write_text("$Id$ $Format:%H$\n")
    (clone.path / "utf-16.zk").write_text("/x\n")
    clone.push()
    (clone.path / ".gitattributes").write_text(
        "*.zk export-ignore export-subst ident text eol=crlf filter=trap\n"
        "utf-16.zk working-tree-encoding=UTF-16\n"
    )
    clone.git("add", ".gitattributes")
    clone.git("commit", "--quiet", "-m", "attributes")
    clone.git("push", "--quiet", "origin", "HEAD")
    run("git", "config", "--global", "filter.trap.smudge", f"touch {sprung}; cat")
    run("git", "config", "--global", "core.autocrlf", "true")

    assert files(opened().read()) == {
        "a.zk": b"$Id$ $Format:%H$\n",
        "b.zkx": b"over",
        "utf-16.zk": b"/x\n",
    }
    assert not sprung.exists()


def test_names_and_contents_are_as_they_were_committed(opened: Opened, clone: Clone) -> None:
    contents = {
        "--output=x.zk": b"",
        "-f.zk": b"\0\xff\r\n\r",
        "a b.zk": "ü".encode("latin-1"),
        "user@host@1.zk": b"@",
        "ünï*?.zk": b"no newline",
        "a\\\"'$(id).zk": b"quotes",
        ":(top)x.zk": b"magic",
        "executable.zk": b"#!",
    }
    clone.git("rm", "--quiet", "a.zk", "b.zkx")
    for name, data in contents.items():
        (clone.path / name).write_bytes(data)
    (clone.path / "executable.zk").chmod(0o755)
    clone.push()

    snapshot = opened().read()
    assert files(snapshot) == contents
    assert [file.name for file in snapshot.files] == sorted(contents)


@pytest.mark.parametrize("name", [b"\xff.zk", b"a\nb.zk"])
def test_a_name_that_cannot_be_shown_is_refused(opened: Opened, clone: Clone, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(clone.path) + b"/" + name)).write_text("/x")
    clone.push()

    with pytest.raises(BadSource, match="in one line"):
        opened().read()


def test_too_many_and_too_large_files_are_refused(opened: Opened, clone: Clone) -> None:
    (clone.path / "many").mkdir()
    for number in range(1001):
        (clone.path / f"many/{number}-{'long' * 40}.zk").touch()
    (clone.path / "large.zk").touch()
    os.truncate(clone.path / "large.zk", 16 * 1024 * 1024 + 1)
    clone.push()

    with pytest.raises(BadSource, match="1001 tree files; at most 1000"):
        opened(None, "many").read()
    with pytest.raises(BadSource, match=r"large\.zk has more than 16 MiB"):
        opened().read()


def test_who_changed_what_is_fit_to_be_shown(opened: Opened, clone: Clone) -> None:
    clone.git("config", "user.name", "Zoë \x1b[1m" + "x" * 300)
    clone.push("subject: first\u202e line\n\nauthor: body")
    origin = opened().read().origin

    assert origin.author is not None
    assert origin.author.startswith("Zoë \\x1b[1mxxx")
    assert len(origin.author) == 200
    assert origin.subject == "subject: first\\u202e line"
    clone.git("commit", "--quiet", "--allow-empty", "--allow-empty-message", "-m", "")
    clone.git("push", "--quiet")
    assert opened().read().origin.subject is None


def test_a_repository_that_is_gone_for_a_moment_is_tried_again(
    opened: Opened, repository: GitRepository, waits: list[float]
) -> None:
    here, gone = Path(repository.url), Path(f"{repository.url}.gone")

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            gone.rename(here)

    here.rename(gone)
    assert files(opened(wait=wait).read())["a.zk"] == b"main 1"
    assert waits == [3, 3]


def test_a_repository_that_is_gone_is_named_with_what_git_said(
    opened: Opened, repository: GitRepository, waits: list[float]
) -> None:
    source = opened("main")
    source.read()
    shutil.rmtree(repository.url)

    with pytest.raises(BadSource) as refused:
        source.read()
    assert str(refused.value).startswith(f"git://{repository.url}#main: cannot be read")
    assert f"'{repository.url}' does not appear to be a git repository" in str(refused.value)
    assert waits == [3, 3]


def test_git_that_is_not_installed_is_named(opened: Opened, tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"git ls-remote .*cannot be started"):
        opened(commands=Commands(environment={"PATH": str(tmp_path)})).read()


def cut_off(copy: Path) -> None:
    """As a fetch leaves it that is killed."""
    (copy / "zkdeployment-complete").unlink()
    (copy / "packed-refs.lock").touch()
    for pack in (copy / "objects/pack").iterdir():
        pack.unlink()


def without_objects(copy: Path) -> None:
    shutil.rmtree(copy / "objects")


def without_head(copy: Path) -> None:
    (copy / "HEAD").unlink()


def as_file(copy: Path) -> None:
    shutil.rmtree(copy)
    copy.write_text("no repository")


def as_dangling_link(copy: Path) -> None:
    shutil.rmtree(copy)
    copy.symlink_to("nowhere")


def with_binary_mark(copy: Path) -> None:
    (copy / "zkdeployment-complete").write_bytes(b"\xff")


@pytest.mark.parametrize(
    "damage",
    [cut_off, without_objects, without_head, as_file, as_dangling_link, with_binary_mark],
)
def test_a_copy_that_is_broken_is_made_anew(
    opened: Opened, repository: GitRepository, work: Path, damage: Callable[[Path], None]
) -> None:
    before = opened().read()
    damage(work / COPY)

    assert opened().read() == before
    repository.commit({"a.zk": "main 2"})
    assert files(opened().read())["a.zk"] == b"main 2"


def with_program(host: Host, script: str) -> None:
    """Put a program called ``git`` in front of the real one, which is ``$git`` in it."""
    host.programs.mkdir()
    program = host.programs / "git"
    program.write_text(f"#!/bin/sh\ngit={shutil.which('git')}\n{script}\n")
    program.chmod(0o755)


def test_a_fetch_that_is_killed_is_made_up_for(opened: Opened, host: Host, work: Path) -> None:
    with_program(
        host,
        '[ "$1" = fetch ] || exec $git "$@"\ntouch "$GIT_DIR/shallow.lock"\nkill -9 $$',
    )
    with pytest.raises(BadSource, match="killed by signal 9"):
        opened().read()
    assert (work / COPY / "shallow.lock").exists()
    (host.programs / "git").unlink()

    assert files(opened().read())["a.zk"] == b"main 1"


def test_a_branch_that_is_rewritten_while_it_is_read_is_no_mixture(
    opened: Opened, host: Host, clone: Clone
) -> None:
    with_program(
        host,
        '$git "$@" || exit\n[ "$1" = ls-remote ] || exit 0\n'
        f"unset GIT_DIR GIT_OBJECT_DIRECTORY; cd {clone.path} &&"
        " $git commit --quiet --amend -m again && $git push --quiet --force origin HEAD",
    )
    with pytest.raises(BadSource, match="was rewritten while it was read; try again"):
        opened().read()


def test_the_copy_of_another_repository_is_replaced(
    opened: Opened, repository: GitRepository, tmp_path: Path, work: Path
) -> None:
    opened().read()
    other = GitRepository(tmp_path / "other")
    other.commit({"other.zk": "other"})

    assert files(opened(url=other.url).read()) == {"other.zk": b"other"}
    kept = run("git", "for-each-ref", "--format=%(refname)", cwd=work / COPY)
    assert kept.split() == ["refs/copied/HEAD", "refs/copied/heads/main"]
    commit = run("git", "rev-parse", "main", cwd=Path(repository.url))
    with pytest.raises(BadSource, match="no branch, tag or commit"):
        opened(commit, url=other.url).read()


def test_a_repository_may_change_its_format(
    opened: Opened, repository: GitRepository, tmp_path: Path
) -> None:
    opened().read()
    shutil.rmtree(repository.url)
    long = ["-b", "main", "--object-format=sha256"]
    run("git", "init", "--quiet", "--bare", *long, repository.url)
    clone = Clone(repository.url, tmp_path / "sha256")
    shutil.rmtree(clone.path / ".git")
    clone.git("init", "--quiet", *long)
    clone.git("remote", "add", "origin", repository.url)
    clone.git("config", "user.name", "lab")
    clone.git("config", "user.email", "lab@localhost")
    (clone.path / "a.zk").write_text("long ids")
    commit = clone.push()

    assert len(commit) == 64
    assert opened().read().version == commit
    assert files(opened(commit[:12]).read()) == {"a.zk": b"long ids"}


def test_the_environment_of_a_hook_leads_nowhere_else(
    opened: Opened, clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook of a repository is a likely place to publish from."""
    commit = clone.git("rev-parse", "HEAD")
    before = clone.git("for-each-ref")
    monkeypatch.setenv("GIT_DIR", str(clone.path / ".git"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(clone.path / ".git/objects"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(clone.path / ".git/index"))
    snapshot = opened().read()
    monkeypatch.setenv("GIT_WORK_TREE", str(clone.path))
    assert opened().read() == snapshot
    monkeypatch.undo()

    assert snapshot.version == commit
    assert clone.git("for-each-ref") == before
    assert clone.git("status", "--short") == ""


def test_a_relative_repository_is_found(
    opened: Opened, repository: GitRepository, tmp_path: Path
) -> None:
    relative = os.path.relpath(repository.url)
    assert files(opened(url=relative).read())["a.zk"] == b"main 1"
    assert files(opened(url=f"file://{repository.url}").read())["a.zk"] == b"main 1"


def test_a_working_directory_that_cannot_be_made_is_named(
    opened: Opened, work: Path, waits: list[float]
) -> None:
    work.write_text("a file")
    with pytest.raises(BadSource, match=str(work)):
        opened().read()
    assert waits == []


def test_a_password_is_neither_recorded_nor_shown(
    host: Host,
    work: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    waits: list[float],
) -> None:
    caplog.set_level(logging.DEBUG)
    location = parse_location("https://me:secret@localhost:1/x.git#0123abcd")
    source = open_source(location, host.commands, work, wait=waits.append)

    with pytest.raises(BadSource, match=r"^git://https://localhost:1/x\.git#0123abcd") as refused:
        source.read()
    for text in (
        "".join(traceback.format_exception(refused.value)),
        capsys.readouterr().out,
        caplog.text,
        repr(source),
    ):
        assert "secret" not in text


def test_nothing_that_is_kept_holds_a_password(
    opened: Opened, repository: GitRepository, work: Path, host: Host
) -> None:
    """The setting that people use to have a URL stand for another makes one reachable."""
    url = f"https://me:secret@localhost:1{repository.url}"
    commands = Commands(environment={"GIT_CONFIG_GLOBAL": str(work.with_name("gitconfig"))})
    work.with_name("gitconfig").write_text(
        f'[url "{repository.url}"]\n\tinsteadOf = {url}\n[safe]\n\tdirectory = *\n'
    )
    snapshot = opened(url=url, commands=commands).read()

    assert files(snapshot)["a.zk"] == b"main 1"
    assert snapshot.origin.source == f"git://https://localhost:1{repository.url}#HEAD"
    kept = [path for path in work.rglob("*") if path.is_file()]
    assert kept
    assert not any(b"secret" in path.read_bytes() for path in kept)
