"""What may be called what, and how a node's path becomes the name of a file.

Nothing that comes from a tree is trusted: each name is checked here, once,
before it can reach a command line or a path below ``/opt`` or ``/etc``.
"""

from __future__ import annotations

import re
from typing import NoReturn

from zc.zkdeployment.errors import BadTree

#: More instances of one node on one host than this are taken for a mistake.
MAX_INSTANCES = 1000

_MAX_NAME = 200  # characters, of software, a subtype or a package version
_MAX_FILE_NAME = 255  # bytes, on every file system in use
_LONGEST_EXTENSION = ".deployed"

# What ends with .rpm is a file to package managers, wherever it may come from.
_software = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(?<!\.rpm)", re.ASCII).fullmatch
# What a terminal does something else with than to show it is in no subtype.
_subtype = re.compile(
    r"(?!-)[^\s\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"
).fullmatch
_package_version = re.compile(
    r"(?:\d{1,9}:)?[A-Za-z0-9][A-Za-z0-9_.+~^-]*(?<!\.rpm)", re.ASCII
).fullmatch
_versioned = re.compile(r"(\S+)-\d+(?:[.]\d+)*", re.ASCII).fullmatch
_number = re.compile(r"0|[1-9][0-9]{0,17}").fullmatch
_unprintable = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]").search
_scheme = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?=\D|$)").match


def app_of(software: str) -> str:
    """Return the application of a directory below ``/opt``: ``z4m`` of ``z4m-4.0.0``."""
    match = _versioned(software)
    return match.group(1) if match else software


def is_software(name: str) -> bool:
    """Tell whether software may be called so."""
    return len(name) <= _MAX_NAME and _software(name) is not None


def check_software(name: str, node: str) -> str:
    """Return ``name`` if software may be called so; raise :exc:`BadTree` naming ``node``."""
    _check_length("type", name, node)
    if not is_software(name):
        _refuse(node, f"type {name!r} names no software: letters, digits and _ . + - only")
    return name


def check_subtype(name: str, node: str) -> str:
    """Return ``name`` if a subtype may be called so; raise :exc:`BadTree` naming ``node``."""
    _check_length("subtype", name, node)
    if not _subtype(name):
        _refuse(node, f"subtype {name!r} must not start with a dash or hold control characters")
    return name


def check_version(version: object, node: str) -> str:
    """Return ``version`` if it names a package version or a checkout.

    Raises :exc:`BadTree` naming ``node``. Which URLs are checkouts is for
    :func:`zc.zkdeployment.tree.packages.checkout` to say.
    """
    if not isinstance(version, str):
        _refuse(node, f"version {_shown(version)} must be a string; put it in quotes")
    if is_url(version):
        return version
    _check_length("version", version, node)
    if not _package_version(version):
        _refuse(
            node, f"version {version!r} is neither a package version nor the URL of a checkout"
        )
    return version


def is_url(version: str) -> bool:
    """Tell whether a version has a URL scheme, which makes it a checkout."""
    return _scheme(version) is not None


def check_instances(n: object, node: str) -> int:
    """Return ``n`` if a node may have so many instances on a host; raise :exc:`BadTree`."""
    if not isinstance(n, int) or isinstance(n, bool) or not 0 <= n <= MAX_INSTANCES:
        _refuse(node, f"n must be a whole number from 0 to {MAX_INSTANCES}, not {_shown(n)}")
    return n


def check_file_name(path: str, n: int) -> None:
    """Raise :exc:`BadTree` if a file of instance ``n`` of ``path`` had too long a name."""
    longest = file_name(path, n) + _LONGEST_EXTENSION
    if len(longest.encode()) > _MAX_FILE_NAME:
        _refuse(path, f"the path is too long: its file name would exceed {_MAX_FILE_NAME} bytes")


def encode_path(path: str) -> str:
    """Return ``path`` as one name: no leading slash, ``/`` as ``,``.

    A ``,`` or ``%`` inside a node's name is percent-encoded, so that ``/a,b/c``
    and ``/a/b,c`` stay apart.
    """
    return path[1:].replace("%", "%25").replace(",", "%2C").replace("/", ",")


def decode_path(name: str) -> str:
    """Return the path that :func:`encode_path` made ``name`` of."""
    return "/" + name.replace(",", "/").replace("%2C", ",").replace("%25", "%")


def file_name(path: str, n: int) -> str:
    """Return the name, without extension, of the files in ``/etc/APP`` of an instance."""
    return f"{encode_path(path)}.{n}"


def parse_file_name(stem: str) -> tuple[str, int] | None:
    """Return path and instance of a name made by :func:`file_name`; ``None`` if it is none.

    Scripts that encode no ``%`` are understood too.
    """
    name, _, number = stem.rpartition(".")
    components = name.split(",")
    if not _number(number) or _unprintable(name) or not {"", ".", ".."}.isdisjoint(components):
        return None
    return decode_path(name), int(number)


def _check_length(what: str, value: str, node: str) -> None:
    if len(value) > _MAX_NAME:
        _refuse(node, f"{what} {value[:_MAX_NAME]!r}… has more than {_MAX_NAME} characters")


def _shown(value: object) -> str:
    """Return a value as messages quote it."""
    try:
        return f"{value!r:.200}"
    except (ValueError, RecursionError):  # a number of very many digits, a list of lists of lists
        return f"a very large {type(value).__name__}"


def _refuse(node: str, why: str) -> NoReturn:
    raise BadTree(f"{node:.1000}: {why}")
