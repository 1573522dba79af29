"""A copy of a git repository, bare, for looking at what it holds.

The copy has a mark while it is as a ``git fetch`` left it that succeeded. Without
it, as when that was killed, or if a command fails on it, it is made anew.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from zc.zkdeployment.adapters import durable
from zc.zkdeployment.adapters.git_environment import environment
from zc.zkdeployment.adapters.source_files import LARGEST
from zc.zkdeployment.errors import BadSource, CommandFailed
from zc.zkdeployment.host.host_ports import Commands
from zc.zkdeployment.publication.locations import HEAD, shown
from zc.zkdeployment.regular_files import read_regular

# The URL, which may hold a password, is a setting in the environment: others can see
# command lines, and they are logged.
_REMOTE = "zkdeployment"
_REFSPECS = [f"+refs/{what}/*:refs/copied/{what}/*" for what in ("heads", "tags")]
_HEAD_REFSPEC = f"+{HEAD}:refs/copied/{HEAD}"

_LONGEST_LISTING = 64 * 1024 * 1024  # bytes of what git tells of a directory

_DIRECTORY = "zkdeployment-source.git"
_MARK = "zkdeployment-complete"

_id = r"(?:[0-9a-f]{64}|[0-9a-f]{40})"
_listed = re.compile(rf"^({_id})\t(\S+)$", re.M).findall
_ids = re.compile(rf"^{_id}$", re.M).findall
_tree = re.compile(rf"^040000 tree ({_id})\t", re.M).search
_is_number = re.compile(r"[0-9]{1,18}").fullmatch


@dataclass(frozen=True, slots=True)
class Entry:
    """What a directory holds under a name: the mode as git writes it, and what object."""

    mode: str
    id: str


class GitCopy:
    """A copy in ``work`` of the repository at ``url``.

    What is said to be listed is asked of that repository, all else of the copy. Each
    method raises :exc:`~zc.zkdeployment.errors.CommandFailed` and ``OSError``, and
    :exc:`~zc.zkdeployment.errors.BadSource` for what is too large.
    """

    def __init__(self, url: str, commands: Commands, work: Path) -> None:
        self._commands = commands
        self._work = work
        self._directory = work / _DIRECTORY
        self._mark = self._directory / _MARK
        self._shown = shown(url)
        self._format = "sha1"
        self._refspecs = _REFSPECS
        self._environment = environment({f"remote.{_REMOTE}.url": url}) | {
            # Whoever starts this may be a hook of another repository, with its environment.
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
            "GIT_CEILING_DIRECTORIES": str(work.absolute().parent),
            "GIT_DIR": str(self._directory.absolute()),
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_NAMESPACE": "",
            "GIT_OBJECT_DIRECTORY": str(self._directory.absolute() / "objects"),
        }

    def list_remote(self, names: Iterable[str]) -> dict[str, str]:
        """Return the objects that the repository has under ``names``, by name."""
        # HEAD is asked for to learn how long the repository's ids are.
        # A copy that is broken must not be in the way: it is asked without one.
        nowhere = str(self._directory.absolute().with_suffix(".none"))
        output = self._git("ls-remote", _REMOTE, *sorted({HEAD, *names}), GIT_DIR=nowhere)
        listed = {name: each for each, name in _listed(output)}
        self._format = "sha256" if any(len(each) == 64 for each in listed.values()) else "sha1"
        # HEAD may be at a commit that no branch has, or at none at all.
        self._refspecs = [*_REFSPECS, _HEAD_REFSPEC] if HEAD in listed else _REFSPECS
        return listed

    def fetch(self) -> None:
        """Bring the copy up to date; to be called after :meth:`list_remote`."""
        if not self._complete():
            self._renew()
        self._mark.unlink(missing_ok=True)
        self._git("fetch", "--quiet", "--force", "--prune", "--no-tags", _REMOTE, *self._refspecs)
        durable.write(self._mark, self._mark_text())

    def objects(self, prefix: str) -> list[str]:
        """Return the objects whose ids begin so."""
        if not self._complete():
            return []
        return list(_ids(self._look("rev-parse", f"--disambiguate={prefix}")))

    def kind(self, thing: str) -> str:
        """Return ``'commit'``, ``'tag'``, ``'tree'`` or ``'blob'``."""
        return _last(self._look("cat-file", "-t", thing))

    def size(self, thing: str) -> int:
        """Return the size of an object in bytes."""
        size = _last(self._look("cat-file", "-s", thing))
        if not _is_number(size):
            raise BadSource(f"{self._shown}: git told no size of {thing}")
        return int(size)

    def directory(self, commit: str, path: str) -> str | None:
        """Return the object that is the directory at ``path``, or ``None``."""
        if not path:
            return commit
        found = _tree(self._look("ls-tree", "-d", "--full-tree", commit, "--", path))
        return found[1] if found else None

    def entries(self, directory: str) -> dict[str, Entry]:
        """Return what is in a directory, by name."""
        # The difference to an empty directory is the listing that git can write to a
        # file: what a program prints is cut short and made printable.
        nothing = _last(self._look("hash-object", "-t", "tree", os.devnull))
        raw = ["--raw", "-z", "--no-abbrev", "--no-renames"]
        with self._scratch() as scratch:
            file = Path(scratch, "entries")
            self._look("diff-tree", *raw, f"--output={file}", nothing, directory)
            listing = read_regular(file, _LONGEST_LISTING)
        if len(listing) > _LONGEST_LISTING:
            raise BadSource(f"{self._shown}: a directory has too many files in it")
        fields = listing.split(b"\0")
        entries: dict[str, Entry] = {}
        for status, name in zip(fields[::2], fields[1::2], strict=False):
            _, mode, _, each, _ = status.decode("ascii").split(" ")
            entries[os.fsdecode(name)] = Entry(mode, each)
        return entries

    def contents(self, blob: str) -> bytes:
        """Return the bytes of a file."""
        # Of all commands that write a file only this one knows no attributes: archive
        # leaves files out and expands keywords for them, a checkout runs filters and
        # changes ends of lines.
        with self._scratch() as scratch:
            self._look("unpack-file", blob, directory=scratch)
            (file,) = Path(scratch).iterdir()
            return read_regular(file, LARGEST)

    def describe(self, commit: str, form: str) -> str:
        """Return what ``form``, a format of ``git log``, says of a commit."""
        return self._look(
            "rev-list", "--max-count=1", "--encoding=UTF-8", f"--format={form}", commit
        )

    def _complete(self) -> bool:
        try:
            return self._mark.read_text() == self._mark_text()
        except (OSError, UnicodeDecodeError):
            return False

    def _mark_text(self) -> str:
        return f"{self._shown}\n{self._format}\n"

    def _renew(self) -> None:
        self._work.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._directory.is_dir() and not self._directory.is_symlink():
            shutil.rmtree(self._directory)
        else:
            self._directory.unlink(missing_ok=True)
        how = ["--quiet", "--bare", "--template=", f"--object-format={self._format}"]
        self._git("init", *how, str(self._directory.absolute()))

    def _scratch(self) -> TemporaryDirectory[str]:
        return TemporaryDirectory(prefix="zkdeployment-", dir=self._work.absolute())

    def _look(self, *arguments: str, directory: str | None = None) -> str:
        """Run git on the copy; should that fail, the copy is made anew before the next use."""
        # A work tree from the environment would be where a file is unpacked to.
        where = directory or str(self._directory.absolute())
        try:
            return self._git(*arguments, directory=where, GIT_WORK_TREE=where)
        except CommandFailed:
            self._mark.unlink(missing_ok=True)
            raise

    def _git(self, *arguments: str, directory: str | None = None, **more: str) -> str:
        return self._commands.run(["git", *arguments], cwd=directory, env=self._environment | more)


def _last(output: str) -> str:
    """Return the last word of an output; warnings come before it."""
    _, _, word = f" {output.rstrip()}".replace("\n", " ").rpartition(" ")
    return word
