"""Which package manager a host has."""

from __future__ import annotations

import shutil
from pathlib import Path

_ON_DEBIAN = ("apt", "dnf", "yum")
_ELSEWHERE = ("dnf", "yum", "apt")
_PROGRAMS = {"apt": ("apt-get", "dpkg-query"), "dnf": ("dnf", "rpm"), "yum": ("yum",)}


def package_manager(setting: str | None, root: str) -> str:
    """Return the package manager to use: ``'yum'``, ``'dnf'`` or ``'apt'``.

    ``'auto'`` is the one of the distribution below ``root`` if its programs are there, else
    another one that is. Where nobody said (``None``) it is ``yum``, if there is a
    program of that name. A host with none at all can do with ``yum`` until a package is wanted.
    """
    if setting not in (None, "auto"):
        return setting
    debian = Path(root, "etc/debian_version").exists()
    order: tuple[str, ...] = _ON_DEBIAN if debian else _ELSEWHERE
    if setting is None:
        order = ("yum", *order)
    return next((name for name in order if all(map(shutil.which, _PROGRAMS[name]))), "yum")
