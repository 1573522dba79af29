"""Versions of software: what a tree may ask for, and what a host has.

A version without a URL scheme is that of a package: ``VERSION``,
``VERSION-RELEASE`` or either with ``EPOCH:`` in front. One with a scheme is a
checkout (companions.md, "Checkouts").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote

from zc.zkdeployment import names
from zc.zkdeployment.errors import BadTree
from zc.zkdeployment.model import Software

_GIT = "git://"
_GIT_TRANSPORTS = {(name, "://") for name in ("file", "git", "http", "https", "ssh")}
_FORMS = "svn://…, svn+ssh://…, file:///… (svn) or git://REPOSITORY#REF"
_MAX_URL = 2000  # characters

_architecture = re.compile(r"\.[a-z0-9_]+", re.ASCII).fullmatch
# White space, and what a terminal does something else with than to show it.
_available = re.compile(r"^available (?:packages|upgrades)\b", re.I | re.M).split
_unsafe = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
).search
_option = re.compile(r"(?:://|@)(?:-|%2[Dd])").search
_svn_url = re.compile(r"(?:svn|svn\+[a-z][a-z0-9.+-]*)://[^/].*|file:///.+", re.ASCII).fullmatch
_transport = re.compile(r"([A-Za-z0-9+.-]+)(://|::)", re.ASCII).match
_peg_revision = re.compile(r"@(?:\d+|HEAD)?$").sub
# git-check-ref-format(1), and what would make an expression of a name.
_bad_ref = re.compile(r"\.\.|@\{|//|/\.|[~^:?*\[\\]|\.lock(?:/|$)|[/.]$|^[-/.]|^@$").search


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """What is installed of a package; ``str`` gives the plain version.

    ``epoch`` is ``'0'`` where the package manager shows none. ``duplicates``
    are further versions that are installed at the same time, which is what a
    package manager leaves that was killed in an upgrade. ``cut_off`` says that a change
    of it was cut off: its files or its scriptlets may be half done.
    """

    epoch: str
    version: str
    release: str
    duplicates: tuple[InstalledPackage, ...] = ()
    cut_off: bool = False

    def __str__(self) -> str:
        return ", ".join(package.version for package in (self, *self.duplicates))

    @property
    def full_version(self) -> str:
        """Version and release, after the epoch if there is one."""
        epoch = "" if self.epoch == "0" else f"{self.epoch}:"
        return f"{epoch}{self.version}-{self.release}" if self.release else epoch + self.version


@dataclass(frozen=True, slots=True)
class Checkout:
    """Software from a version control system.

    ``kind`` is ``'svn'`` or ``'git'``; ``url`` is what that program takes;
    ``ref`` is the branch, tag or commit for git, ``None`` for svn.
    """

    kind: str
    url: str
    ref: str | None


def satisfies(wanted: str | None, installed: InstalledPackage) -> bool:
    """Tell whether exactly the wanted version is installed, once and whole.

    Epoch and release count only where ``wanted`` names them; ``None`` takes
    any version.
    """
    if installed.duplicates or installed.cut_off:
        return False
    if wanted is None:
        return True
    epoch, version, release = _split(wanted)
    return (
        version == installed.version
        and release in ("", installed.release)
        and epoch in ("", installed.epoch)
    )


def installed_package(full_version: str) -> InstalledPackage:
    """Return the package whose :attr:`~InstalledPackage.full_version` is given."""
    epoch, version, release = _split(full_version)
    return InstalledPackage(epoch or "0", version, release)


def same_checkout(recorded: str, version: str) -> bool:
    """Tell whether what a checkout records about itself is the ``version`` of a tree.

    svn records a URL without the revision, without a trailing slash and with its own
    percent-encoding.
    """
    if version.startswith(_GIT):
        return recorded == version
    return _plain(recorded) == _plain(version)


def _plain(url: str) -> str:
    return unquote(_peg_revision("", url).rstrip("/"))


def package_spec(name: str, version: str | None = None) -> str:
    """Return the argument that names a package, and a version of it, to a package manager.

    Raises :exc:`~zc.zkdeployment.errors.BadTree` for what could be taken for
    an option, a pattern or a checkout.
    """
    names.check_software(name, name)
    if version is None:
        return name
    if names.is_url(version):
        raise BadTree(f"{name}: version {version!r} is a checkout, not a package version")
    return f"{name}-{names.check_version(version, name)}"


def other_readings(name: str) -> Iterator[tuple[str, str]]:
    """Yield the packages and their versions that a package manager may take a name for.

    ``web-1.0-2`` is a package of that name if there is one, else ``1.0-2`` of ``web`` or
    ``2`` of ``web-1.0``.
    """
    first, dash, version = name.rpartition("-")
    if first and dash:
        yield first, version
        other, dash, rest = first.rpartition("-")
        if other and dash:
            yield other, f"{rest}-{version}"


def parse_list_installed(output: str, name: str) -> InstalledPackage | None:
    """Find a package in what ``yum -q list installed NAME`` printed.

    A line is ``NAME.ARCH  [EPOCH:]VERSION[-RELEASE]  @REPOSITORY``; a long one
    is wrapped after any of its columns. Of several versions the last listed is
    the one returned, the others are its duplicates. What is listed as available, which dnf5
    does, is not installed.
    """
    found: dict[tuple[str, str, str], InstalledPackage] = {}
    words = _available(output)[0].split()
    for word, following, last in zip(words, words[1:], [*words[2:], ""], strict=False):
        if not word.startswith(name) or not (word == name or _architecture(word[len(name) :])):
            continue
        epoch, version, release = _split(following)
        if version[:1].isalnum() and (release or last == "installed" or last.startswith("@")):
            found[epoch, version, release] = InstalledPackage(epoch or "0", version, release)
    if not found:
        return None
    *duplicates, package = found.values()
    return InstalledPackage(package.epoch, package.version, package.release, tuple(duplicates))


def is_checkout(software: Software) -> bool:
    """Tell whether software is checked out; else it is a package."""
    return software.version is not None and names.is_url(software.version)


def checkout(version: str, node: str) -> Checkout | None:
    """Return what to check out for a version; ``None`` if it is a package version.

    Raises :exc:`~zc.zkdeployment.errors.BadTree`, naming ``node``, for a URL
    that is neither ``svn…://…`` or ``file:///…`` nor ``git://REPOSITORY#REF``,
    and for one that svn or git could take for an option, a command or an
    expression.
    """
    if not names.is_url(version):
        return None
    if len(version) > _MAX_URL:
        _refuse(node, version[:_MAX_URL], f"it is longer than {_MAX_URL} characters")
    if _unsafe(version):
        _refuse(node, version, "it holds white space or control characters")
    if _option(version):
        _refuse(node, version, "a part of it starts with a dash")
    if version.startswith(_GIT):
        return _git(version, node)
    if not _svn_url(version):
        _refuse(node, version, "its form is unknown")
    return Checkout("svn", version, None)


def _git(version: str, node: str) -> Checkout:
    repository, hash_mark, ref = version.removeprefix(_GIT).rpartition("#")
    if not (hash_mark and repository):
        _refuse(node, version, "the repository or #REF is missing")
    transport = _transport(repository)
    if transport and transport.group(1, 2) not in _GIT_TRANSPORTS:
        _refuse(node, version, f"git may not use {transport.group():.200}")
    if not ref or _bad_ref(ref):
        _refuse(node, version, f"{ref!r:.200} is no branch, tag or commit")
    return Checkout("git", repository, ref)


def _split(version: str) -> tuple[str, str, str]:
    """Split ``[EPOCH:]VERSION[-RELEASE]``; what is not there is empty."""
    epoch, _, rest = version.rpartition(":")
    plain, dash, release = rest.rpartition("-")
    return (epoch, plain, release) if dash else (epoch, release, "")


def _refuse(node: str, version: str, why: str) -> NoReturn:
    raise BadTree(
        f"{node}: version {version!r:.200} cannot be checked out: {why}; expected {_FORMS}"
    )
