"""Checkouts by way of ``svn``.

The commands are those of agent.txt, "Version Control".
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from zc.zkdeployment.adapters.plain_directory import is_plain
from zc.zkdeployment.errors import BadTree, CommandFailed
from zc.zkdeployment.packages import checkout
from zc.zkdeployment.ports import Commands

_NO_WORKING_COPY = "E155007"

_peg_revision = re.compile(r"@(?:\d+|HEAD)?$").sub


class Subversion:
    """Checks out URLs, and moves checkouts to the newest revision of theirs."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def recorded(self, path: str) -> str | None:
        """Return the URL of the checkout at ``path``; ``None`` if it is no working copy.

        Through a link in ``.svn`` svn would write to other files: then it is none.

        Raises :exc:`~zc.zkdeployment.errors.CommandFailed`.
        """
        if not is_plain(Path(path, ".svn")):
            return None
        try:
            info = self._commands.run(["svn", "info", path], env={"LC_ALL": "C.UTF-8"})
        except CommandFailed as failed:
            if _NO_WORKING_COPY in failed.output:
                return None
            raise
        for line in info.splitlines():
            label, _, url = line.partition(": ")
            if label == "URL":
                return url
        return None

    def same_place(self, recorded: str, version: str) -> bool:
        """Tell whether a checkout of ``recorded`` can be moved to ``version`` in place.

        svn records a URL without the revision, without a trailing slash and
        with its own percent-encoding.
        """
        return _plain(recorded) == _plain(version)

    def update(self, version: str, path: str) -> None:
        """Check ``version`` out at ``path``, or bring the checkout there up to date.

        Raises :exc:`~zc.zkdeployment.errors.BadTree` or ``CommandFailed``.
        """
        wanted = checkout(version, path)
        if wanted is None or wanted.kind != "svn":
            raise BadTree(f"{path}: {version!r} is no Subversion URL")
        self._commands.run(["svn", "co", version, path])

    def moved(self, version: str, path: str) -> str | None:
        """Tell where the checkout at ``path`` is if not at the URL of ``version``, in words.

        Raises :exc:`~zc.zkdeployment.errors.CommandFailed`.
        """
        recorded = self.recorded(path)
        if recorded is None:
            return "is no working copy any more"
        return None if self.same_place(recorded, version) else f"is at {recorded:.200}"


def _plain(url: str) -> str:
    return unquote(_peg_revision("", url).rstrip("/"))
