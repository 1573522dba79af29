"""Packages by way of ``yum``.

The commands and their order are those of agent.txt, "Basic updates" and "Don't
trust yum"; companions.md, "Other behaviour worth keeping". Where a package manager was
killed, or lies, more follow: docs/adr/0014-packages.md.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from zc.zkdeployment.adapters.package_manager import PATIENCE, PackageManager
from zc.zkdeployment.errors import CommandFailed, InstallFailed
from zc.zkdeployment.host.host_ports import Commands, HostFiles
from zc.zkdeployment.host.package_output import ran_transaction, says_already_installed
from zc.zkdeployment.tree.packages import (
    InstalledPackage,
    other_readings,
    package_spec,
    parse_list_installed,
    satisfies,
)

_MOST_NAMES = 200  # in one query: of a long answer the middle would be left out

logger = logging.getLogger(__name__)


class Yum:
    """Installs, queries and removes packages, believing nothing that yum's exit code says.

    It waits for ``patience`` seconds where another program holds yum's database.
    """

    def __init__(
        self, commands: Commands, files: HostFiles, *, patience: float = PATIENCE
    ) -> None:
        self._yum = PackageManager("yum", commands, files, patience)
        self._files = files
        self._clean = False
        self._seen: dict[str, InstalledPackage | None] = {}

    def begin(self) -> None:
        """Start a deployment: yum's idea of what there is gets renewed before it installs."""
        self._clean = False
        self._seen.clear()

    def installed(self, name: str) -> InstalledPackage | None:
        """Return what is installed of a package; ``None`` for nothing.

        Without ``/opt/NAME``, or if that is a checkout, nothing is, and yum
        is not asked. Raises :exc:`~zc.zkdeployment.errors.CommandFailed` if yum does not know.
        """
        found = self._look(name)
        if found is not None and self._files.is_cut_off(name):
            return replace(found, cut_off=True)
        return found

    def look(self, names: Sequence[str]) -> Mapping[str, InstalledPackage]:
        """Return what is installed of packages, by name, with as few queries as can be.

        Otherwise as :meth:`installed`.
        """
        files = self._files
        asked = [n for n in names if files.has_software(n) and not files.checkout_kind(n)]
        found: dict[str, InstalledPackage | None] = {}
        for start in range(0, len(asked), _MOST_NAMES):
            some = asked[start : start + _MOST_NAMES]
            listed = self._list(some)
            found |= {name: parse_list_installed(listed, name) for name in some}
        return {
            name: replace(package, cut_off=True) if files.is_cut_off(name) else package
            for name, package in found.items()
            if package is not None
        }

    def install(self, name: str, version: str | None) -> None:
        """Bring a package to ``version``, up or down, and verify it.

        Raises :exc:`~zc.zkdeployment.errors.InstallFailed` or ``CommandFailed``.
        """
        spec = package_spec(name, version)
        with _telling_of(spec):
            if not self._clean:
                self._yum.run("-y", "clean", "all")
                self._clean = True
            with self._yum.changing([name]) as cut_off:
                installed = self._bring(name, version, name in cut_off)
                if installed is None or not satisfies(version, installed):
                    detailed = installed and _is_detailed(version)
                    found = installed.full_version if installed and detailed else installed
                    raise InstallFailed(f"Failed to install {spec} (installed: {found})")

    def remove(self, name: str) -> None:
        """Remove a package. Raises :exc:`~zc.zkdeployment.errors.CommandFailed`."""
        spec = package_spec(name)
        if self._may_mean_another(name) and self._ask(name) is None:
            logger.info("Not removing %s: there is no such package", name)
            return
        with self._yum.changing([name]):
            self._yum.change(["-y", "remove"], [spec])
        self._seen[name] = None

    def _bring(self, name: str, version: str | None, cut_off: bool) -> InstalledPackage | None:
        """Return what is installed after all was tried to have the version."""
        said = self._change_to("install", name, version)
        installed, repaired = self._look_once(name, version)
        if installed is not None and not satisfies(version, installed):
            said += self._change_to("downgrade", name, version)
            installed, repaired = self._look_once(name, version)
        missing = installed is None and says_already_installed(said)
        suspect = installed is not None and (cut_off or repaired) and satisfies(version, installed)
        if missing or (suspect and not ran_transaction(said)):
            logger.warning("Not all of %s may be there: it is installed once more", name)
            self._change_to("reinstall", name, version)
            installed, _ = self._look_once(name, version)
        return installed

    def _change_to(self, verb: str, name: str, version: str | None) -> str:
        """Change a package to a version; return what yum said.

        Once more, and clearer, where yum took another package for what was meant.
        """
        spec = self._yum.spec(name, version)
        said = self._yum.change(["-y", verb], [spec])
        if (clearer := self._yum.spec(name, version)) != spec:
            said += self._yum.change(["-y", verb], [clearer])
        return said

    def _may_mean_another(self, name: str) -> bool:
        """Tell whether yum may take a name for another package and its version."""
        return any(
            self._files.has_software(other)
            and ((seen := self._seen.get(other)) is None or satisfies(version, seen))
            for other, version in other_readings(name)
        )

    def _look(self, name: str) -> InstalledPackage | None:
        if not self._files.has_software(name) or self._files.checkout_kind(name):
            return None
        return self._ask(name)

    def _look_once(self, name: str, version: str | None) -> tuple[InstalledPackage | None, bool]:
        """Return what is installed, after duplicates were removed, and whether there were any.

        They are what yum leaves when it is killed in an upgrade. The wanted
        version stays, or else the one that is listed last.
        """
        installed = self._look(name)
        if installed is None or not installed.duplicates:
            return installed, False
        stay, *go = sorted(
            (replace(installed, duplicates=()), *installed.duplicates),
            key=lambda package: not satisfies(version, package),
        )
        logger.warning(
            "%s is installed in several versions: %s; keeping %s", name, installed, stay
        )
        for package in go:
            self._yum.change(["-y", "remove"], [package_spec(name, package.full_version)])
        return self._look(name), True

    def _ask(self, name: str) -> InstalledPackage | None:
        found = self._seen[name] = parse_list_installed(self._list([name]), name)
        return found

    def _list(self, names: Sequence[str]) -> str:
        try:
            return self._yum.run("-q", "list", "installed", *map(package_spec, names))
        except CommandFailed as error:
            if error.why:
                raise
            return ""  # all that it says is that there is none


@contextlib.contextmanager
def _telling_of(spec: str) -> Iterator[None]:
    """Have errors name the package and the version that is wanted."""
    try:
        yield
    except CommandFailed as error:
        if spec in error.argv:
            raise
        raise InstallFailed(f"Failed to install {spec}: {error}") from error


def _is_detailed(version: str | None) -> bool:
    """Tell whether a version names an epoch or a release."""
    return version is not None and not {":", "-"}.isdisjoint(version)
