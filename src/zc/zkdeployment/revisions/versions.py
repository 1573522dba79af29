"""Versions of trees: which there can be, and the names of their nodes."""

from __future__ import annotations

import re
from math import isfinite
from typing import TypeGuard
from urllib.parse import quote

from zc.zkdeployment.model import Version

_number = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII).fullmatch
_SAFE = "+:@="  # what stands for itself in a node's name, besides letters, digits and _.-~


def node_name(version: Version) -> str:
    """Return the name of the node that holds the record of a version.

    Different versions have different names: the string ``'42'`` is in quotes, the
    number is not, and a string that starts with a quote is in quotes of its own.
    """
    if isinstance(version, float) and version.is_integer():
        version = int(version)
    if not isinstance(version, str):
        return quote(repr(version), safe=_SAFE)
    name = quote(version, safe=_SAFE, errors="surrogatepass")
    plain = name not in ("", ".", "..", "None", "True", "False")
    special = not plain or version.startswith('"') or _number(version)
    return f"%22{name}%22" if special else name


def can_be_published(version: object) -> TypeGuard[int | float | str]:
    """Tell whether something is a version that a tree can have: a number or a string."""
    if isinstance(version, float):
        return isfinite(version)
    return isinstance(version, int | str) and not isinstance(version, bool)
