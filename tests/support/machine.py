"""A machine of its own: a copy of this one, on which a real systemd runs and nothing else.

Its files are those of this machine with a layer above that goes away with it; the network
is shared. Needs to be root, systemd, overlayfs, and a control group to be had.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from zc.zkdeployment.adapters.control_groups import own_group

_PATIENCE = 60  # seconds until what runs on the machine has failed
_UNITS = Path("/usr/lib/systemd/system")

# Of the system's units only these are there: who boots it wants no udev on the devices of
# the machine below it.
_KEPT = (
    *("basic.target", "sysinit.target", "shutdown.target", "network-online.target"),
    *("multi-user.target", "systemd-journald.service", "systemd-journald.socket"),
)

_BOOT = """
set -eu
mount --make-rprivate /
mount -t tmpfs machine "$1"
cd "$1"
mkdir upper work root
mount -t overlay machine -o lowerdir=/,upperdir=upper,workdir=work root
cd root
mount -t proc proc proc
mount -t tmpfs machine run
mkdir run/credentials # as services that boot a system make it
mount --bind /sys sys
mount -t cgroup2 machine sys/fs/cgroup
mount -t tmpfs -o mode=755 machine dev
for each in null zero full random urandom tty; do
    : >"dev/$each"
    mount --bind "/dev/$each" "dev/$each"
done
ln -s pts/ptmx dev/ptmx
mkdir dev/shm dev/pts kept
for each in $2; do cp "usr/lib/systemd/system/$each" kept; done
mount -t tmpfs machine usr/lib/systemd/system
mv kept/* usr/lib/systemd/system
rmdir kept
mount -t tmpfs machine etc/systemd/system
printf '[Unit]\\nDefaultDependencies=no\\n' >etc/systemd/system/lab.target
echo "$3" >etc/hostname
echo "$4" >etc/machine-id
mkdir -p mnt/below
pivot_root . mnt/below
umount -l /mnt/below
mount --make-rshared / # as on a machine: services get their secrets by it
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=lab /lib/systemd/systemd --system \\
    --unit=lab.target --log-target=console --log-level=warning --show-status=0
"""

_numbers = itertools.count()


class Machine:
    """A machine that runs. ``root`` is its root directory, as seen from outside."""

    def __init__(self, name: str, pid: int) -> None:
        self.name = name
        self.root = Path(f"/proc/{pid}/root")
        self._pid = pid

    def command(self, *argv: str) -> list[str]:
        """Return what runs a program there."""
        enter = ["nsenter", "--target", str(self._pid), "--all"]
        environment = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"]
        return [*enter, *environment, "LC_ALL=C.UTF-8", *argv]

    def run(self, *argv: str, check: bool = True) -> str:
        """Run a program there to its end; return what it printed, errors too."""
        done = subprocess.run(
            self.command(*argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=_PATIENCE,
        )
        assert done.returncode == 0 or not check, f"{argv}: {done.stdout}"
        return done.stdout

    def bring(self, path: Path, to: str) -> str:
        """Copy a file or a directory there, to the directory ``to``; return its path there."""
        target = self.root / to.lstrip("/") / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, target, symlinks=True)
        else:
            shutil.copy2(path, target)
        return f"{to}/{path.name}"

    def write(self, path: str, text: str) -> None:
        """Write a file there."""
        (self.root / path.lstrip("/")).write_text(text)

    def property_of(self, unit: str, name: str) -> str:
        """Return what systemd there says of a unit."""
        return self.run("systemctl", "show", "--property", name, "--value", unit).strip()


@contextlib.contextmanager
def booted(directory: Path, name: str = "host42") -> Iterator[Machine]:
    """A machine with this host name; ``directory`` is an empty one for it."""
    with _control_group() as group:
        boot = ("sh", "-c", _BOOT, "boot", str(directory), " ".join(_KEPT), name)
        namespaces = ("--pid", "--mount", "--cgroup", "--uts", "--ipc", "--fork", "--kill-child")
        joined = 'echo 0 >"$0/cgroup.procs"; exec "$@"'
        command = ["sh", "-c", joined, str(group), "unshare", *namespaces, *boot]
        log = directory.with_name(f"{directory.name}.log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, secrets.token_hex(16)], stdout=output, stderr=output
            )
        try:
            machine = Machine(name, _first_process(process, log))
            _wait_until_up(machine, process, log)
            yield machine
        finally:
            process.kill()  # and with it, all that runs there
            process.wait()


def _first_process(process: subprocess.Popen[bytes], log: Path) -> int:
    """Return what is number 1 there."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None:
        with contextlib.suppress(OSError):
            if found := children.read_text().split():
                return int(found[0])
        time.sleep(0.01)
    raise RuntimeError(f"no machine can be made here: {log.read_text()}")


def _wait_until_up(machine: Machine, process: subprocess.Popen[bytes], log: Path) -> None:
    while process.poll() is None:
        if machine.run("systemctl", "is-active", "lab.target", check=False).strip() == "active":
            return
        time.sleep(0.02)
    raise RuntimeError(f"systemd does not run here: {log.read_text()}")


@contextlib.contextmanager
def _control_group() -> Iterator[Path]:
    own = Path("/proc/self")
    found = own_group((own / "cgroup").read_text(), (own / "mountinfo").read_text())
    if found is None:
        raise RuntimeError("no machine can be made here: there is no control group v2")
    path = Path(found, f"zkdeployment-machine-{os.getpid()}-{next(_numbers)}")
    path.mkdir()
    try:
        yield path
    finally:
        with contextlib.suppress(FileNotFoundError):
            (path / "cgroup.kill").write_text("1")
        _wait_until_empty(path)
        for each, _, _ in os.walk(path, topdown=False):
            Path(each).rmdir()


def _wait_until_empty(path: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while "populated 0" not in (path / "cgroup.events").read_text():
        assert time.monotonic() < deadline, f"{path} does not empty"
        time.sleep(0.01)
