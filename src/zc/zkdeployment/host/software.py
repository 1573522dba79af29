"""Brings directories below ``/opt`` to the software that a tree wants there.

Source: agent.txt, "Version Control" and "Don't trust yum"; companions.md,
"Checkouts".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from zc.zkdeployment.host.host_ports import BulkPackages, Checkouts, Commands, HostFiles, Packages
from zc.zkdeployment.host.package_records import in_words
from zc.zkdeployment.model import Software
from zc.zkdeployment.tree.packages import (
    Checkout,
    InstalledPackage,
    checkout,
    is_checkout,
    satisfies,
)

#: Called before a step, with what it is in words; what it raises ends all.
BeforeStep = Callable[[str], None]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SoftwareInstaller:
    """Installs, moves and removes packages and checkouts, one after the other."""

    packages: Packages
    checkouts: Mapping[str, Checkouts]  # by kind
    files: HostFiles
    commands: Commands

    def look(self, names: Sequence[str]) -> Mapping[str, InstalledPackage]:
        """Return what is installed of packages, by name; what is not installed is left out."""
        return self.packages.look(names)

    def ensure_all(self, wanted: Sequence[Software], before: BeforeStep) -> None:
        """Bring what is below ``/opt`` to the wanted software.

        Raises :exc:`~zc.zkdeployment.errors.CommandFailed` or ``InstallFailed``.
        """
        for software in wanted:
            before(f"installing {software}")
            self.ensure(software)

    def remove_all(
        self,
        names: Sequence[str],
        keep: Collection[str],  # noqa: ARG002 # who removes one at a time asks nobody
        before: BeforeStep,
    ) -> None:
        """Remove packages and checkouts, except what is needed by a package to ``keep``."""
        for name in names:
            before(f"uninstalling {name}")
            self.remove(name)

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
            self._make_way(name, installed)
            self.packages.install(name, version)

    def remove(self, name: str) -> None:
        """Remove the package or checkout at ``/opt/NAME``."""
        if self.files.checkout_kind(name):
            self._remove_checkout(name)
        else:
            self._remove_package(name)

    def _make_way(self, name: str, installed: InstalledPackage | None) -> None:
        """Remove what is in a package's place: a checkout, or what somebody was cut off at."""
        if self.files.checkout_kind(name):
            self._remove_checkout(name)
        elif installed is None and self.files.is_cut_off(name):
            logger.info("Removing what there is of %s, which was cut off", name)
            self.files.remove_software(name)

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
        self.files.change_begins(name)
        try:
            vcs.update(version, path)
            logger.info("Build %s (%s)", name, version)
            self.commands.run([self.files.software_path(name, "stage-build")], cwd=path)
            self.commands.run(["chmod", "-R", "a+rX", "."], cwd=path)
        finally:
            self.files.change_done(name)

    def _clear_way(self, name: str, wanted: Checkout, version: str) -> None:
        """Remove what is at ``/opt/NAME`` unless it is a checkout that can be moved."""
        if not self.files.has_software(name):
            return
        if self.files.is_cut_off(name):
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


@dataclass(frozen=True, slots=True)
class BulkInstaller(SoftwareInstaller):
    """Installs and removes all packages at once, and then checkouts one after the other."""

    packages: BulkPackages

    def ensure_all(self, wanted: Sequence[Software], before: BeforeStep) -> None:
        """Bring what is below ``/opt`` to the wanted software, packages first.

        If these cannot all be had, none is changed, and no checkout.
        """
        packages = [each for each in wanted if not is_checkout(each)]
        if packages:
            before(f"installing {in_words([str(each) for each in packages])}")
            self._install(packages)
        SoftwareInstaller.ensure_all(self, [each for each in wanted if is_checkout(each)], before)

    def remove_all(self, names: Sequence[str], keep: Collection[str], before: BeforeStep) -> None:
        """Remove packages and checkouts, except what is needed by a package to ``keep``."""
        packages = [name for name in names if not self.files.checkout_kind(name)]
        if packages:
            before(f"uninstalling {in_words(packages)}")
            for name in self.packages.remove_all(packages, keep):
                self.files.remove_software(name)
        SoftwareInstaller.remove_all(
            self, [name for name in names if name not in packages], keep, before
        )

    def _install(self, wanted: Sequence[Software]) -> None:
        found = self.look([software.name for software in wanted])
        todo = [
            software
            for software in wanted
            if (there := found.get(software.name)) is None
            or not satisfies(software.version, there)
        ]
        for software in todo:
            self._make_way(software.name, found.get(software.name))
        if todo:
            self.packages.install_all(todo)
