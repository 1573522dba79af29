"""Looks which software a host has, whenever that may have changed, and has it reported."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime

from zc.zkdeployment.host.fleet_ports import Progress
from zc.zkdeployment.host.host_ports import HostFiles
from zc.zkdeployment.host.software import SoftwareInstaller
from zc.zkdeployment.moments import text_of
from zc.zkdeployment.reports.installed_software import InstalledSoftware, seen_software
from zc.zkdeployment.reports.report import Report

logger = logging.getLogger(__name__)


class Inventory:
    """Keeps what ``progress`` reports of the software below ``/opt`` as it is there.

    ``software`` only looks. Called by the thread that deploys, once it has nothing to do: no
    other host waits for that.
    """

    def __init__(self, files: HostFiles, software: SoftwareInstaller, progress: Progress) -> None:
        self._files = files
        self._software = software
        self._progress = progress
        self._done: object = None
        self._said = ""

    def look(self) -> None:
        """Look, if something was deployed or verified since the last time.

        Where it fails, that is logged, and reported is that nothing is known.
        """
        done = _done(self._progress.current())
        if done == self._done:
            return
        self._done = done
        at = text_of(datetime.now(UTC))
        try:
            seen = seen_software(at, software_there(self._files, self._software))
        except Exception as error:  # whatever it is, a look must not end the agent
            self._progress.has(None)
            if str(error) != self._said:  # once, not every time
                self._said = str(error)
                logger.warning("Cannot tell which software is installed: %s", error)
        else:
            self._progress.has(seen)


def _done(report: Report) -> object:
    """Return what is another one once the host may have other software."""
    return report.began, report.results, report.drift and report.drift.checked


def software_there(files: HostFiles, software: SoftwareInstaller) -> Iterator[InstalledSoftware]:
    """Yield the applications and role controllers below ``/opt``, by name.

    With one query for all packages. Raises :exc:`~zc.zkdeployment.errors.CommandFailed` and
    ``OSError``.
    """
    there = files.installed()
    names = sorted(there.applications | there.controllers)
    kinds = {name: files.checkout_kind(name) for name in names}
    packages = software.look([name for name in names if kinds[name] is None])
    for name in names:
        whole = not files.is_cut_off(name)
        if (kind := kinds[name]) is not None:
            path, vcs = files.software_path(name), software.checkouts[kind]
            yield InstalledSoftware(name, vcs.recorded(path), vcs.commit(path), whole)
        elif (package := packages.get(name)) is not None:
            versions = (package, *package.duplicates)
            text = ", ".join(each.full_version for each in versions)
            yield InstalledSoftware(name, text, None, whole and not package.cut_off)
        else:
            yield InstalledSoftware(name, whole=whole)
