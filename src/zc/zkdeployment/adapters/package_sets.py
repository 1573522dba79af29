"""Changes all packages of a plan at once, or none: what dnf and apt have in common.

Nothing that a package manager says about its success is believed: what is installed is read
from the database of packages, before and after. docs/adr/0015-packages-at-once.md says why.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from zc.zkdeployment.adapters.package_programs import Programs, Records, TakesAlong
from zc.zkdeployment.adapters.package_undo import put_back
from zc.zkdeployment.errors import CommandFailed, InstallFailed
from zc.zkdeployment.host.host_ports import HostFiles
from zc.zkdeployment.host.package_output import reason, unmatched
from zc.zkdeployment.host.package_records import (
    PackageRecord,
    by_name,
    fits,
    in_words,
    to_keep,
)
from zc.zkdeployment.model import Software
from zc.zkdeployment.tree.packages import InstalledPackage, package_spec, satisfies

logger = logging.getLogger(__name__)


class PackageSets:
    """Installs, queries and removes packages, many in one transaction."""

    def __init__(self, programs: Programs, files: HostFiles) -> None:
        self._programs = programs
        self._manager = programs.manager
        self._files = files

    def begin(self) -> None:
        """Start a deployment: what is offered is fetched anew before the first change."""
        self._programs.begin()

    def installed(self, name: str) -> InstalledPackage | None:
        """Return what is installed of a package; ``None`` for nothing."""
        return self.look([name]).get(name)

    def install(self, name: str, version: str | None) -> None:
        """Bring a package to ``version``. Raises as :meth:`install_all` does."""
        self.install_all([Software(name, version)])

    def remove(self, name: str) -> None:
        """Remove a package. Raises as :meth:`remove_all` does."""
        self.remove_all([name], ())

    def look(self, names: Sequence[str]) -> Mapping[str, InstalledPackage]:
        """Return what is installed of packages, by name, with one query.

        Without ``/opt/NAME``, or if that is a checkout, nothing is. Raises
        :exc:`~zc.zkdeployment.errors.CommandFailed` where that cannot be known.
        """
        return {
            name: replace(package, cut_off=True) if self._files.is_cut_off(name) else package
            for name, package in self._seen(names).items()
        }

    def install_all(self, wanted: Sequence[Software]) -> None:
        """Bring packages to their versions, up or down, in one transaction, and verify them.

        Raises :exc:`~zc.zkdeployment.errors.InstallFailed`, which names those that are not
        there and tells whether all packages are as they were; and ``CommandFailed`` where
        nothing could be begun.
        """
        for software in wanted:
            package_spec(software.name, software.version)  # refuses what is no package
        before = self._programs.everything()
        with self._manager.changing([software.name for software in wanted]) as cut_off:
            try:
                self._bring(wanted, before, cut_off)
                if self._unmet(wanted):
                    raise InstallFailed
            except (CommandFailed, InstallFailed) as error:
                raise self._failure(wanted, before, error) from error

    def remove_all(self, names: Sequence[str], keep: Collection[str]) -> Sequence[str]:
        """Remove packages, together, and what needs them unless ``keep`` names that.

        A package that cannot go without one to keep stays, with a warning; returned are
        the names of those of which nothing is installed any more.
        Raises :exc:`~zc.zkdeployment.errors.CommandFailed` or ``InstallFailed``.
        """
        records = self._query(names)
        there = {record.name for record in records}
        for name in names:
            if name not in there:
                logger.info("Not removing %s: there is no such package", name)
        stayed: frozenset[str] = frozenset()
        if there:
            with self._manager.changing(sorted(there)) as cut_off:
                stayed = self._remove_but(records, keep)
                if left := by_name(self._query(sorted(there - stayed))):
                    raise InstallFailed(f"Failed to remove {in_words(sorted(left))}")
            for name in stayed & cut_off:
                self._files.change_begins(name)  # nobody made it whole
        return [name for name in names if name not in stayed]

    def _bring(self, wanted: Sequence[Software], before: Records, cut_off: frozenset[str]) -> None:
        install: list[Software] = []
        again: list[PackageRecord] = []
        extra: list[PackageRecord] = []
        for software in wanted:
            name = software.name
            there = [record for record in before if record.name == name]
            kept = to_keep(there, software.version)
            more = [record for record in there if kept and record.package != kept.package]
            if more:
                logger.warning("%s is installed in several versions: keeping %s", name, kept)
                extra += more
            if kept is None or not fits(software.version, kept):
                install.append(software)
            elif (
                more
                or name in cut_off
                or kept.package.cut_off
                or not self._files.has_software(name)
            ):
                logger.warning("Not all of %s may be there: it is installed once more", name)
                again.append(kept)
        if extra:
            self._programs.remove(extra, ())
        if install:
            self._programs.install(install)
        if again:
            self._programs.reinstall(again)

    def _unmet(self, wanted: Sequence[Software]) -> list[str]:
        """Return, in words, which packages are not installed as they are to be."""
        found = self._seen([software.name for software in wanted])
        return [
            f"{package_spec(name, version)} (installed: {_found(found.get(name))})"
            for name, version in ((software.name, software.version) for software in wanted)
            if name not in found or not satisfies(version, found[name])
        ]

    def _failure(
        self, wanted: Sequence[Software], before: Records, error: Exception
    ) -> InstallFailed:
        """Have the packages that there were before; return what to raise."""
        why = _why(error)
        try:
            unmet = self._unmet(wanted)
            outcome = put_back(self._programs, before)
        except CommandFailed as trouble:
            unmet, outcome = [], f"it is unknown what is installed now ({trouble.why or trouble})"
        specs = unmet or [package_spec(each.name, each.version) for each in wanted]
        because = f": {why}" if why else ""
        return InstallFailed(f"Failed to install {in_words(specs)}{because}; {outcome}")

    def _remove_but(self, records: Records, keep: Collection[str]) -> frozenset[str]:
        """Remove what can be removed; return the names of what has to stay."""
        try:
            self._programs.remove(records, keep)
        except TakesAlong:
            pass
        else:
            return frozenset()
        stayed = set()
        for name in sorted({record.name for record in records}):
            mine = [record for record in self._query([name]) if record.name == name]
            try:
                if mine:  # it may have gone along with another one
                    self._programs.remove(mine, keep)
            except TakesAlong as why:
                logger.warning("Not removing %s: %s", name, why)
                stayed.add(name)
        return frozenset(stayed)

    def _seen(self, names: Sequence[str]) -> Mapping[str, InstalledPackage]:
        files = self._files
        asked = [n for n in names if files.has_software(n) and not files.checkout_kind(n)]
        return by_name(self._query(asked))

    def _query(self, names: Sequence[str]) -> Records:
        """Return what is installed of just these packages."""
        if not names:
            return ()
        wanted = {package_spec(name) for name in names}
        return [record for record in self._programs.query(names) if record.name in wanted]


def _why(error: Exception) -> str:
    """Return what the package manager gave as a reason; empty if it claims success."""
    if not isinstance(error, CommandFailed):
        return str(error)
    missing = unmatched(error.output)
    said = error.why or reason(error.output)
    return said or (f"there is no {in_words(missing)}" if missing else str(error))


def _found(package: InstalledPackage | None) -> str:
    if package is None:
        return "None"
    versions = ", ".join(each.full_version for each in (package, *package.duplicates))
    return f"{versions}, not whole" if package.cut_off else versions
