"""Real packages, in a real repository, for a real dnf with a root directory of its own.

::

    repository = PackageRepository(directory / "repository")
    repository.add(Package("z4m", "1.0.0"), Package("z4m", "2.0.0"))
    yum_launcher(directory / "bin", root, repository)

With that ``bin`` in front on ``PATH``, ``yum -y install z4m-1.0.0`` installs
below ``root/opt/z4m``. With :func:`dnf_launchers` ``dnf`` does, and ``rpm`` tells what is there.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from zc.zkdeployment.lab.scripts import application

#: Where rpm keeps its data below the root; distributions differ.
RPM_DATABASE = "/root/.rpmdb"


@dataclass(frozen=True, slots=True)
class Package:
    """A package to be built.

    ``files`` maps paths, relative to ``/opt/NAME`` or absolute, to contents; one that
    starts with ``#!`` is made executable. ``scriptlets`` maps ``post``, ``preun``
    and so on to Lua code: the root has no shell for them. ``tags`` maps ``Requires``,
    ``Conflicts`` and so on to what they say.
    """

    name: str
    version: str
    release: str = "1"
    epoch: int | None = None
    files: Mapping[str, str] = field(default_factory=application)
    scriptlets: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    architecture: str = "noarch"

    @property
    def file_name(self) -> str:
        """What its file is called: as rpmbuild does, but with the epoch if there is one."""
        epoch = "" if self.epoch is None else f"epoch{self.epoch}."
        return f"{self.name}-{self.version}-{self.release}.{epoch}{self.architecture}.rpm"


class PackageRepository:
    """A directory of packages and what dnf wants to know about them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True)
        self.index()

    def add(self, *packages: Package) -> None:
        """Build packages, several at a time, and offer them."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self._build, packages))
        self.index()

    def withdraw(self, *packages: Package) -> None:
        """Offer packages no longer."""
        for package in packages:
            self.path(package).unlink()
        self.index()

    def path(self, package: Package) -> Path:
        """Return the file of a package that was added."""
        return self.directory / package.file_name

    def index(self) -> None:
        """Say what is offered, after something was changed by other means."""
        # Not --update: what is signed in the second in which it was built may look unchanged.
        run("createrepo_c", "--quiet", "--no-database", str(self.directory))

    def _build(self, package: Package) -> None:
        work = self.directory.with_name(f"{self.directory.name}-{package.file_name}.build")
        software = Path("/opt", package.name)
        (work / f"files{software}").mkdir(parents=True)
        for path, content in package.files.items():
            write_file(work / f"files{software / path}", content)
        specification = work / "package.spec"
        specification.write_text(_specification(package))
        run(
            "rpmbuild",
            "-bb",
            "--quiet",
            *_define("_topdir", work),
            *_define("_rpmdir", self.directory),
            *_define("_rpmfilename", package.file_name),
            *_define("_binary_payload", "w0.gzdio"),
            *_define("__os_install_post", "%{nil}"),
            *_define("debug_package", "%{nil}"),
            str(specification),
        )
        shutil.rmtree(work)


def yum_launcher(
    directory: Path, root: Path, repository: PackageRepository, key: Path | None = None
) -> Path:
    """Write ``directory/yum``, which is dnf for ``root`` and ``repository``; return its path.

    With the file of a public ``key``, only packages that are signed with that are installed.
    """
    return _write_launcher(directory / "yum", _dnf(directory, root, repository, key))


def dnf_launchers(directory: Path, root: Path, repository: PackageRepository) -> Path:
    """Write ``dnf`` and ``rpm`` for ``root`` and ``repository``; return the path of the first."""
    rpm = [installed_program("rpm", directory), "--root", str(root), "--dbpath", RPM_DATABASE]
    _write_launcher(directory / "rpm", rpm)
    return _write_launcher(directory / "dnf", _dnf(directory, root, repository, None))


def installed_program(name: str, directory: Path) -> str:
    """Return where a program is, not counting what is in ``directory`` by the same name."""
    places = os.environ.get("PATH", os.defpath).split(os.pathsep)
    others = (place for place in places if Path(place) != directory)
    return shutil.which(name, path=os.pathsep.join(others)) or name


def _dnf(
    directory: Path, root: Path, repository: PackageRepository, key: Path | None
) -> list[str]:
    configuration = directory / "dnf.conf"
    write_file(
        configuration,
        f"[main]\ngpgcheck={int(bool(key))}\nplugins=0\nreposdir=/nonexistent\nlogdir=/var/log\n"
        "cachedir=/var/cache/dnf\npersistdir=/var/lib/dnf\n"
        f"[lab]\nname=lab\nbaseurl=file://{repository.directory}\n"
        + (f"gpgkey=file://{key}\n" if key else ""),
    )
    dnf = installed_program("dnf", directory)
    return [dnf, "-c", str(configuration), f"--installroot={root}", "--releasever=1"]


def _write_launcher(launcher: Path, argv: Sequence[str]) -> Path:
    # rpm derives the place of its data from HOME here: see RPM_DATABASE.
    write_file(launcher, f'#!/bin/sh\nHOME=/root exec {shlex.join(argv)} "$@"\n')
    return launcher


def write_file(path: Path, content: str) -> None:
    """Write a file, and its directory if need be; executable if it starts with ``#!``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o755 if content.startswith("#!") else 0o644)


def run(*argv: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run a program; return its standard output, stripped.

    Raises ``RuntimeError`` with all that it printed.
    """
    done = subprocess.run(
        argv,
        cwd=cwd,
        env=os.environ | dict(env or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{shlex.join(argv)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def _define(name: str, value: object) -> Sequence[str]:
    return "--define", f"{name} {value}"


def _specification(package: Package) -> str:
    epoch = "" if package.epoch is None else f"Epoch: {package.epoch}\n"
    tags = "".join(f"{tag}: {value}\n" for tag, value in package.tags.items())
    if package.architecture == "noarch":
        tags += "BuildArch: noarch\n"
    files = "".join(f"{path}\n" for path in package.files if path.startswith("/"))
    scriptlets = "".join(f"%{name} -p <lua>\n{lua}\n" for name, lua in package.scriptlets.items())
    return (
        f"Name: {package.name}\nVersion: {package.version}\nRelease: {package.release}\n{epoch}"
        f"Summary: made by the lab\nLicense: MIT\nAutoReqProv: no\n{tags}"
        "%description\nMade by the lab.\n"
        "%install\ncp -a %{_topdir}/files/. %{buildroot}\n"
        f"%files\n/opt/{package.name}\n{files}{scriptlets}"
    )
