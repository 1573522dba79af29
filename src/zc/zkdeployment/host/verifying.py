"""Looks now and then whether what was deployed on this host is still there."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from zc.zkdeployment.errors import Abandoned, Unreachable, as_builtin
from zc.zkdeployment.host.desired import assemble
from zc.zkdeployment.host.drift import (
    Seen,
    damaged_packages,
    deployed_software,
    drift_of,
    in_short,
)
from zc.zkdeployment.host.fleet_ports import Progress, Trees
from zc.zkdeployment.host.host_ports import HostFiles
from zc.zkdeployment.host.rhythm import LATE, rhythm_of
from zc.zkdeployment.host.software import SoftwareInstaller
from zc.zkdeployment.model import Desired, Identity, Version, same_version
from zc.zkdeployment.moments import text_of
from zc.zkdeployment.reports.report import Drift
from zc.zkdeployment.tree.packages import checkout, is_checkout

logger = logging.getLogger(__name__)


class Verifier:
    """Verifies what was deployed every ``interval`` seconds; 0 stands for never.

    ``software`` only looks. Hosts do it at different moments, by their identifier, and
    none sooner than half an interval after it started.
    With ``repairs`` what is found is repaired, less and less often while that does not help.
    """

    def __init__(
        self,
        identity: Identity,
        files: HostFiles,
        software: SoftwareInstaller,
        trees: Trees,
        progress: Progress,
        interval: float,
        *,
        repairs: bool = False,
    ) -> None:
        self._repairs = repairs
        self._identity = identity
        self._files = files
        self._software = software
        self._trees = trees
        self._progress = progress
        self._rhythm = rhythm_of(identity.host_identifier, interval)
        self._deployed: tuple[Version, Desired] | None = None
        self._found: tuple[str, ...] = ()
        self._damaged: tuple[str, ...] = ()
        self._drift = Drift("")
        self._said = ""
        self._tried = 0  # repairs, since nothing was found
        self._last_try = 0.0
        self._next = self._rhythm.after(time.monotonic())

    def deployed(self, version: Version, desired: Desired) -> None:
        """Remember what was deployed; what had drifted from it before is repaired by that."""
        again = self._deployed is not None and same_version(self._deployed[0], version)
        repaired = in_short(self._found) if again else ()
        self._tried = self._tried if again else 0
        self._deployed = version, desired
        self._found = ()
        self._drift = Drift(_now(), (), repaired, _now() if repaired else None)
        self._next = self._rhythm.after(time.monotonic())
        if repaired:
            self._progress.verified(self._drift)

    def left(self) -> float | None:
        """Return the seconds until it is time to verify; ``None`` for never."""
        return max(0.0, self._next - time.monotonic()) if self._rhythm.interval else None

    def verify(self, version: Version, deploy_again: Callable[[Desired], None]) -> bool:
        """Look whether ``version`` is here as it was deployed, if it is time, and report it.

        Where it is not, and drift is to be repaired, calls ``deploy_again`` with what it
        wants; tells whether it did. That this fails concerns no other host: it is reported.
        Raises :exc:`~zc.zkdeployment.errors.Unreachable`, and ``Abandoned`` as that does.
        """
        if self.left() != 0.0 or not self._is_in_time():
            return False
        desired = self._drifted_from(version)
        if desired is None or not self._repairs:
            return False
        if not self._rhythm.may_repair(self._tried, self._last_try, time.monotonic()):
            return False
        logger.warning("Repairing drift: deploying version %s again", version)
        for name in self._damaged:
            self._files.change_begins(name)  # it is taken for cut off, and installed once more
        self._repair(version, lambda: deploy_again(desired))
        return True

    def _is_in_time(self) -> bool:
        """Tell whether to look now that it is time; where it was long ago, the turn is over."""
        now = time.monotonic()
        in_time = now - self._next <= LATE
        self._next = self._rhythm.after(now) if in_time else self._rhythm.next_turn(now)
        return in_time

    def _repair(self, version: Version, deploy_again: Callable[[], None]) -> None:
        self._tried += 1
        found = self._found
        try:
            deploy_again()
        except Unreachable:
            raise
        except Abandoned:
            self._tried -= 1
            # To go on there as with any other deployment could stop the fleet.
            self._files.write_version(version)
            raise
        except Exception as error:  # whatever it is, the fleet goes on
            self._files.write_version(version)  # it is what the host is at, as far as it is
            self._unrepaired(error, found)
        else:
            logger.info("Repaired drift: version %s is deployed again", version)
        finally:
            self._last_try = time.monotonic()

    def _drifted_from(self, version: Version) -> Desired | None:
        """Report what is not as it was deployed; return what is wanted if there is any."""
        try:
            desired = self._wanted(version)
            if desired is None:
                return None
            seen = look(desired, self._files, self._software)
            found = drift_of(desired, seen) or self._in_part(version)
        except Unreachable:
            raise
        except Exception as error:  # whatever it is, a look must not end the agent
            self._say(f"Cannot verify version {version}: {error}")
            return None
        for sentence in in_short(tuple(each for each in found if each not in self._found)):
            logger.warning("Drift from version %s: %s", version, sentence)
        self._found = found
        self._damaged = damaged_packages(desired, seen)
        if found:
            self._drift = Drift(_now(), in_short(found), unrepaired=self._drift.unrepaired)
        else:
            self._tried = 0
            self._drift = replace(self._drift, checked=_now(), found=())
        self._progress.verified(self._drift)
        return desired if found else None

    def _in_part(self, version: Version) -> tuple[str, ...]:
        """Return what there is to repair where a repair failed and nothing else shows."""
        if self._drift.unrepaired is None:
            return ()
        return (f"version {version} may be here in part: a repair of drift failed on the way",)

    def _unrepaired(self, error: Exception, found: tuple[str, ...]) -> None:
        plain = as_builtin(error)
        logger.error("repairing drift", exc_info=(type(plain), plain, error.__traceback__))
        self._progress.unrepaired(error)
        self._found = found
        self._drift = Drift(_now(), in_short(found), unrepaired=str(error))
        self._progress.verified(self._drift)

    def _wanted(self, version: Version) -> Desired | None:
        """Return what a version wanted when it was deployed; ``None`` where nobody knows.

        The live tree may have changed since: that is no drift.
        """
        if self._deployed is None or not same_version(self._deployed[0], version):
            manifests = self._trees.read_manifests(version, self._identity.targets)
            if manifests is None:
                self._say(
                    f"Version {version} is not verified: it is no published revision, and was"
                    " not deployed since this agent started"
                )
                return None
            self._deployed = version, assemble(manifests, self._identity)
        return self._deployed[1]

    def _say(self, words: str) -> None:
        """Log something once, not every time."""
        if words != self._said:
            self._said = words
            logger.warning("%s", words)


def look(desired: Desired, files: HostFiles, software: SoftwareInstaller) -> Seen:
    """Look at what a host has of what was deployed there, with one query for all packages.

    Raises :exc:`~zc.zkdeployment.errors.CommandFailed` and ``OSError``.
    """
    wanted = deployed_software(desired)
    there = [each for each in wanted if files.has_software(each.name)]
    packages = [each.name for each in there if not is_checkout(each)]
    moved = {
        each.name: where
        for each in there
        if each.version is not None
        and is_checkout(each)
        and (where := _moved(each.name, each.version, files, software)) is not None
    }
    return Seen(
        files.installed(),
        frozenset(each.name for each in there),
        software.look(packages),
        moved,
    )


def _moved(name: str, version: str, files: HostFiles, software: SoftwareInstaller) -> str | None:
    wanted = checkout(version, name)
    if wanted is None:
        return None
    if files.is_cut_off(name):
        return "was cut off while it was changed"
    if files.checkout_kind(name) != wanted.kind:
        return f"is no checkout by {wanted.kind} any more"
    return software.checkouts[wanted.kind].moved(version, files.software_path(name))


def _now() -> str:
    return text_of(datetime.now(UTC))
