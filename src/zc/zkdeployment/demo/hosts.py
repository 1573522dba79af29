"""Hosts of the demo: a directory each, and in it a process that is its agent."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from zc.zkdeployment.demo.story import Host

#: Seconds that an agent has to end by itself: its script may be running.
PATIENCE = 10.0

_ZKDEPLOY = """\
#!/bin/sh
# zkdeploy as it runs on {name}: with the files and programs of that host.
export TEST_ROOT={root}
export PATH={bin}:"$PATH"
export ZC_ZK_CONNECTION_STRING={connection_string}
exec {python} -m zc.zkdeployment.cli "$@"
"""


@dataclass(frozen=True, slots=True)
class HostDirectory:
    """The directory of one host: its ``root``, the ``log`` of its agent, and its programs.

    ``zkdeploy`` is a program that runs as if on that host.
    """

    host: Host
    path: Path

    @property
    def name(self) -> str:
        """The host identifier."""
        return self.host.name

    @property
    def role(self) -> str | None:
        """The host's role."""
        return self.host.role

    @property
    def root(self) -> Path:
        """What the host takes for ``/``."""
        return self.path / "root"

    @property
    def etc(self) -> Path:
        """The host's ``/etc``."""
        return self.root / "etc"

    @property
    def status(self) -> Path:
        """The file that tells what the agent does."""
        return self.etc / "zim" / "status"

    @property
    def bin(self) -> Path:
        """Programs that come first on the host's ``PATH``."""
        return self.path / "bin"

    @property
    def log(self) -> Path:
        """What the agent logs and prints."""
        return self.path / "agent.log"

    @property
    def zkdeploy(self) -> Path:
        """``zkdeploy`` on this host."""
        return self.path / "zkdeploy"

    def inside(self, text: str) -> str:
        """Return ``text`` with paths as they are for the host."""
        return text.replace(f"{self.root}/", "/")

    def prepare(self, connection_string: str) -> None:
        """Make the directory and what identifies the host; ZooKeeper is where the string says."""
        for directory in (self.etc / "zmh", self.etc / "zim", self.bin):
            directory.mkdir(parents=True)
        (self.etc / "zmh" / "pxemac").write_text(f"{self.name}\n")
        if self.role:
            (self.etc / "zim" / "role").write_text(f"{self.role}\n")
        self.log.touch()
        self.zkdeploy.write_text(
            _ZKDEPLOY.format(
                name=self.name,
                root=shlex.quote(str(self.root)),
                bin=shlex.quote(str(self.bin)),
                connection_string=shlex.quote(connection_string),
                python=shlex.quote(sys.executable),
            )
        )
        self.zkdeploy.chmod(0o755)


class Agent:
    """The process that is the agent of a host, started at once."""

    def __init__(self, host: HostDirectory) -> None:
        self.host = host
        self._process = self._start()

    @property
    def pid(self) -> int | None:
        """The process id, ``None`` if it has ended."""
        return self._process.pid if self._process.poll() is None else None

    def restart(self) -> None:
        """Start the agent anew, after :meth:`kill`."""
        self._process = self._start()

    def kill(self) -> None:
        """End the agent at once, as a crash would; a script that it runs goes on."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ask the agent to end, without waiting for it."""
        self._process.terminate()

    def wait(self, deadline: float) -> None:
        """Wait for the end of the agent; from the moment ``deadline`` on, bring it about."""
        try:
            self._process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            self.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.host.log.open("ab") as log:
            return subprocess.Popen(
                [*_end_with_parent(), self.host.zkdeploy, "agent"],
                cwd=self.host.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # an interrupt from the keyboard is for the demo alone
            )


def _end_with_parent() -> list[str]:
    """Return what, in front of a command, lets the kernel kill it when this process was killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


def processes_below(directory: Path) -> list[int]:
    """Return the ids of processes that take a directory below ``directory`` for ``/``.

    Those are agents, also such that a person started, and scripts that run on
    behalf of a killed one.
    """
    mark = b"TEST_ROOT=" + os.fsencode(directory) + b"/"
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended, or it is somebody else's
            environment = (process / "environ").read_bytes().split(b"\0")
            if any(variable.startswith(mark) for variable in environment):
                found.append(int(process.name))
    return found


def kill(pid: int) -> None:
    """End a process at once, if it still runs."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
