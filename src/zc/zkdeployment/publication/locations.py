"""Where tree files come from, as people write it: a repository or a directory.

What is written here reaches command lines of svn and git. The grammar of
repositories is that of checkouts (:func:`zc.zkdeployment.tree.packages.checkout`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from zc.zkdeployment.errors import BadSource, BadTree
from zc.zkdeployment.tree.packages import checkout

#: What of a repository is meant where nothing else is said: what is newest there.
HEAD = "HEAD"

_GIT = "git://"
_FORMS = (
    "git://REPOSITORY[#REF], https://….git, ssh://… or USER@HOST:PATH (git),"
    " svn://…, svn+ssh://… or file:///… (Subversion), or a directory"
)
_MAX = 2000  # characters, of each part
_SHOWN = 200  # characters of it, in a message

_unprintable = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
).search
_white = re.compile(r"\s").search
_dash = re.compile(r"(?:^|://|@)(?:-|%2[Dd])").search
_http = re.compile(r"https?://").match
_git_url = re.compile(r"https?://[^#]*\.git/?(?:#.*)?|ssh://.*|[^/:@]+@[^/:]+:.*").fullmatch
_svn_url = re.compile(r"(?:svn(?:\+[^:/]*)?|file)://.*").fullmatch
_svn_peg = re.compile(r"([^:]+://[^/]*/.*)@([0-9]{1,10}|HEAD|)").fullmatch
_svn_revision = re.compile(r"[0-9]{1,10}|HEAD").fullmatch
_scheme = re.compile(r"[A-Za-z0-9+.-]+:").match
_password = re.compile(r"[a-z][a-z0-9+.-]*://[^/]*:[^/]*@", re.I).match

# The second half is for a password with a slash in it, which makes a wrong URL.
_http_user = re.compile(r"(https?://)(?:[^/]*@|[^/:]*:(?![0-9]*(?:/|$)).*@)", re.I | re.S).sub
_http_query = re.compile(r"(https?://[^?#]*)\?[^#]*", re.I).sub
_other_password = re.compile(r"([a-z][a-z0-9+.-]*://[^/:@]*):[^/]*@", re.I).sub


@dataclass(frozen=True, slots=True)
class Location:
    """A place that holds tree files; ``str`` shows it without secrets.

    ``url`` is what ``git`` or ``svn`` takes, which may hold a password, or the path
    of a directory. ``ref`` is the branch, tag or commit for git, a revision for svn,
    :data:`HEAD` for what is newest, and ``None`` for a directory. ``path`` leads to
    the directory inside; it is empty for the top.
    """

    kind: Literal["git", "svn", "directory"]
    url: str = field(repr=False)
    ref: str | None = None
    path: str = ""

    def __str__(self) -> str:
        url = shown(self.url if self.kind != "git" else _GIT + self.url)
        if self.kind == "git":
            return f"{url}#{self.ref}" + (f":{self.path}" if self.path else "")
        whole = f"{url.rstrip('/')}/{self.path}" if self.path else url
        return whole if self.ref in (None, HEAD) else f"{whole}@{self.ref}"


def parse_location(text: str, *, ref: str | None = None, path: str = "") -> Location:
    """Return the place that ``text`` names.

    ``ref`` stands for ``#REF``, and for ``@REVISION`` of Subversion, where the text
    has none; ``path`` leads to a directory in the repository or directory.

    Raises :exc:`~zc.zkdeployment.errors.BadSource` for what names no place, for a
    ``ref`` that contradicts the text, and for all that git or svn could take for an
    option, a command or an expression.
    """
    _check(text, text)
    path = _inside(path, text)
    if text.startswith(_GIT):
        return _git(text.removeprefix(_GIT), ref, path, text)
    if _svn_url(text):
        return _svn(text, ref, path)
    if _git_url(text):
        return _git(text, ref, path, text)
    if _http(text):
        _refuse(
            text,
            "it does not say whether it is git or Subversion: for git write git://https://… or"
            " a URL that ends in .git; Subversion is reached by svn://… and svn+ssh://…",
        )
    if _scheme(text):
        _refuse(text, "its form is unknown; a directory with a colon is written ./NAME")
    if ref is not None:
        _refuse(text, f"a directory has no branches, tags or commits, so no {ref!r:.200}")
    return Location("directory", text, None, path)


def shown(url: str) -> str:
    """Return a URL as it may be recorded and logged: without passwords and tokens.

    A user name stays, but not for ``http`` and ``https``, where it may be a token.
    """
    return _other_password(r"\1@", _http_query(r"\1", _http_user(r"\1", url)))


def _git(written: str, ref: str | None, path: str, text: str) -> Location:
    repository, hash_mark, named = written.rpartition("#")
    if not hash_mark:
        repository, named = written, ref or HEAD
    _agree(named, ref, text)
    if not named or not _is_checkout(f"{_GIT}x#{named}"):
        _refuse(text, f"{named!r:.200} is no branch, tag or commit")
    if not repository:
        _refuse(text, "the repository is missing")
    if not _is_checkout(f"{_GIT}{repository}#{HEAD}"):
        _refuse(text, "git may not use such a repository")
    if _http(repository):
        if "?" in repository:
            _refuse(text, "the URL of a repository has no query")
    else:
        _no_password(repository, text)
    return Location("git", repository, named, path)


def _svn(text: str, ref: str | None, path: str) -> Location:
    match = _svn_peg(text)
    url, named = match.groups() if match else (text, "")
    if named:
        _agree(named, ref, text)
    named = named or ref or HEAD
    if not _svn_revision(named):
        _refuse(text, f"{named!r:.200} is no revision: they are numbers, and branches are URLs")
    if not _is_checkout(url):
        _refuse(text, "its form is unknown")
    _no_password(url, text)
    return Location("svn", url, named, path)


def _is_checkout(version: str) -> bool:
    try:
        return checkout(version, "") is not None
    except BadTree:
        return False


def _agree(named: str, ref: str | None, text: str) -> None:
    if ref is not None and ref != named:
        _refuse(text, f"it asks for {named!r:.200}, and --ref for {ref!r:.200}; leave one out")


def _no_password(url: str, text: str) -> None:
    if _password(url):
        _refuse(text, "only https:// takes a password; use a key, or what svn has stored")


def _check(part: str, text: str) -> None:
    if not part:
        _refuse(text, "it is empty")
    if len(part) > _MAX:
        _refuse(text, f"it is longer than {_MAX} characters")
    if _unprintable(part):
        _refuse(text, "it holds control characters")
    if _dash(part):
        _refuse(text, "a part of it starts with a dash")
    if "://" in part and _white(part):
        _refuse(text, "it holds white space")


def _inside(path: str, text: str) -> str:
    """Return the path of a directory inside a source, with one slash between names."""
    names = [name for name in path.split("/") if name not in ("", ".")]
    if (
        path.startswith("/")
        or len(path) > _MAX
        or _unprintable(path)
        or any(name == ".." or name.startswith("-") for name in names)
    ):
        raise BadSource(
            f"{shown(text)[:_SHOWN]!r}: {path[:_SHOWN]!r} is no path inside: expected names with"
            " / between them, none of them '..' or with a dash in front"
        )
    return "/".join(names)


def _refuse(text: str, why: str) -> NoReturn:
    where = shown(text)[:_SHOWN]
    raise BadSource(f"{where!r} is no source of tree files: {why}; expected {_FORMS}")
