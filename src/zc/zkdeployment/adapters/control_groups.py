"""Control groups (cgroup v2): all that a program started, whatever it did to get away.

systemd hands the control group of a service over to it where its unit says
``Delegate=yes``. Below that one, each program gets a group of its own. No controller is
enabled, so that the agent itself may stay where it is.

A program is moved right after it was started, and with it what it had started until
then: all that is new in the agent's own group, until nothing is. Placing it before, by a
shell that moves itself and becomes the program, costs 0.5 ms instead of 0.1 ms, and a
program that cannot be started would look like a failing one; by a function between fork
and exec it costs 2.4 ms, and may deadlock, since other threads hold locks.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

_PREFIX = "script-"
_KILL = "cgroup.kill"
_DELEGATED = ("trusted.delegate", "user.delegate")  # what systemd marks a group with
_MOST_SWEEPS = 100  # more would be needed only for what forks faster than it can be moved
_PATIENCE = 5.0  # seconds until what was killed must have ended
_LOOK = 0.01  # seconds between two looks at whether it has

_octal = re.compile(r"\\([0-7]{3})").sub

_logger = logging.getLogger(__name__)


class ControlGroups:
    """Makes groups below the one at ``directory``, which is the one of this process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._number = 0
        for path in self._kept():  # by earlier agents
            _remove(path)

    def new(self) -> ControlGroup | None:
        """Return a group for a program that is about to be started; ``None`` if that fails."""
        try:
            for path in self._kept():
                with contextlib.suppress(OSError):  # its daemon still runs
                    path.rmdir()
            return ControlGroup(self._make(), self._directory)
        except OSError as error:
            _logger.warning("No control group for the next program: %s", error)
            return None

    def _make(self) -> Path:
        while True:
            path = self._directory / f"{_PREFIX}{self._number}"
            self._number += 1
            with contextlib.suppress(FileExistsError):  # a daemon lives in that one
                path.mkdir()
                return path

    def _kept(self) -> Iterator[Path]:
        return self._directory.glob(f"{_PREFIX}*")


class ControlGroup:
    """The group of one program, as a context manager.

    At the end it is removed, unless something that the program left still runs in it.
    Attribute: ``is_whole``, whether all that the program started is known to be in it.
    """

    def __init__(self, path: Path, above: Path) -> None:
        self.path = path
        self._above = above
        self.is_whole = False
        self._before = _processes(above)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _remove(self.path)

    def hold(self, pid: int) -> None:
        """Take in a program that was started just now, and all that it has started."""
        newcomers = {pid}
        try:
            for _ in range(_MOST_SWEEPS):
                for each in newcomers:
                    self._move(each)
                found = _processes(self._above) - self._before
                if not found:
                    self.is_whole = True
                    return
                if found == newcomers:  # these are about to exit: too late to move them
                    time.sleep(_LOOK / 10)
                newcomers = found
            _logger.warning("Not all that process %d starts is in a control group", pid)
        except OSError as error:
            _logger.warning("Process %d is not in a control group: %s", pid, error)

    def signal(self, number: int) -> None:
        """Send a signal to everything in the group."""
        for pid in self._everybody():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def is_empty(self) -> bool:
        """Tell whether everything in the group has ended."""
        try:
            return _is_empty(self.path)
        except FileNotFoundError:
            return True

    def kill(self) -> None:
        """End everything in the group at once, and wait for it."""
        deadline = time.monotonic() + _PATIENCE
        at_once = _write(self.path / _KILL, "1")
        while not self.is_empty():
            if time.monotonic() > deadline:
                _logger.warning("%s: what was killed has not ended", self.path)
                return
            if not at_once:  # as before Linux 5.14: whoever was forked meanwhile is next
                self.signal(signal.SIGKILL)
            time.sleep(_LOOK)

    def _move(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            _write(self.path / "cgroup.procs", str(pid))

    def _everybody(self) -> Iterator[int]:
        for path in (self.path, *_below(self.path)):
            with contextlib.suppress(OSError):  # removed meanwhile
                yield from _processes(path)


def delegated(environ: Mapping[str, str]) -> ControlGroups | None:
    """Return what makes groups below the one that systemd handed over to this process.

    ``None`` where it did not: an agent that a person starts leaves control groups alone.
    """
    directory = None
    if "INVOCATION_ID" not in environ:
        why = "this process is no service of systemd"
    elif (directory := _own_directory()) is None:
        why = "there is no cgroup v2"
    elif not _is_delegated(directory):
        why = f"{directory} is not delegated"
    elif not os.access(directory, os.W_OK):
        why = f"{directory} cannot be written to"
    else:
        return ControlGroups(directory)
    _logger.debug("Programs run in process groups only: %s", why)
    return None


def own_group(groups: str, mounts: str) -> str | None:
    """Return the directory of the control group of a process; ``None`` if there is none.

    ``groups`` and ``mounts`` are ``/proc/PID/cgroup`` and ``/proc/PID/mountinfo``.
    """
    path = next((line[3:] for line in groups.splitlines() if line.startswith("0::/")), None)
    if path is None:
        return None
    for line in mounts.splitlines():
        mount, _, system = line.partition(" - ")
        fields = mount.split(" ")
        if system.split(" ")[0] != "cgroup2" or len(fields) < 5:
            continue
        root, point = (_octal(lambda code: chr(int(code[1], 8)), each) for each in fields[3:5])
        if PurePosixPath(path).is_relative_to(root) and ".." not in path.split("/"):
            return str(PurePosixPath(point, PurePosixPath(path).relative_to(root)))
    return None


def _own_directory() -> Path | None:
    try:
        own = Path("/proc/self")
        found = own_group((own / "cgroup").read_text(), (own / "mountinfo").read_text())
    except OSError:
        return None
    return Path(found) if found else None


def _is_delegated(directory: Path) -> bool:
    for name in _DELEGATED:
        with contextlib.suppress(OSError):
            if os.getxattr(directory, name) == b"1":
                return True
    return False


def _processes(directory: Path) -> set[int]:
    listed = (directory / "cgroup.procs").read_text().split()
    return {int(pid) for pid in listed} - {0}  # 0 is who is in another pid namespace


def _write(path: Path, text: str) -> bool:
    """Write to a file that the kernel made; tell whether there is one."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)
    return True


def _remove(path: Path) -> None:
    """Remove a group and those that were made below it, if nothing runs in them."""
    with contextlib.suppress(OSError):
        path.rmdir()
        return
    with contextlib.suppress(OSError):
        if _is_empty(path):
            for each in sorted(_below(path), reverse=True):
                each.rmdir()
            path.rmdir()


def _below(path: Path) -> list[Path]:
    return [each for each in path.rglob("*") if each.is_dir()]


def _is_empty(path: Path) -> bool:
    return "populated 0" in (path / "cgroup.events").read_text()
