"""A host with a dnf, an rpm and a repository of its own, and what must hold on it.

Cases bring ``app`` to a version there as an agent does, and note what must not be.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.faults.package_gates import APP, Gate, closed_gate

from zc.zkdeployment.adapters.commands import Commands
from zc.zkdeployment.adapters.dnf import dnf
from zc.zkdeployment.adapters.host_state import HostFiles
from zc.zkdeployment.adapters.yum import Yum
from zc.zkdeployment.host.software import SoftwareInstaller
from zc.zkdeployment.lab.packages import (
    RPM_DATABASE,
    Package,
    PackageRepository,
    dnf_launchers,
    run,
    write_file,
    yum_launcher,
)
from zc.zkdeployment.model import Software


class Root:
    """A root directory that packages are installed in, and what is found there."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "root"
        self.path.mkdir(parents=True)

    def query(self, *arguments: str) -> str:
        """Return what rpm says, not what it exits with."""
        argv = ["rpm", "--root", str(self.path), "--dbpath", RPM_DATABASE, *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    def installed(self, name: str = APP) -> list[str]:
        """Return all versions of a package that are installed: ``EPOCH:VERSION-RELEASE``."""
        form = "%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE}\n"
        pairs = (line.split() for line in self.query("-qa", "--qf", form).splitlines())
        return sorted(version for found, version in pairs if found == name)

    def faults(self, expected: str, name: str = APP) -> list[str]:
        """Return in what a package is not installed once, in the version expected, and whole."""
        if (found := self.installed(name)) != [expected]:
            return [f"installed is {found}, not {expected}"]
        faults = [f"rpm -V: {line}" for line in self.query("-V", name).splitlines()]
        told = self.path / "opt" / name / "version"
        wanted = expected.partition(":")[2]
        if not told.exists() or told.read_text() != wanted:
            faults.append(f"the files are not those of {wanted}")
        left_over = {path.name for path in told.parent.glob("only-in-*")}
        if extra := left_over - {f"only-in-{wanted.rpartition('-')[0]}"}:
            faults.append(f"there are files of another version: {sorted(extra)}")
        return faults


class Bench:
    """A host for one case; ``violations`` are what must not be.

    ``manager`` is what the agent uses, ``yum`` or ``dnf``. ``patience`` is that of the
    package manager's adapter, ``timeout`` that of its programs.
    """

    def __init__(self, directory: Path, offered: Sequence[Package], manager: str = "yum") -> None:
        self.manager = manager
        self.directory = directory
        self.host = Root(directory)
        self.root = self.host.path
        self.repository = PackageRepository(directory / "repository")
        self.repository.add(*offered)
        self.violations: list[str] = []
        self.patience = 60.0
        self.timeout = 60.0
        self.cleanup = ExitStack()
        self._calls = directory / "calls"
        self._calls.touch()
        self.launch()

    def launch(self, key: Path | None = None) -> None:
        """Make the launchers: the agent's tells what it is called with."""
        by_hand = yum_launcher(self.directory / "by-hand", self.root, self.repository, key)
        dnf_launchers(self.directory / "bin", self.root, self.repository)  # for its rpm
        write_file(
            self.directory / "bin" / self.manager,
            f'#!/bin/sh\necho "$*" >>{self._calls}\nexec {shlex.quote(str(by_hand))} "$@"\n',
        )

    def by_hand(self, *arguments: str) -> None:
        """Let a person call yum, who answers yes; it has to succeed."""
        run(str(self.directory / "by-hand/yum"), "-y", *arguments)

    def start_by_hand(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start ``yum`` or ``rpm`` for this host, as somebody else who is there would."""
        argv = [str(self.directory / "by-hand/yum"), "-y"]
        if program == "rpm":
            argv = ["rpm", "--root", str(self.root), "--dbpath", RPM_DATABASE]
        process = subprocess.Popen(
            [*argv, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.cleanup.callback(process.wait)
        self.cleanup.callback(process.kill)
        return process

    def gate(self, scriptlet: str, version: str) -> Gate:
        """Close the gate of a scriptlet, until the end of the case at the latest."""
        return self.cleanup.enter_context(closed_gate(self.root, scriptlet, version))

    def calls(self) -> list[str]:
        """Return with what the agent has called its package manager."""
        return self._calls.read_text().splitlines()

    def ensure(self, version: str | None, name: str = APP) -> str:
        """Bring a package to a version as an agent does that was just started.

        Return what went wrong, empty for nothing.
        """
        return self._attempt(lambda installer: installer.ensure(Software(name, version)))

    def remove(self, name: str = APP) -> str:
        """Remove a package, likewise."""
        return self._attempt(lambda installer: installer.remove(name))

    def ensuring(self, version: str | None) -> Future[str]:
        """Begin to bring the package to a version."""
        return self.begin(lambda installer: installer.ensure(Software(APP, version)))

    def removing(self) -> Future[str]:
        """Begin to remove the package."""
        return self.begin(lambda installer: installer.remove(APP))

    def begin(self, act: Callable[[SoftwareInstaller], None]) -> Future[str]:
        """Begin with something, likewise; provides what went wrong."""
        return self.cleanup.enter_context(ThreadPoolExecutor(1)).submit(self._attempt, act)

    def reaches(self, version: str | None, expected: str, name: str = APP) -> None:
        """Check that a version is reached, and that then there is nothing to do."""
        error = self.ensure(version, name)
        self.note(*([f"it failed: {error}"] if error else self.host.faults(expected, name)))
        before = len(self.calls())
        error = self.ensure(version, name)
        more = self.calls()[before:]
        look = [f"-q list installed {name}"] if self.manager == "yum" else []
        if error or more != look:
            self.note(f"the second time it did {more}, and said {error!r}")

    def fails(
        self, version: str | None, why: str, *left: str, name: str = APP, again: bool = True
    ) -> None:
        """Check that a version cannot be reached, why, and what is installed then.

        ``again``: a second try must not claim to have succeeded.
        """
        for _ in range(1 + again):
            error = self.ensure(version, name)
            if not re.search(why, error):
                self.note(f"it should have failed with {why!r}, but said {error!r}")
            if f"{name}-{version}" not in error:
                self.note(f"{name} {version} is not named in {error!r}")
            if (found := self.host.installed(name)) != sorted(left):
                self.note(f"left was {found}, not {sorted(left)}")

    def note(self, *violations: str) -> None:
        self.violations += violations

    def close(self) -> None:
        self.cleanup.close()

    def _attempt(self, act: Callable[[SoftwareInstaller], None]) -> str:
        path = f"{self.directory / 'bin'}{os.pathsep}{os.environ['PATH']}"
        commands = Commands(
            environment={"PATH": path, "HOME": "/root"}, timeout=self.timeout, quiet=True
        )
        files = HostFiles(str(self.root), str(self.directory / "run"))
        make = Yum if self.manager == "yum" else dnf
        packages = make(commands, files, patience=self.patience)
        try:
            act(SoftwareInstaller(packages, {}, files, commands))
        except (RuntimeError, SystemError) as error:
            return f"{type(error).__name__}: {error}"
        return ""


@dataclass(frozen=True, slots=True)
class Case:
    """A case: what the repository offers, and what is tried."""

    name: str
    offered: Sequence[Package]
    attempt: Callable[[Bench], None]

    def violations(self, directory: Path, manager: str = "yum") -> list[str]:
        """Try it below an empty directory; return what must not be."""
        bench = Bench(directory, self.offered, manager)
        try:
            self.attempt(bench)
        except Exception as error:  # whatever it is, the other cases go on
            bench.note(f"{type(error).__name__}: {error}")
        finally:
            bench.close()
        return [f"{self.name}: {violation}" for violation in bench.violations]
