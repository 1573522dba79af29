"""Opens the sources of tree files; the source that is a directory of this machine."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from pathlib import Path

from zc.zkdeployment.adapters.git_source import GitSource
from zc.zkdeployment.adapters.source_files import (
    Wait,
    choose,
    gather,
    read_directory,
    read_file,
)
from zc.zkdeployment.adapters.svn_source import SubversionSource
from zc.zkdeployment.errors import BadSource
from zc.zkdeployment.host.host_ports import Commands
from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.locations import Location
from zc.zkdeployment.publication.publisher_ports import Source
from zc.zkdeployment.tree.origin import Origin
from zc.zkdeployment.tree.snapshot import Snapshot, SourceFile

_DIGITS = 12  # of a digest, as git shows commits


def open_source(
    location: Location,
    commands: Commands,
    work: Path,
    *,
    version: Version | None = None,
    wait: Wait = time.sleep,
) -> Source:
    """Return the source at ``location``; nothing is read yet.

    ``work`` is a directory for what is kept of a repository and for what is being
    read. It is made when it is needed, and nobody else should be able to write to
    it. ``version``, if there is one, takes the place of the source's own. ``wait``
    passes the time, in seconds, between two tries of a program that failed.
    """
    source: Source
    if location.kind == "git":
        source = GitSource(location, commands, work, wait)
    elif location.kind == "svn":
        source = SubversionSource(location, commands, work, wait)
    else:
        source = DirectorySource(location)
    return source if version is None else _Versioned(source, version)


class DirectorySource:
    """A directory, or a single file. Its version is a digest of the tree files."""

    def __init__(self, location: Location) -> None:
        self._top = Path(location.url).absolute()
        self._path = self._top / location.path
        self._name = str(self._path)

    def newest(self) -> Version:
        """Return the digest of the tree files that are there now.

        Raises :exc:`~zc.zkdeployment.errors.BadSource`.
        """
        return self.read().version

    def read(self) -> Snapshot:
        """Return the tree files that are there now.

        Raises :exc:`~zc.zkdeployment.errors.BadSource`.
        """
        try:
            files = self._files()
        except OSError as error:
            where = error.filename or self._name
            raise BadSource(
                f"{where}: cannot be read: {error.strerror}; expected a directory of *.zk"
                " and *.zkx files, or one of them"
            ) from error
        return Snapshot(_digest(files), files, Origin(self._name))

    def _files(self) -> tuple[SourceFile, ...]:
        if not self._path.resolve().is_relative_to(self._top.resolve()):
            raise BadSource(f"{self._name}: a link leads out of {self._top}")
        if not self._path.is_dir():
            names = choose([self._path.name], self._name)
            return gather(names, self._name, lambda _name: read_file(self._path, self._name))
        return read_directory(self._path, self._name)


class _Versioned:
    """A source with a version that a person gave."""

    def __init__(self, source: Source, version: Version) -> None:
        self._source = source
        self._version = version

    def newest(self) -> Version:
        return self._version

    def read(self) -> Snapshot:
        return replace(self._source.read(), version=self._version)


def _digest(files: tuple[SourceFile, ...]) -> str:
    digest = hashlib.sha256()
    for file in files:
        name = file.name.encode()
        # The lengths keep two different sets of files from being the same bytes.
        digest.update(b"%d %d\n" % (len(name), len(file.data)))
        digest.update(name)
        digest.update(file.data)
    return digest.hexdigest()[:_DIGITS]
