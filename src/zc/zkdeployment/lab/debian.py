"""Real packages of Debian, for a real apt and dpkg with a root directory of their own.

::

    repository = DebianRepository(directory / "repository")
    repository.add(Package("web", "1.0"), Package("web", "2.0"))
    apt_launchers(directory / "bin", root, repository)

With that ``bin`` in front on ``PATH``, ``apt-get update`` and then ``apt-get -y install web``
install below ``root/opt/web``.
"""

from __future__ import annotations

import hashlib
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from zc.zkdeployment.lab.packages import Package, installed_program, run, write_file

_DIRECTORIES = (
    *("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/apt/lists/partial"),
    *("var/cache/apt/archives/partial", "var/log/apt", "etc/apt/apt.conf.d"),
    *("etc/apt/preferences.d", "etc/apt/sources.list.d"),
)


class DebianRepository:
    """A directory of packages and their index.

    Of a :class:`~zc.zkdeployment.lab.packages.Package` ``scriptlets`` maps ``preinst``,
    ``postinst`` and so on to shell commands, and ``tags`` ``Depends`` and so on to what they
    say. What is for any architecture is for ``all``.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True)
        self._entries: dict[str, str] = {}
        self._index()

    def add(self, *packages: Package) -> None:
        """Build packages and offer them."""
        for package in packages:
            name = f"{package.name}_{debian_version(package).replace(':', '%3a')}.deb"
            self._build(package, name)
            content = (self.directory / name).read_bytes()
            self._entries[name] = (
                f"{_control(package)}Filename: ./{name}\nSize: {len(content)}\n"
                f"SHA256: {hashlib.sha256(content).hexdigest()}\n"
            )
        self._index()

    def withdraw(self, package: Package) -> None:
        """Offer a package no longer."""
        del self._entries[f"{package.name}_{debian_version(package).replace(':', '%3a')}.deb"]
        self._index()

    def _index(self) -> None:
        (self.directory / "Packages").write_text("\n".join(self._entries.values()))

    def _build(self, package: Package, name: str) -> None:
        work = self.directory.with_name(f"{self.directory.name}-{name}.build")
        software = Path("/opt", package.name)
        write_file(work / "DEBIAN/control", _control(package))
        for script, commands in package.scriptlets.items():
            write_file(work / "DEBIAN" / script, f"#!/bin/sh\n{commands}\n")
        for path, content in package.files.items():
            write_file(work / str(software / path).lstrip("/"), content)
        run("dpkg-deb", "--root-owner-group", "-b", str(work), str(self.directory / name))
        shutil.rmtree(work)


def debian_version(package: Package) -> str:
    """Return the version of a package as Debian writes it; without a release it has none."""
    epoch = "" if package.epoch is None else f"{package.epoch}:"
    release = f"-{package.release}" if package.release else ""
    return f"{epoch}{package.version}{release}"


def apt_launchers(directory: Path, root: Path, repository: DebianRepository) -> Path:
    """Write ``apt-get`` and what belongs to it for ``root`` and ``repository``.

    Returns the path of ``apt-get``.
    """
    for name in _DIRECTORIES:
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "var/lib/dpkg/status").touch()
    write_file(
        root / "etc/apt/sources.list", f"deb [trusted=yes] file:{repository.directory} ./\n"
    )
    configuration = directory / "apt.conf"
    dpkg = ["--root=" + str(root), "--force-script-chrootless"]
    write_file(
        configuration,
        f'Dir "{root}";\nDir::State::status "{root}/var/lib/dpkg/status";\n'
        f'Dir::Bin::dpkg "{installed_program("dpkg", directory)}";\n'
        'Dir::Bin::Methods "/usr/lib/apt/methods";\nAPT::Sandbox::User "root";\n'
        f"DPkg::Options {{ {' '.join(f'{chr(34)}{option}{chr(34)};' for option in dpkg)} }};\n",
    )
    admin = f"--admindir={root}/var/lib/dpkg"
    _launch(directory / "dpkg-query", configuration, [admin])
    _launch(directory / "dpkg", configuration, dpkg)
    _launch(directory / "apt-cache", configuration, [])
    return _launch(directory / "apt-get", configuration, [])


def _launch(launcher: Path, configuration: Path, options: Sequence[str]) -> Path:
    argv = [installed_program(launcher.name, launcher.parent), *options]
    configured = f"APT_CONFIG={shlex.quote(str(configuration))}"
    write_file(launcher, f'#!/bin/sh\n{configured} exec {shlex.join(argv)} "$@"\n')
    return launcher


def _control(package: Package) -> str:
    architecture = "all" if package.architecture == "noarch" else package.architecture
    tags = "".join(f"{tag}: {value}\n" for tag, value in package.tags.items())
    return (
        f"Package: {package.name}\nVersion: {debian_version(package)}\n"
        f"Architecture: {architecture}\nMaintainer: lab <lab@example.com>\n{tags}"
        "Description: made by the lab\n"
    )
