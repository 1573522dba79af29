"""The software of a host beside what is wanted there, for people and programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from zc.zkdeployment import names
from zc.zkdeployment.model import Manifest, Software
from zc.zkdeployment.reports.installed_software import LONGEST, InstalledSoftware, SoftwareSeen
from zc.zkdeployment.tree.packages import installed_package, same_checkout, satisfies

_DUPLICATES = ", "  # between the versions of a package of which several are installed


class SoftwareState(Enum):
    """How what is installed relates to what is wanted."""

    AS_WANTED = "as wanted"
    DIFFERENT = "different"
    MISSING = "missing"
    NOT_WHOLE = "not whole"
    NOT_WANTED = "not wanted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SoftwareView:
    """A directory below ``/opt``: what the tree wants there, and what is there.

    ``wanted`` is the version, or the URL of a checkout, that the tree names; ``None`` where
    any will do, nothing is wanted or nobody knows what is. ``installed`` is the exact
    version of a package, or what was checked out, ``commit`` the commit or revision of that.
    """

    name: str
    wanted: str | None
    installed: str | None
    commit: str | None
    state: SoftwareState


def software_of(
    seen: SoftwareSeen | None, wanted: Sequence[Manifest] | None
) -> tuple[SoftwareView, ...]:
    """Return the software that a host has or is to have, by name.

    ``seen`` is what its agent reports, ``None`` if it does not; ``wanted`` what a published
    revision wants there, ``None`` where there is none.
    """
    there = {each.name: each for each in seen.installed} if seen else {}
    versions = {
        software.name: software.version
        for manifest in wanted or ()
        for software in _software_of(manifest)
    }
    # Of much software only a part is told: what is not told need not be missing.
    absent = SoftwareState.MISSING if seen and len(there) == seen.total else SoftwareState.UNKNOWN
    extra = SoftwareState.UNKNOWN if wanted is None else SoftwareState.NOT_WANTED
    views = []
    for name in sorted({*versions, *there}):
        version, found = versions.get(name), there.get(name)
        if found is None:
            views.append(SoftwareView(name, version, None, None, absent))
            continue
        state = _state_of(version, found) if name in versions else extra
        views.append(SoftwareView(name, version, found.version, found.commit, state))
    return tuple(views)


def _software_of(manifest: Manifest) -> Iterator[Software]:
    for each in manifest.deployments:
        if each.n > 0:
            yield Software(each.software, each.version)
    if manifest.controller is not None:
        yield manifest.controller


def _state_of(wanted: str | None, found: InstalledSoftware) -> SoftwareState:
    """Return how software is that is wanted, and there."""
    if not found.whole:
        return SoftwareState.NOT_WHOLE
    if found.version is None or _DUPLICATES in found.version:
        return SoftwareState.DIFFERENT
    if wanted is None:
        same = True
    elif names.is_url(wanted) or names.is_url(found.version):
        same = same_checkout(found.version, wanted[:LONGEST])
    else:
        same = satisfies(wanted, installed_package(found.version))
    return SoftwareState.AS_WANTED if same else SoftwareState.DIFFERENT
