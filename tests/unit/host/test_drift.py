"""What somebody changed on a host behind the agent's back, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zc.zkdeployment.host.drift import MOST_FOUND, Seen, damaged_packages, drift_of, in_short
from zc.zkdeployment.model import (
    Deployment,
    Desired,
    Installed,
    Software,
    UnversionedDeployment,
)
from zc.zkdeployment.tree.packages import InstalledPackage

GIT = "git:///srv/worker#v1"
WEB = Deployment("web", None, "1.0", "web", "/x", 0)
WEB_1 = WEB._replace(n=1)
NUMBERED = Deployment("cms", None, None, "cms-2", "/a,b", 0)
WORKER = Deployment("worker", None, GIT, "worker", "/w", 0)


def package(version: str) -> InstalledPackage:
    return InstalledPackage("0", version, "1")


DESIRED = Desired((WEB, WEB_1, NUMBERED, WORKER), Software("controller", "3"))
WHOLE = Seen(
    Installed(
        tuple(UnversionedDeployment(d.app, d.rpm_name, d.path, d.n) for d in DESIRED.deployments),
        frozenset({"web", "cms-2", "worker"}),
        frozenset({"controller"}),
    ),
    frozenset({"web", "cms-2", "worker", "controller"}),
    {"web": package("1.0"), "cms-2": package("7"), "controller": package("3")},
)


def without(seen: Seen, name: str) -> Seen:
    """Return what is seen when ``/opt/NAME`` is gone."""
    installed = replace(
        seen.installed,
        deployments=tuple(d for d in seen.installed.deployments if d.rpm_name != name),
        applications=seen.installed.applications - {name},
        controllers=seen.installed.controllers - {name},
    )
    packages = {key: value for key, value in seen.packages.items() if key != name}
    return replace(seen, installed=installed, software=seen.software - {name}, packages=packages)


def with_package(name: str, found: InstalledPackage) -> Seen:
    return replace(WHOLE, packages={**WHOLE.packages, name: found})


def with_installed(**parts: object) -> Seen:
    return replace(WHOLE, installed=replace(WHOLE.installed, **parts))  # type: ignore[arg-type] # fields of it


FOUND = {
    "nothing": (WHOLE, []),
    "package removed": (without(WHOLE, "web"), ["/opt/web is gone: 1.0 was deployed"]),
    "package forgotten": (
        replace(WHOLE, packages={"cms-2": package("7"), "controller": package("3")}),
        ["package web is not installed: 1.0 was deployed"],
    ),
    "package changed": (
        with_package("web", package("1.1")),
        ["package web is 1.1-1: 1.0 was deployed"],
    ),
    "any release will do": (with_package("cms-2", package("8")), []),
    "package twice": (
        with_package("web", replace(package("1.0"), duplicates=(package("0.9"),))),
        ["package web is installed in several versions, 1.0, 0.9: 1.0 was deployed"],
    ),
    "package cut off": (
        with_package("web", replace(package("1.0"), cut_off=True)),
        ["package web may not be whole, a change of it was cut off: 1.0 was deployed"],
    ),
    "package without a version removed": (
        without(WHOLE, "cms-2"),
        ["/opt/cms-2 is gone: it was deployed"],
    ),
    "script gone": (
        with_installed(
            applications=frozenset({"cms-2", "worker"}),
            deployments=WHOLE.installed.deployments[2:],
        ),
        ["/opt/web/bin/zookeeper-deploy is gone"],
    ),
    "controller gone": (
        without(WHOLE, "controller"),
        ["/opt/controller is gone: 3 was deployed"],
    ),
    "script of the controller gone": (
        with_installed(controllers=frozenset()),
        ["/opt/controller/bin/starting-deployments is gone"],
    ),
    "deployed file gone": (
        with_installed(deployments=WHOLE.installed.deployments[1:]),
        ["/x 0: /etc/web/x.0.deployed is gone"],
    ),
    "deployed file with a comma gone": (
        with_installed(
            deployments=tuple(d for d in WHOLE.installed.deployments if d.app != "cms")
        ),
        ["/a,b 0: /etc/cms/a%2Cb.0.deployed is gone"],
    ),
    "checkout removed": (without(WHOLE, "worker"), [f"/opt/worker is gone: {GIT} was deployed"]),
    "checkout moved": (
        replace(WHOLE, moved={"worker": "is at git:///srv/worker#v2"}),
        [f"checkout worker is at git:///srv/worker#v2: {GIT} was deployed"],
    ),
    "more than was deployed": (
        with_installed(
            deployments=(
                *WHOLE.installed.deployments,
                UnversionedDeployment("other", "other", "/o", 0),
            )
        ),
        [],
    ),
}


@pytest.mark.parametrize(("seen", "sentences"), FOUND.values(), ids=FOUND)
def test_what_differs_is_said(seen: Seen, sentences: list[str]) -> None:
    assert list(drift_of(DESIRED, seen)) == sentences


def test_a_host_from_which_all_was_taken_is_told_in_short() -> None:
    many = Desired(
        tuple(Deployment(f"a{n}", None, "1", f"a{n}", f"/x{n}", 0) for n in range(1000))
    )
    found = in_short(drift_of(many, Seen()))
    assert len(found) == MOST_FOUND
    assert found[0] == "/opt/a0 is gone: 1 was deployed"
    assert found[-1] == "and 981 more"
    assert in_short(found[:3]) == found[:3]


def test_a_package_without_its_script_has_to_be_installed_once_more() -> None:
    """Its version is the right one: that alone would bring nothing back."""
    names = {name: damaged_packages(DESIRED, seen) for name, (seen, _) in FOUND.items()}
    assert {name: found for name, found in names.items() if found} == {
        "script gone": ("web",),
        "script of the controller gone": ("controller",),
    }
