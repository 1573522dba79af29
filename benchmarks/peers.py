"""Other programs that run scripts on a host. Each has an environment of its own in a cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from zc.zkdeployment.lab.packages import write_file

_INSTALLING = 600.0  # seconds
_RUNNING = 150.0  # seconds
_SHOWN = 300  # characters of what a program prints


class Missing(Exception):
    """A program is not there, or does not do what it should; says why."""


class Peer(Protocol):
    """A program that runs scripts."""

    def prepare(self, argvs: Sequence[Sequence[str]]) -> None:
        """Write down what is to be run, one after the other."""

    def run(self) -> None:
        """Run all of it."""

    def version(self) -> str:
        """Return name and version of the program."""


class Puppet:
    """``puppet apply``, from the package of Debian."""

    def __init__(self, _cache: Path, directory: Path, install: bool) -> None:
        self._directory = directory
        if not shutil.which("puppet"):
            _install_package("puppet", install)
        self._argv = [
            "puppet",
            "apply",
            *(f"--{name}={directory / name}" for name in ("confdir", "vardir")),
            str(directory / "site.pp"),
        ]

    def prepare(self, argvs: Sequence[Sequence[str]]) -> None:
        lines = [
            f"exec {{ '{number}': command => '{' '.join(argv)}' }}\n"
            for number, argv in enumerate(argvs)
        ]
        (self._directory / "site.pp").write_text("".join(lines))

    def run(self) -> None:
        _output(self._argv, self._directory)

    def version(self) -> str:
        return f"puppet {_output(['puppet', '--version'], self._directory)}"


class Ansible:
    """``ansible-playbook -c local``, from PyPI."""

    def __init__(self, cache: Path, directory: Path, install: bool) -> None:
        self._directory = directory
        self._bin = _environment(cache, "ansible-core", install)
        playbook = str(directory / "site.yml")
        self._argv = [
            str(self._bin / "ansible-playbook"),
            "-c",
            "local",
            "-i",
            "localhost,",
            playbook,
        ]

    def prepare(self, argvs: Sequence[Sequence[str]]) -> None:
        head = (
            "- hosts: localhost\n  gather_facts: false\n  vars:\n"
            f"    ansible_python_interpreter: {self._bin / 'python'}\n  tasks:\n"
        )
        tasks = "".join(f"    - command: {' '.join(argv)}\n" for argv in argvs)
        (self._directory / "site.yml").write_text(head + tasks)

    def run(self) -> None:
        _output(self._argv, self._directory, {"ANSIBLE_HOME": str(self._directory / "home")})

    def version(self) -> str:
        return _output([str(self._bin / "ansible"), "--version"], self._directory).split("\n")[0]


class Salt:
    """``salt-call --local``, from PyPI."""

    def __init__(self, cache: Path, directory: Path, install: bool) -> None:
        self._directory = directory
        self._bin = _environment(cache, "salt", install)
        write_file(
            directory / "minion",
            f"root_dir: {directory}\nfile_client: local\nid: bench\n"
            f"file_roots:\n  base:\n    - {directory / 'states'}\n",
        )
        self._argv = [
            str(self._bin / "salt-call"),
            "--local",
            f"--config-dir={directory}",
            "--log-level=error",
            "--retcode-passthrough",
            "state.apply",
            "site",
        ]

    def prepare(self, argvs: Sequence[Sequence[str]]) -> None:
        states = "".join(f"'{' '.join(argv)}':\n  cmd.run\n" for argv in argvs)
        write_file(self._directory / "states/site.sls", states)

    def run(self) -> None:
        _output(self._argv, self._directory)

    def version(self) -> str:
        return _output([str(self._bin / "salt-call"), "--version"], self._directory)


PEERS: Mapping[str, Callable[[Path, Path, bool], Peer]] = {
    "puppet apply": Puppet,
    "ansible-playbook -c local": Ansible,
    "salt-call --local": Salt,
}


def _environment(cache: Path, package: str, install: bool) -> Path:
    """Return the directory of programs of an environment that holds ``package``."""
    place = cache / package
    made = place / "made"  # written last: without it, somebody was cut off
    if not made.exists():
        if not install:
            raise Missing(f"{package} is not installed yet; a full run does that")
        cache.mkdir(parents=True, exist_ok=True)
        _install([sys.executable, "-m", "venv", "--clear", str(place)])
        pip = [str(place / "bin/python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        _install([*pip, "--no-input", "install", package])
        made.touch()
    return place / "bin"


def _install_package(package: str, install: bool) -> None:
    if not install:
        raise Missing(f"{package} is not installed; a full run does that")
    if os.getuid() != 0 or not shutil.which("apt-get"):
        raise Missing(f"{package} is not installed, and only root can, with apt-get")
    apt = ["apt-get", "-qy", "-o", "DPkg::Lock::Timeout=300"]
    command = [*apt, "install", "--no-install-recommends", package]
    try:
        _install(command)
    except Missing:  # the package lists may be absent or out of date
        _install([*apt, "update"])
        _install(command)


def _install(argv: Sequence[str]) -> None:
    _output(argv, Path("/"), {"DEBIAN_FRONTEND": "noninteractive"}, _INSTALLING)


def _output(
    argv: Sequence[str],
    directory: Path,
    env: Mapping[str, str] | None = None,
    timeout: float = _RUNNING,
) -> str:
    """Return what a program prints; raises :exc:`Missing` unless it succeeds in time."""
    name = Path(argv[0]).name
    environment = os.environ | {"HOME": str(directory)} | dict(env or {})
    try:
        done = subprocess.run(
            argv,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{name}: {error}") from error
    if done.returncode:
        said = " ".join(done.stdout.split())[-_SHOWN:]
        raise Missing(f"{' '.join([name, *argv[1:3]])} failed with {done.returncode}: {said}")
    return done.stdout.strip()
