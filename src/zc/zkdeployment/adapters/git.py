"""Checkouts by way of ``git``.

A checkout remembers in ``.git/.zkdeployment`` the version that it was made
for (companions.md, "Checkouts"), and in ``.git/.zkdeployment-commit`` where that
put it. Applications may be able to write to their
checkout, so nothing in it is trusted: its configuration, hooks and links could
make git run a program as root.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from zc.zkdeployment.adapters import durable
from zc.zkdeployment.adapters.git_environment import environment
from zc.zkdeployment.adapters.output import printable
from zc.zkdeployment.adapters.plain_directory import is_plain
from zc.zkdeployment.errors import BadTree
from zc.zkdeployment.host.host_ports import Commands
from zc.zkdeployment.regular_files import NotRegular, read_regular
from zc.zkdeployment.tree.packages import Checkout, checkout

_REMOTE = "refs/remotes/origin/"
_LARGEST = 64 * 1024  # bytes of a file that is read

_ENVIRONMENT = environment()

_commit = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?").fullmatch
_branch = re.compile(r"ref: (refs/heads/[^\s\0]+)").fullmatch

# How a repository is stored: the only part of its configuration that has to stay.
_storage = re.compile(r"^\s*(objectformat|refstorage)\s*=\s*([a-z0-9]+)\s*$", re.I | re.M).findall


class Git:
    """Checks out branches, tags and commits, and moves checkouts between them."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def recorded(self, path: str) -> str | None:
        """Return the version that the checkout at ``path`` was made for.

        ``None`` for a clone that was cut off, and where ``.git`` is not what a
        clone makes: through a link in it git would write to other files.
        """
        repository = Path(path, ".git")
        if not is_plain(repository) or (repository / "commondir").exists():
            return None
        return _text(_memory(path)).strip() or None

    def same_place(self, recorded: str, version: str) -> bool:
        """Tell whether a checkout of ``recorded`` can be moved to ``version`` in place."""
        try:
            one, other = checkout(recorded, recorded), checkout(version, version)
        except BadTree:
            return False
        return (
            one is not None
            and other is not None
            and (one.kind, one.url)
            == (
                other.kind,
                other.url,
            )
        )

    def update(self, version: str, path: str) -> None:
        """Check ``version`` out at ``path``, or move the checkout there to it.

        A checkout that is moved ends up at what its branch, tag or commit is
        in the repository now; files that git does not know stay. Where there
        is no such thing, it stays where it was.

        Raises :exc:`~zc.zkdeployment.errors.BadTree` or ``CommandFailed``.
        """
        wanted = checkout(version, path)
        if wanted is None or wanted.ref is None:
            raise BadTree(f"{path}: {version!r} is no git version: expected git://REPOSITORY#REF")
        if os.path.lexists(path):
            self._move(path, wanted, wanted.ref)
            durable.write(_memory(path), version)
        else:
            self._clone(path, wanted, wanted.ref, version)
        durable.write(_memory(path, "-commit"), _head(path))

    def moved(self, version: str, path: str) -> str | None:
        """Tell where the checkout at ``path`` is if not where ``version`` was put, in words."""
        recorded = self.recorded(path)
        if recorded is None:
            return "is no checkout of this agent any more"
        if recorded != version:
            return printable(f"is at {recorded:.200}")
        put, now = _text(_memory(path, "-commit")), _head(path)
        known = _commit(put) and _commit(now)
        return f"is at commit {now}, not at {put}" if known and put != now else None

    def commit(self, path: str) -> str | None:
        """Return the commit that the checkout at ``path`` is at, ``None`` if that is not plain."""
        return _head(path) or None

    def _clone(self, path: str, wanted: Checkout, ref: str, version: str) -> None:
        self._commands.run(["git", "clone", wanted.url, path], env=_ENVIRONMENT)
        durable.write(_memory(path), version)
        # git takes a name for that of a file, if there is one, unless told otherwise.
        no_files = ["--"] if os.path.lexists(Path(path, ref)) else []
        self._run(["git", "checkout", ref, *no_files], path)

    def _move(self, path: str, wanted: Checkout, ref: str) -> None:
        _distrust(path)
        refspecs = [f"+refs/heads/*:{_REMOTE}*", "+refs/tags/*:refs/tags/*"]
        self._run(["git", "fetch", "--force", "--prune", wanted.url, *refspecs], path)
        branch, tag, local = f"{_REMOTE}{ref}", f"refs/tags/{ref}", f"refs/heads/{ref}"
        listed = self._run(
            ["git", "for-each-ref", "--format=%(refname)", branch, tag, local], path
        ).split()
        if branch in listed:
            target = branch
        elif tag in listed:
            target = tag
        elif local in listed:  # left by the clone; the branch has gone since
            raise BadTree(f"{path}: {wanted.url} has no branch, tag or commit {ref!r} any more")
        else:
            target = ref
        self._run(["git", "checkout", "--force", "--detach", target], path)

    def _run(self, argv: list[str], directory: str) -> str:
        ceiling = {"GIT_CEILING_DIRECTORIES": str(Path(directory).parent)}
        return self._commands.run(argv, cwd=directory, env=_ENVIRONMENT | ceiling)


def _memory(path: str, of: str = "") -> Path:
    return Path(path, ".git", f".zkdeployment{of}")


def _head(path: str) -> str:
    """Return the commit that a checkout is at, without git; empty where that is not plain."""
    head = _text(Path(path, ".git", "HEAD")).strip()
    if (branch := _branch(head)) and ".." not in head:
        head = _text(Path(path, ".git", branch[1])).strip()
    return head if _commit(head) else ""


def _text(path: Path) -> str:
    """Return what a file holds; nothing if it is none, so that no link or pipe is followed."""
    try:
        return read_regular(path, _LARGEST, follow=False).decode(errors="replace")
    except (FileNotFoundError, NotADirectoryError, NotRegular):
        return ""


def _distrust(path: str) -> None:
    """Replace the configuration of a checkout: a filter or transport in it is a program."""
    configuration = Path(path, ".git", "config")
    storage = _storage(_text(configuration))
    lines = [
        "[core]",
        f"repositoryformatversion = {1 if storage else 0}",
        "bare = false",
        "[extensions]",
        *(f"{name} = {value}" for name, value in storage),
    ]
    durable.replace(configuration, "\n".join(lines) + "\n")
