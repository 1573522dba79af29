"""Packages by way of ``yum``.

The commands and their order are those of agent.txt, "Basic updates" and "Don't
trust yum"; companions.md, "Other behaviour worth keeping".
"""

from __future__ import annotations

import logging
import re
from dataclasses import replace

from zc.zkdeployment.errors import CommandFailed, InstallFailed
from zc.zkdeployment.packages import (
    InstalledPackage,
    package_spec,
    parse_list_installed,
    satisfies,
)
from zc.zkdeployment.ports import Commands, HostFiles

logger = logging.getLogger(__name__)

_scriptlet_failed = re.compile(r"scriptlet failed|Error in \w+ scriptlet").search


class Yum:
    """Installs, queries and removes packages, believing nothing that yum's exit code says."""

    def __init__(self, commands: Commands, files: HostFiles) -> None:
        self._commands = commands
        self._files = files
        self._clean = False

    def begin(self) -> None:
        """Start a deployment: yum's idea of what there is gets renewed before it installs."""
        self._clean = False

    def installed(self, name: str) -> InstalledPackage | None:
        """Return what is installed of a package; ``None`` for nothing.

        Without ``/opt/NAME``, or if that is a checkout, nothing is, and yum
        is not asked.
        """
        if not self._files.has_software(name) or self._files.checkout_kind(name):
            return None
        try:
            listed = self._yum("-q", "list", "installed", package_spec(name))
        except CommandFailed:
            return None
        return parse_list_installed(listed, name)

    def install(self, name: str, version: str | None) -> None:
        """Bring a package to ``version``, up or down, and verify it.

        Raises :exc:`~zc.zkdeployment.errors.InstallFailed` or ``CommandFailed``.
        """
        spec = package_spec(name, version)
        if not self._clean:
            self._yum("-y", "clean", "all")
            self._clean = True
        self._change("install", spec)
        installed = self._installed_once(name, version)
        if installed is not None and not satisfies(version, installed):
            self._change("downgrade", spec)
            installed = self._installed_once(name, version)
        if installed is None or not satisfies(version, installed):
            found = installed.full_version if installed and _is_detailed(version) else installed
            raise InstallFailed(f"Failed to install {spec} (installed: {found})")

    def remove(self, name: str) -> None:
        """Remove a package. Raises :exc:`~zc.zkdeployment.errors.CommandFailed`."""
        self._yum("-y", "remove", package_spec(name))

    def _change(self, verb: str, spec: str) -> None:
        for line in self._yum("-y", verb, spec).splitlines():
            if _scriptlet_failed(line):  # and yet yum exits with 0
                logger.warning("%s: %s", spec, line.strip())

    def _yum(self, *arguments: str) -> str:
        return self._commands.run(["yum", *arguments], env={"LC_ALL": "C"})

    def _installed_once(self, name: str, version: str | None) -> InstalledPackage | None:
        """Return what is installed, after the duplicates were removed, if there are any.

        They are what yum leaves when it is killed in an upgrade. The wanted
        version stays, or else the one that is listed last.
        """
        installed = self.installed(name)
        if installed is None or not installed.duplicates:
            return installed
        stay, *go = sorted(
            (replace(installed, duplicates=()), *installed.duplicates),
            key=lambda package: not satisfies(version, package),
        )
        logger.warning(
            "%s is installed in several versions: %s; keeping %s", name, installed, stay
        )
        for package in go:
            self._yum("-y", "remove", package_spec(name, package.full_version))
        return self.installed(name)


def _is_detailed(version: str | None) -> bool:
    """Tell whether a version names an epoch or a release."""
    return version is not None and not {":", "-"}.isdisjoint(version)
