"""The source that is a directory of a Subversion repository."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote
from xml.etree import ElementTree

from zc.zkdeployment.adapters.source_files import Wait, read_directory, remark, retried
from zc.zkdeployment.errors import BadSource
from zc.zkdeployment.host.host_ports import Commands
from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.locations import Location
from zc.zkdeployment.tree.origin import Origin
from zc.zkdeployment.tree.snapshot import Snapshot

_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}

_number = re.compile(r"^([0-9]{1,18})\s*$", re.M).search
_is_number = re.compile(r"[0-9]{1,18}").fullmatch
_document = re.compile(r"<\?xml.*\Z", re.S).search


@dataclass(frozen=True, slots=True)
class _Info:
    """``looked_at`` is the revision looked at, ``changed`` that of the last change before it."""

    looked_at: str
    changed: str
    author: str | None


class SubversionSource:
    """Reads the tree files of a directory as of the last revision that changed it."""

    def __init__(self, location: Location, commands: Commands, work: Path, wait: Wait) -> None:
        self._name = str(location)
        path = f"/{quote(location.path)}" if location.path else ""
        self._url = location.url.rstrip("/") + path
        self._revision = location.ref
        self._commands = commands
        self._work = work
        self._wait = wait

    def newest(self) -> Version:
        """Return the number of the revision that changed the directory last.

        Raises :exc:`~zc.zkdeployment.errors.BadSource`.
        """
        return retried(self._last_change, self._name, self._wait)

    def read(self) -> Snapshot:
        """Return the tree files of the newest revision.

        Raises :exc:`~zc.zkdeployment.errors.BadSource`.
        """
        return retried(self._read, self._name, self._wait)

    def _last_change(self) -> int:
        show = ["--show-item", "last-changed-revision"]
        found = _number(self._svn("info", *show, self._at(self._revision)))
        if not found:
            raise BadSource(f"{self._name}: svn told no revision; is it a directory?")
        return int(found[1])

    def _read(self) -> Snapshot:
        info = self._info()
        self._work.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="zkdeployment-", dir=self._work) as scratch:
            # One connection for all files, whatever they are called. No keyword is
            # expanded: the files are what was committed, which is what the version says.
            # Directories come empty, so that one with the name of a tree file is noticed.
            plain = ["--quiet", "--ignore-externals", "--ignore-keywords"]
            depth = ["--depth", "immediates"]
            self._svn("export", *plain, *depth, self._at(info.looked_at), "files", cwd=scratch)
            files = read_directory(Path(scratch, "files"), self._name)
        subject = self._subject(info)
        return Snapshot(
            int(info.changed), files, Origin(self._name, info.changed, info.author, subject)
        )

    def _info(self) -> _Info:
        root = _xml(self._svn("info", "--xml", self._at(self._revision)))
        entry = None if root is None else root.find("entry")
        commit = None if entry is None else entry.find("commit")
        if entry is None or commit is None:
            raise BadSource(f"{self._name}: svn told nothing of it that can be understood")
        if entry.get("kind") != "dir":
            raise BadSource(f"{self._name}: is no directory; expected the URL of one")
        looked_at, changed = entry.get("revision", ""), commit.get("revision", "")
        if not (_is_number(looked_at) and _is_number(changed)):
            raise BadSource(f"{self._name}: svn told no revision; is it a directory?")
        return _Info(looked_at, changed, remark(commit.findtext("author")))

    def _subject(self, info: _Info) -> str | None:
        # A directory that was copied along with the one above it was not yet at this
        # URL when it was changed: svn has to look back from where it is.
        only = ["--revision", info.changed, "--limit", "1"]
        root = _xml(self._svn("log", "--xml", *only, self._at(info.looked_at)))
        return remark(None if root is None else root.findtext("logentry/msg"))

    def _at(self, revision: str | None) -> str:
        return f"{self._url}@{revision}"

    def _svn(self, command: str, *arguments: str, cwd: str | None = None) -> str:
        argv = ["svn", command, "--non-interactive", *arguments]
        return self._commands.run(argv, cwd=cwd, env=_ENVIRONMENT)


def _xml(output: str) -> ElementTree.Element | None:
    """Return the document that svn printed; ``None`` if it is cut short, say by a long message."""
    document = _document(output)  # warnings are printed in front of it
    try:
        # svn writes it: what a repository holds is escaped in it. It declares nothing, so
        # what does came in another way, and might stand for much more than it is long.
        if document is None or "<!" in document[0]:
            return None
        return ElementTree.fromstring(document[0])  # noqa: S314 # nothing is declared
    except ElementTree.ParseError:
        return None
