"""The source that is a directory of a git repository.

All of the repository is kept (:mod:`~zc.zkdeployment.adapters.git_copy`), and the
files are taken out of it as the bytes that were committed.
"""

from __future__ import annotations

import re
from pathlib import Path

from zc.zkdeployment.adapters.git_copy import GitCopy
from zc.zkdeployment.adapters.source_files import (
    Wait,
    check_size,
    choose,
    gather,
    not_regular,
    remark,
    retried,
)
from zc.zkdeployment.errors import BadSource
from zc.zkdeployment.host.host_ports import Commands
from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.locations import HEAD, Location
from zc.zkdeployment.tree.origin import Origin
from zc.zkdeployment.tree.snapshot import Snapshot

_REGULAR = "100"  # what the mode of a regular file starts with

_commit_id = re.compile(r"[0-9a-f]{4,64}").fullmatch
_author = re.compile(r"^author:(.*)$", re.M).search
_subject = re.compile(r"^subject:(.*)$", re.M).search


class GitSource:
    """Reads the tree files of a directory as of a branch, a tag or a commit."""

    def __init__(self, location: Location, commands: Commands, work: Path, wait: Wait) -> None:
        self._name = str(location)
        self._ref = location.ref or HEAD
        self._path = location.path
        self._copy = GitCopy(_absolute(location.url), commands, work)
        self._wait = wait

    def newest(self) -> Version:
        """Return the commit that the branch or tag is at now; only names are transferred.

        Raises :exc:`~zc.zkdeployment.errors.BadSource`.
        """
        return retried(self._target, self._name, self._wait)

    def read(self) -> Snapshot:
        """Return the tree files of the newest commit.

        Raises :exc:`~zc.zkdeployment.errors.BadSource`.
        """
        return retried(self._read, self._name, self._wait)

    def _target(self) -> str:
        listed = self._copy.list_remote(_names(self._ref))
        for name in _names(self._ref):
            if name in listed:
                return listed[name]
        commits = self._commits() if _commit_id(self._ref) else []
        if len(commits) > 1:
            raise BadSource(f"{self._name}: {self._ref!r} begins the ids of several commits")
        if not commits:
            raise BadSource(
                f"{self._name}: there is no branch, tag or commit {self._ref!r};"
                " was it pushed, and is it spelled so?"
            )
        return commits[0]

    def _commits(self) -> list[str]:
        found = self._copy.objects(self._ref)
        if not found:
            self._copy.fetch()
            found = self._copy.objects(self._ref)
        return [each for each in found if self._copy.kind(each) == "commit"]

    def _read(self) -> Snapshot:
        commit = self._target()
        if not self._copy.objects(commit):
            self._copy.fetch()
            if not self._copy.objects(commit):
                raise BadSource(f"{self._name}: was rewritten while it was read; try again")
        if self._copy.kind(commit) != "commit":
            raise BadSource(
                f"{self._name}: {self._ref!r} is the tag of something else than a commit"
            )
        directory = self._copy.directory(commit, self._path)
        if directory is None:
            raise BadSource(f"{self._name}: there is no directory {self._path!r} in {commit}")
        entries = self._copy.entries(directory)
        names = choose(entries, self._name)
        for name in names:
            if not entries[name].mode.startswith(_REGULAR):
                raise not_regular(self._name, name)
        files = gather(names, self._name, lambda name: self._contents(name, entries[name].id))
        return Snapshot(commit, files, self._origin(commit))

    def _contents(self, name: str, blob: str) -> bytes:
        check_size(self._copy.size(blob), self._name, name)  # before the disk is full
        return self._copy.contents(blob)

    def _origin(self, commit: str) -> Origin:
        text = self._copy.describe(commit, "author:%an%nsubject:%s")
        author, subject = _author(text), _subject(text)
        return Origin(
            self._name,
            commit,
            remark(author and author[1]),
            remark(subject and subject[1]),
        )


def _names(ref: str) -> list[str]:
    """Return what ``ref`` may be called in a repository, the first choice first.

    What an annotated tag is of comes before the tag itself.
    """
    if ref == HEAD:
        return [HEAD]
    return [f"refs/heads/{ref}", f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}"]


def _absolute(url: str) -> str:
    """Return the URL; a path, which has no colon before its first slash, as an absolute one."""
    return url if ":" in url.partition("/")[0] else str(Path(url).absolute())
