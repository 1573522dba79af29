"""An agent that is killed at its Nth point: ``python crashing_agent.py N REPORT``.

A point is whatever changes something outside the process: a file opened for writing,
renamed or removed, a directory made or removed, an fsync, a program started, a request to
ZooKeeper. The process kills itself just before it. With 0 it is not killed. REPORT gets a
line for each point.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

from kazoo.protocol.connection import ConnectionHandler

from zc.zkdeployment.cli import main

_EVENTS = frozenset(
    {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "subprocess.Popen"}
)
_WRITING = os.O_WRONLY | os.O_RDWR


class _Points:
    """Counts points, and kills the process at one of them."""

    def __init__(self, fatal: int, report: int) -> None:
        self._fatal = fatal
        self._report = report
        self._count = 0
        self._lock = threading.RLock()

    def reach(self, what: str) -> None:
        with self._lock:
            self._count += 1
            os.write(self._report, f"{what}\n".encode(errors="replace"))
            if self._count == self._fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _EVENTS:
            self.reach(f"{event} {arguments[0]!r:.150}")
        elif event == "open" and arguments[2] & _WRITING and arguments[0] != os.devnull:
            self.reach(f"open {arguments[0]!r:.150}")


def _run(fatal: int, report: str) -> None:
    points = _Points(fatal, os.open(report, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644))
    fsync, submit = os.fsync, ConnectionHandler._submit

    def reported_fsync(fd: Any) -> None:
        points.reach("fsync")
        fsync(fd)

    def reported_submit(connection: Any, request: Any, *arguments: Any) -> Any:
        points.reach(f"ZooKeeper {request!r:.150}")
        return submit(connection, request, *arguments)

    os.fsync = reported_fsync
    ConnectionHandler._submit = reported_submit
    sys.addaudithook(points.audit)
    main(["agent", "--run-once"], prog_name="zkdeploy")


if __name__ == "__main__":
    _run(int(sys.argv[1]), sys.argv[2])
