"""What the databases of rpm and dpkg say about installed packages, and what two answers differ in.

Both are asked for one line per package, with a tab between its columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from zc.zkdeployment.tree.packages import InstalledPackage, satisfies

#: What rpm is asked for with ``--qf``.
RPM_FORMAT = r"%{NAME}\t%{EPOCHNUM}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\n"

#: What dpkg-query is asked for with ``-f``.
DPKG_FORMAT = r"${Package}\t${Version}\t${Architecture}\t${db:Status-Status}\n"

_KEYS = "gpg-pubkey"  # rpm keeps keys as packages; no package manager changes these
_MOST_IN_WORDS = 5
_GONE = {"not-installed", "config-files"}
_WHOLE = {"installed", "triggers-awaited", "triggers-pending"}


@dataclass(frozen=True, slots=True)
class PackageRecord:
    """A package that is installed; a name may have several, of different versions."""

    name: str
    architecture: str
    package: InstalledPackage

    def __str__(self) -> str:
        return f"{self.name}-{self.package.full_version}"


def parse_rpm(output: str) -> Iterator[PackageRecord]:
    """Yield what rpm printed in :data:`RPM_FORMAT`; that there is no such package is no record."""
    for line in output.splitlines():
        columns = line.split("\t")
        if len(columns) == 5 and columns[0] != _KEYS:
            name, epoch, version, release, architecture = columns
            yield PackageRecord(name, architecture, InstalledPackage(epoch, version, release))


def parse_dpkg(output: str) -> Iterator[PackageRecord]:
    """Yield what dpkg-query printed in :data:`DPKG_FORMAT`.

    A package of which dpkg knows that it is half unpacked or half configured was cut off.
    """
    for line in output.splitlines():
        columns = line.split("\t")
        if len(columns) == 4 and columns[3] not in _GONE:
            name, full_version, architecture, status = columns
            package = replace(debian_version(full_version), cut_off=status not in _WHOLE)
            yield PackageRecord(name, architecture, package)


def parse_madison(output: str) -> dict[str, list[str]]:
    """Return the versions of each package that ``apt-cache madison`` printed, highest first."""
    offered: dict[str, list[str]] = {}
    for line in output.splitlines():
        columns = [column.strip() for column in line.split("|")]
        if len(columns) == 3:
            offered.setdefault(columns[0], []).append(columns[1])
    return offered


def parse_simulated_removal(output: str) -> frozenset[str]:
    """Return the names of the packages that ``apt-get -s remove`` would remove."""
    words = (line.split() for line in output.splitlines())
    return frozenset(
        each[1].partition(":")[0] for each in words if len(each) > 1 and each[0] == "Remv"
    )


def debian_version(text: str) -> InstalledPackage:
    """Return the package that has a version ``[EPOCH:]VERSION[-REVISION]``."""
    epoch, colon, rest = text.partition(":")
    if not colon:
        epoch, rest = "0", text
    version, dash, revision = rest.rpartition("-")
    return InstalledPackage(epoch, version if dash else revision, revision if dash else "")


def by_name(records: Collection[PackageRecord]) -> Mapping[str, InstalledPackage]:
    """Return what is installed of each package, with the other versions as duplicates.

    One version for two architectures is none.
    """
    versions: dict[str, dict[InstalledPackage, None]] = {}
    for record in records:
        versions.setdefault(record.name, {})[record.package] = None
    found: dict[str, InstalledPackage] = {}
    for name, packages in versions.items():
        *duplicates, package = packages
        found[name] = replace(package, duplicates=tuple(duplicates))
    return found


def to_keep(there: Collection[PackageRecord], wanted: str | None) -> PackageRecord | None:
    """Return which of a package's records is to stay: the wanted one, or else the last."""
    fitting = [record for record in there if fits(wanted, record)]
    candidates = fitting or list(there)
    return candidates[-1] if candidates else None


def fits(wanted: str | None, record: PackageRecord) -> bool:
    """Tell whether the version is the wanted one, whole or not."""
    return satisfies(wanted, replace(record.package, cut_off=False))


def difference(before: Collection[PackageRecord], now: Collection[PackageRecord]) -> str:
    """Return in words what packages differ in; empty for nothing."""
    came = sorted(map(str, (Counter(now) - Counter(before)).elements()))
    went = sorted(map(str, (Counter(before) - Counter(now)).elements()))
    return "; ".join(
        f"{what} {in_words(records)}"
        for what, records in (("missing:", went), ("too many:", came))
        if records
    )


def in_words(things: Collection[str]) -> str:
    """Return the first few of many things, and how many more there are."""
    shown = ", ".join(list(things)[:_MOST_IN_WORDS])
    more = len(things) - _MOST_IN_WORDS
    return f"{shown} and {more} more" if more > 0 else shown
