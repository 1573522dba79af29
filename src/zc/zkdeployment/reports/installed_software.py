"""Which software a host has, as its agent tells it: exact versions, and where checkouts are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: Software of a host that is told at most; how much there is, is told too.
MOST_SOFTWARE = 50
#: Characters of a text that are told.
LONGEST = 300


@dataclass(frozen=True, slots=True)
class InstalledSoftware:
    """What there is at ``/opt/NAME``.

    ``version`` is ``[EPOCH:]VERSION[-RELEASE]`` of a package, all of them where several are
    installed, separated by a comma and a space; of a checkout it is what a tree writes. ``None``:
    no package manager and no version control knows it. ``commit`` is where a checkout is, its
    commit or revision. It is not ``whole`` if a change of it was cut off.
    """

    name: str
    version: str | None = None
    commit: str | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class SoftwareSeen:
    """What a host had at the moment ``at`` (ISO 8601, UTC), by name.

    ``total`` is how much that was: of much only a part is told.
    """

    at: str
    installed: tuple[InstalledSoftware, ...] = ()
    total: int = 0


def seen_software(at: str, found: Iterable[InstalledSoftware]) -> SoftwareSeen:
    """Return what is told of what was found."""
    whole = tuple(found)
    return SoftwareSeen(at, whole[:MOST_SOFTWARE], len(whole))


def encode_software(seen: SoftwareSeen) -> dict[str, Any]:
    """Return it as a report holds it: bounded, and without what is not known."""
    return {
        "at": seen.at,
        "total": seen.total,
        "installed": [dict(_encoded(each)) for each in seen.installed[:MOST_SOFTWARE]],
    }


def _encoded(software: InstalledSoftware) -> Iterator[tuple[str, Any]]:
    for name, value in asdict(software).items():
        if isinstance(value, str):
            yield name, value[:LONGEST]
        elif value is False:
            yield name, value


def decode_software(value: Any) -> SoftwareSeen | None:
    """Return what a report holds, as far as it makes sense; ``None`` if it is nothing."""
    if not isinstance(value, Mapping) or not isinstance(at := value.get("at"), str):
        return None
    found = value.get("installed")
    installed = tuple(_decoded(found[:MOST_SOFTWARE])) if isinstance(found, list) else ()
    total = value.get("total")
    total = total if isinstance(total, int) and not isinstance(total, bool) else 0
    return SoftwareSeen(at[:LONGEST], installed, max(total, len(installed)))


def _decoded(values: Iterable[Any]) -> Iterator[InstalledSoftware]:
    for each in values:
        if isinstance(each, Mapping) and (name := _text(each.get("name"))):
            version, commit = (_text(each.get(key)) for key in ("version", "commit"))
            yield InstalledSoftware(name, version, commit, each.get("whole") is not False)


def _text(value: Any) -> str | None:
    return value[:LONGEST] if isinstance(value, str) else None
