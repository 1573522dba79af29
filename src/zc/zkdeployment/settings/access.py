"""Who may do what with which node.

============ ==================================================================
Role         What it does
============ ==================================================================
admin        everything, and says who may do what
publisher    publishes, stops and resumes the fleet, changes the tree
agent        reads the tree, registers its host, takes locks, stops the fleet
reader       reads
============ ==================================================================

A role is a list of ids, as ZooKeeper authenticates them. ZooKeeper's ACLs are those of
one node: nothing is inherited, and the right to delete a node is one of the node above.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag

from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.tree.tree_parts import top_of


class May(IntFlag):
    """What an id may do with a node; the numbers are ZooKeeper's."""

    READ = 1
    WRITE = 2
    CREATE = 4  # nodes below it
    DELETE = 8  # nodes below it
    ADMIN = 16
    ALL = 31


@dataclass(frozen=True, slots=True, order=True)
class Principal:
    """Who: an id of an authentication scheme."""

    scheme: str
    id: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.id}"


#: What each may do with one node.
Grants = dict[Principal, May]

ANYONE = Principal("world", "anyone")

_R, _W, _C, _D = May.READ, May.WRITE, May.CREATE, May.DELETE

_SCHEMES = ("digest", "ip", "sasl", "world", "x509")
_MINIMAL_DIGEST = 20  # bytes
_scheme = re.compile(r"[a-z][a-z0-9]*").fullmatch


@dataclass(frozen=True, slots=True)
class Policy:
    """Who is in which role; ``exempt`` are paths of nodes that, and below which, all is open."""

    admin: tuple[Principal, ...]
    publisher: tuple[Principal, ...]
    agent: tuple[Principal, ...]
    reader: tuple[Principal, ...] = ()
    exempt: tuple[str, ...] = ()

    def grants(self, path: str) -> Grants | None:
        """Return what each may do with the node at ``path``; ``None`` where that is no matter."""
        if top_of(path) == "/zookeeper" or any(_within(path, each) for each in self.exempt):
            return None
        publisher, agent = _allowed(path)
        found: Grants = {}
        for principals, may in (
            (self.admin, May.ALL),
            (self.publisher, publisher),
            (self.agent, agent),
            (self.reader, May.READ),
        ):
            for principal in principals:
                found[principal] = found.get(principal, May(0)) | may
        return found


def _allowed(path: str) -> tuple[May, May]:
    """Return what publishers and agents may do with a node."""
    names = path.strip("/").split("/")
    match names:
        case [""]:
            return _R | _C | _D, _R
        case ["hosts"]:
            return _R | _W, _R | _W | _C | _D
        case ["hosts", _]:
            return _R, _R | _W
        case ["hosts-lock"]:
            return _R | _C | _D, _R
        case ["hosts-lock", *_]:
            return _R, _R
        case ["agent-locks"]:
            return _R, _R | _C
        case ["agent-locks", _]:
            return _R, _R | _W | _C | _D
        case ["role-locks"]:
            return _R | _W | _C | _D, _R
        case ["role-locks", _]:
            return _R | _W | _C | _D, _R | _C | _D
        case ["agent-locks" | "role-locks" | "hosts", *_]:
            return _R, _R
        case _:
            return _R | _W | _C | _D, _R


def _within(path: str, top: str) -> bool:
    return path == top or path.startswith(f"{top}/")


def parse_ids(setting: str, text: str) -> tuple[Principal, ...]:
    """Return the ids that a setting lists, a line each: ``SCHEME:ID``.

    Raises :exc:`~zc.zkdeployment.errors.BadConfiguration`.
    """
    return tuple(dict.fromkeys(_parse_id(setting, line) for line in _lines(text)))


def parse_paths(setting: str, text: str) -> tuple[str, ...]:
    """Return the paths that a setting lists, a line each."""
    paths = tuple(line.rstrip("/") for line in _lines(text))
    for path in paths:
        if not path.startswith("/") or "//" in path:
            raise BadConfiguration(f"{setting}: {path!r} is not the path of a node below the root")
    return paths


def _lines(text: str) -> Iterator[str]:
    return filter(None, (line.strip() for line in text.splitlines()))


def _parse_id(setting: str, line: str) -> Principal:
    scheme, _, name = line.partition(":")
    if not _scheme(scheme) or scheme not in _SCHEMES or not name:
        # Not shown: somebody may have written a password there.
        raise BadConfiguration(
            f"{setting}: expected lines SCHEME:ID, where SCHEME is one of {', '.join(_SCHEMES)}"
        )
    if scheme == "digest" and not _is_hashed(name):
        raise BadConfiguration(
            f"{setting}: an id of the scheme digest is USER:HASH, not the password;"
            " 'zkdeploy acl id' prints your own"
        )
    if scheme == "world" and (name != "anyone" or setting != "acl-reader"):
        raise BadConfiguration(f"{setting}: world:anyone can be a reader only")
    return Principal(scheme, name)


def _is_hashed(name: str) -> bool:
    user, _, digest = name.partition(":")
    try:
        return bool(user) and len(base64.b64decode(digest, validate=True)) >= _MINIMAL_DIGEST
    except (binascii.Error, ValueError):
        return False
