"""What is not on a host any more as it was deployed: wanted against seen, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from zc.zkdeployment import names
from zc.zkdeployment.model import Deployment, Desired, Installed, Software
from zc.zkdeployment.tree.packages import InstalledPackage, is_checkout, satisfies

#: Sentences that are kept of many.
MOST_FOUND = 20


@dataclass(frozen=True, slots=True)
class Seen:
    """What a host has of what was deployed.

    ``software`` are the names of which there is something below ``/opt``; ``packages`` what
    the package manager knows, by name; ``moved`` says of each checkout that is not where it
    was put where it is, in words.
    """

    installed: Installed = field(default_factory=Installed)
    software: frozenset[str] = frozenset()
    packages: Mapping[str, InstalledPackage] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)


def drift_of(desired: Desired, seen: Seen) -> tuple[str, ...]:
    """Return what differs from ``desired``, which was deployed; empty if nothing does."""
    return (*_of_all_software(desired, seen), *_of_deployments(desired, seen))


def damaged_packages(desired: Desired, seen: Seen) -> tuple[str, ...]:
    """Return the packages of the right version whose script is gone: no version brings it back."""
    return tuple(
        software.name
        for software in deployed_software(desired)
        if not is_checkout(software)
        and _of_software(software, seen) is None
        and _of_scripts(software, desired, seen) is not None
    )


def in_short(found: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first sentences, and how many more there are."""
    if len(found) <= MOST_FOUND:
        return found
    kept = found[: MOST_FOUND - 1]
    return (*kept, f"and {len(found) - len(kept)} more")


def deployed_software(desired: Desired) -> tuple[Software, ...]:
    """Return all software that has to be on a host, by name, that of its controller too."""
    controller = [desired.controller] if desired.controller else []
    return (*desired.software, *controller)


def _of_all_software(desired: Desired, seen: Seen) -> Iterator[str]:
    for software in deployed_software(desired):
        found = _of_software(software, seen) or _of_scripts(software, desired, seen)
        if found is not None:
            yield found


def _of_software(software: Software, seen: Seen) -> str | None:
    name, version = software.name, software.version
    is_package = not is_checkout(software)
    deployed = f"{version} was deployed" if version else "it was deployed"
    if name not in seen.software:
        return f"/opt/{name} is gone: {deployed}"
    if not is_package:
        return f"checkout {name} {seen.moved[name]}: {deployed}" if name in seen.moved else None
    package = seen.packages.get(name)
    if package is None:
        return f"package {name} is not installed: {deployed}"
    if package.duplicates:
        return f"package {name} is installed in several versions, {package}: {deployed}"
    if package.cut_off:
        return f"package {name} may not be whole, a change of it was cut off: {deployed}"
    if not satisfies(version, package):
        return f"package {name} is {package.full_version}: {deployed}"
    return None


def _of_scripts(software: Software, desired: Desired, seen: Seen) -> str | None:
    if software in desired.software:
        script, there = "zookeeper-deploy", seen.installed.applications
    else:
        script, there = "starting-deployments", seen.installed.controllers
    name = software.name
    return None if name in there else f"/opt/{name}/bin/{script} is gone"


def _of_deployments(desired: Desired, seen: Seen) -> Iterator[str]:
    there = {(found.app, found.path, found.n) for found in seen.installed.deployments}
    for wanted in desired.deployments:
        # Without its script, what is deployed does not show: that is said of the software.
        shows = wanted.rpm_name in seen.installed.applications
        if shows and (wanted.app, wanted.path, wanted.n) not in there:
            yield _gone(wanted)


def _gone(deployment: Deployment) -> str:
    file_name = names.file_name(deployment.path, deployment.n)
    return f"{deployment.path} {deployment.n}: /etc/{deployment.app}/{file_name}.deployed is gone"
