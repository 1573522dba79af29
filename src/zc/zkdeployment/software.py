"""Brings one directory below ``/opt`` to the software that a tree wants there.

Source: agent.txt, "Version Control" and "Don't trust yum"; companions.md,
"Checkouts".
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from zc.zkdeployment.model import Software
from zc.zkdeployment.packages import Checkout, checkout, satisfies
from zc.zkdeployment.ports import Checkouts, Commands, HostFiles, Packages

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SoftwareInstaller:
    """Installs, moves and removes packages and checkouts."""

    packages: Packages
    checkouts: Mapping[str, Checkouts]  # by kind
    files: HostFiles
    commands: Commands

    def ensure(self, software: Software) -> None:
        """Bring ``/opt/NAME`` to the wanted software, whatever is there now.

        Raises :exc:`~zc.zkdeployment.errors.CommandFailed` or ``InstallFailed``.
        """
        name, version = software.name, software.version
        installed = self.packages.installed(name)
        wanted = checkout(version, name) if version is not None else None
        if wanted and version is not None:
            if installed is not None:
                self._remove_package(name)
            self._check_out(name, wanted, version)
        elif installed is None or not satisfies(version, installed):
            if self.files.checkout_kind(name):
                self._remove_checkout(name)
            elif installed is None and self.files.checkout_broken(name):
                logger.info("Removing what there is of %s, which was cut off", name)
                self.files.remove_software(name)
            self.packages.install(name, version)

    def remove(self, name: str) -> None:
        """Remove the package or checkout at ``/opt/NAME``."""
        if self.files.checkout_kind(name):
            self._remove_checkout(name)
        else:
            self._remove_package(name)

    def _remove_checkout(self, name: str) -> None:
        logger.info("Removing checkout %s", name)
        self.files.remove_software(name)

    def _remove_package(self, name: str) -> None:
        self.packages.remove(name)
        self.files.remove_software(name)

    def _check_out(self, name: str, wanted: Checkout, version: str) -> None:
        path = self.files.software_path(name)
        vcs = self.checkouts[wanted.kind]
        self._clear_way(name, wanted, version)
        self.files.checkout_begins(name)
        try:
            vcs.update(version, path)
            logger.info("Build %s (%s)", name, version)
            self.commands.run([self.files.software_path(name, "stage-build")], cwd=path)
            self.commands.run(["chmod", "-R", "a+rX", "."], cwd=path)
        finally:
            self.files.checkout_done(name)

    def _clear_way(self, name: str, wanted: Checkout, version: str) -> None:
        """Remove what is at ``/opt/NAME`` unless it is a checkout that can be moved."""
        if not self.files.has_software(name):
            return
        if self.files.checkout_broken(name):
            logger.info("Removing checkout %s, which was cut off", name)
            self.files.remove_software(name)
            return
        vcs = self.checkouts[wanted.kind]
        recorded = None
        if self.files.checkout_kind(name) == wanted.kind:
            recorded = vcs.recorded(self.files.software_path(name))
        if recorded is None or not vcs.same_place(recorded, version):
            logger.info("Removing conflicting checkout %r != %r", recorded, version)
            self.files.remove_software(name)
