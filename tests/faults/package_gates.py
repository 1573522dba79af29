"""Packages whose scriptlets wait until they are let go on, or killed."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tests.faults.fleets import until

from zc.zkdeployment.lab.packages import Package
from zc.zkdeployment.lab.scripts import application

#: What most cases are about.
APP = "app"

_GATES = ("pre", "post", "preun", "postun")

# A scriptlet waits at its gate, a FIFO, if there is one, and says so. Then it says that it
# is done.
_WAITING = """\
if posix.access("/gate-{name}-{version}") then
  local waiting = io.open("/waiting.new", "w")
  waiting:write(string.format("%d", posix.getprocessid("pid")))
  waiting:close()
  os.rename("/waiting.new", "/waiting")
  local gate = io.open("/gate-{name}-{version}", "r")
  gate:read("*a")
  gate:close()
end
local done = io.open("/done-{name}-{version}", "w")
done:close()
"""


def app(
    version: str,
    release: str = "1",
    name: str = APP,
    epoch: int | None = None,
    architecture: str = "noarch",
    more_files: Mapping[str, str] = MappingProxyType({}),
    scriptlets: Mapping[str, str] = MappingProxyType({}),
    tags: Mapping[str, str] = MappingProxyType({}),
) -> Package:
    """Return a package whose files tell which version they are of."""
    files = {
        **application(),
        "version": f"{version}-{release}",
        f"only-in-{version}": "",
        **more_files,
    }
    return Package(name, version, release, epoch, files, scriptlets, tags, architecture)


def waiting_app(version: str) -> Package:
    """Return a package whose scriptlets wait where a gate is closed."""
    return app(
        version,
        scriptlets={name: _WAITING.format(name=name, version=version) for name in _GATES},
    )


@dataclass(frozen=True, slots=True)
class Gate:
    """A scriptlet of a version, where a package manager waits, below a root directory."""

    root: Path
    path: Path

    def wait(self) -> int:
        """Wait until somebody waits here; return the process."""
        waiting = self.root / "waiting"
        until(waiting.exists, f"a scriptlet waits at {self.path.name}")
        process = int(waiting.read_text())
        waiting.unlink()
        return process

    def kill(self, *first: subprocess.Popen[bytes]) -> None:
        """Kill the package manager that waits here, others first, and leave the gate open."""
        process = self.wait()
        for other in first:
            other.kill()
            other.wait()
        self.path.unlink()
        os.kill(process, signal.SIGKILL)

    def open(self) -> None:
        """Let go on who waits here, and all others."""
        with self.path.open("w"):
            self.path.unlink()


@contextmanager
def closed_gate(root: Path, scriptlet: str, version: str) -> Iterator[Gate]:
    """Close a gate; in the end nobody waits there any more."""
    gate = Gate(root, root / f"gate-{scriptlet}-{version}")
    os.mkfifo(gate.path)
    try:
        yield gate
    finally:
        if gate.path.exists():
            descriptor = os.open(gate.path, os.O_RDWR | os.O_NONBLOCK)
            gate.path.unlink()
            os.close(descriptor)
