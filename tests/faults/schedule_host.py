"""A host whose agent is a process of its own."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.faults.fleets import BOUND
from tests.faults.schedule_programs import write_programs

from zc.zkdeployment.lab.packages import write_file

_DISK = "1m"  # size of a disk that can be filled
_CHUNK = 4096  # bytes


class Host:
    """A host below ``directory``; with ``small`` its disk is one that can be filled.

    A context manager. ``frozen`` tells whether its agent is stopped by a signal, ``damaged``
    of which software a person deleted a file, ``emptied`` which was removed.
    """

    def __init__(
        self, name: str, directory: Path, connection: str, oracle: Path, *, small: bool
    ) -> None:
        self.name = name
        self.root = directory / name
        self.frozen = False
        self.full = False
        self.restarts = 0
        self.damaged: set[str] = set()
        self.emptied: set[str] = set()
        self._mounted = False
        self._process: subprocess.Popen[bytes] | None = None
        self._log = directory / f"{name}.log"
        programs = directory / f"{name}.bin"
        self.root.mkdir(parents=True)
        if small:
            self._mount()
        write_programs(programs, name, oracle)
        write_file(self.root / "etc/zmh/pxemac", f"{name}\n")
        write_file(self.root / "etc/zim/host_version", "0")
        self._environment = {
            **os.environ,
            "TEST_ROOT": str(self.root),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "ZC_ZK_CONNECTION_STRING": connection,
        }

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        if self._mounted:
            subprocess.run(["umount", "--lazy", str(self.root)], check=True)

    @property
    def small(self) -> bool:
        """Whether the disk can be filled."""
        return self._mounted

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def exit_status(self) -> int | None:
        """That of an agent that ended by itself."""
        return self._process.poll() if self._process else None

    @property
    def runs(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Start an agent, as a supervisor does, unless one runs."""
        if self._process is not None and self._process.poll() is None:
            return
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "zc.zkdeployment.cli", "agent"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(BOUND)
            self._process = None
            self.frozen = False

    def freeze(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)
            self.frozen = True

    def thaw(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self.frozen = False

    def fill(self) -> None:
        """Leave no space on the disk."""
        self.full = True
        with (self.root / "filling").open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(_CHUNK))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self) -> None:
        self.full = False
        (self.root / "filling").unlink(missing_ok=True)

    def fail_once(self) -> None:
        """Have the next script fail."""
        (self.root / "fail").touch()

    def fail_no_more(self) -> None:
        (self.root / "fail").unlink(missing_ok=True)

    def delete_script(self, name: str) -> None:
        """Delete a file of a package, as a person may who does not know what it is for."""
        (self.root / "opt" / name / "bin/zookeeper-deploy").unlink(missing_ok=True)
        self.damaged.add(name)
        self.emptied.add(name)

    def remove_package(self, name: str) -> None:
        self.yum("remove", name)
        self.emptied.add(name)

    def reinstall(self) -> None:
        """Have a person mend what was damaged, where the package is still there."""
        for name in sorted(self.damaged & self.packages().keys()):
            self.yum("reinstall", name)
        self.damaged.clear()

    def yum(self, verb: str, name: str) -> None:
        subprocess.run(
            ["yum", "-y", verb, name],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            check=True,
            capture_output=True,
        )

    def packages(self) -> dict[str, str]:
        """Return which version of which package is installed."""
        return {
            path.name: path.read_text().strip()
            for path in sorted((self.root / "var/lib/yum").glob("*"))
        }

    def configuration(self) -> dict[str, str]:
        """Return what the files of applications below ``/etc`` hold."""
        found = {}
        for path in sorted((self.root / "etc").glob("*/*")):
            if path.parent.name not in ("zim", "zmh"):
                found[str(path.relative_to(self.root))] = path.read_text().strip()
        return found

    def state(self) -> Mapping[str, object]:
        """Return what the agent's own files hold; raises ``ValueError`` if one is no JSON."""
        found = {}
        for name in ("host_version", "unfinished", "stop"):
            with contextlib.suppress(FileNotFoundError):
                found[name] = json.loads((self.root / "etc/zim" / name).read_text())
        return found

    def _mount(self) -> None:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "faults", str(self.root)],
            check=False,
            capture_output=True,
        )
        self._mounted = done.returncode == 0
