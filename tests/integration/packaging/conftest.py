"""Packages that were built once, and machines on which each is installed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.machine import Machine, booted

from zc.zkdeployment.lab.packages import Package, PackageRepository

TOP = Path(__file__).parents[3]

# What an RPM needs and only the system below a machine has, which knows no RPMs.
_SYSTEM = Package(
    "python3",
    "3.11",
    files={},
    tags={"Provides": "python(abi) = 3.11, /usr/bin/python3, /bin/sh"},
)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The packages of this checkout, by kind."""
    output = tmp_path_factory.mktemp("built")
    return build(output)


def build(output: Path, *kinds: str) -> dict[str, Path]:
    """Build packages with ``script/package``; return their paths by kind."""
    done = subprocess.run(
        [str(TOP / "script/package"), "--output", str(output), *kinds],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    paths = [Path(line) for line in done.stdout.splitlines()]
    return {path.suffix[1:]: path for path in paths}


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that stands for the system itself."""
    repository = PackageRepository(tmp_path_factory.mktemp("system") / "repository")
    repository.add(_SYSTEM)
    return repository.path(_SYSTEM)


def install(machine: Machine, kind: str, package: Path, system: Path) -> None:
    """Install or update the package as a person would."""
    machine.run("sh", "-c", installing(machine, kind, package, system))


def installing(machine: Machine, kind: str, package: Path, system: Path) -> str:
    """Return the command that installs or updates the package, which is brought there."""
    there = machine.bring(package, "/srv")
    if kind == "deb":
        return f"dpkg --install --no-triggers {there}"
    return f"rpm --upgrade --replacepkgs {machine.bring(system, '/srv')} {there}"


@pytest.fixture(scope="module", params=["deb", "rpm"])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of package that is installed."""
    found: str = request.param
    return found


@pytest.fixture(scope="module")
def machine(
    kind: str, built: dict[str, Path], system: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """A machine that the package was installed on."""
    with booted(tmp_path_factory.mktemp("machine")) as made:
        install(made, kind, built[kind], system)
        made.run("systemctl", "start", "systemd-journald.socket", "systemd-journald.service")
        yield made
