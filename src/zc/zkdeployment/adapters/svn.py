"""Checkouts by way of ``svn``.

The commands are those of agent.txt, "Version Control". A checkout remembers in
``.svn/.zkdeployment-revision`` the revision that it was brought to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from zc.zkdeployment.adapters import durable
from zc.zkdeployment.adapters.plain_directory import is_plain
from zc.zkdeployment.errors import BadTree, CommandFailed
from zc.zkdeployment.host.host_ports import Commands
from zc.zkdeployment.regular_files import NotRegular, read_regular
from zc.zkdeployment.tree.packages import checkout, same_checkout

_NO_WORKING_COPY = "E155007"
_LARGEST = 20  # digits of a revision

_reached = re.compile(r"revision (\d{1,20})\.\s*\Z").search  # "Checked out revision 7."


class Subversion:
    """Checks out URLs, and moves checkouts to the newest revision of theirs."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def recorded(self, path: str) -> str | None:
        """Return the URL of the checkout at ``path``; ``None`` if it is no working copy.

        Through a link in ``.svn`` svn would write to other files: then it is none.

        Raises :exc:`~zc.zkdeployment.errors.CommandFailed`.
        """
        return self._known(path).get("URL")

    def commit(self, path: str) -> str | None:
        """Return the revision that the checkout at ``path`` is at; ``None`` if it is none.

        Raises :exc:`~zc.zkdeployment.errors.CommandFailed`.
        """
        return self._known(path).get("Revision")

    def _known(self, path: str) -> Mapping[str, str]:
        """Return what svn knows of a checkout, by label; nothing of what is none."""
        if not is_plain(Path(path, ".svn")):
            return {}
        try:
            info = self._commands.run(["svn", "info", path], env={"LC_ALL": "C.UTF-8"})
        except CommandFailed as failed:
            if _NO_WORKING_COPY in failed.output:
                return {}
            raise
        lines = (line.partition(": ") for line in reversed(info.splitlines()))
        return {label: known for label, _, known in lines}

    def same_place(self, recorded: str, version: str) -> bool:
        """Tell whether a checkout of ``recorded`` can be moved to ``version`` in place."""
        return same_checkout(recorded, version)

    def update(self, version: str, path: str) -> None:
        """Check ``version`` out at ``path``, or bring the checkout there up to date.

        Raises :exc:`~zc.zkdeployment.errors.BadTree` or ``CommandFailed``.
        """
        wanted = checkout(version, path)
        if wanted is None or wanted.kind != "svn":
            raise BadTree(f"{path}: {version!r} is no Subversion URL")
        _memory(path).unlink(missing_ok=True)
        said = self._commands.run(["svn", "co", version, path])
        if reached := _reached(said):
            durable.write(_memory(path), reached[1])

    def moved(self, version: str, path: str) -> str | None:
        """Tell where the checkout at ``path`` is if not where ``version`` was put, in words.

        That is another URL or, where it is known, another revision of it. What was changed in
        the checkout is not looked at: stage-build and the application may do that.

        Raises :exc:`~zc.zkdeployment.errors.CommandFailed`.
        """
        known = self._known(path)
        recorded, now = known.get("URL"), known.get("Revision", "")
        if recorded is None:
            return "is no working copy any more"
        if not self.same_place(recorded, version):
            return f"is at {recorded:.200}"
        put = _number(_memory(path))
        return f"is at revision {now:.20}, not at {put}" if put and put != now else None


def _memory(path: str) -> Path:
    return Path(path, ".svn", ".zkdeployment-revision")


def _number(path: Path) -> str:
    """Return the number that a file holds; nothing if it is none, or no plain file."""
    try:
        found = read_regular(path, _LARGEST, follow=False).decode(errors="replace")
    except (FileNotFoundError, NotADirectoryError, NotRegular):
        return ""
    return found if found.isascii() and found.isdigit() else ""
