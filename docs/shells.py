"""Shells in which the commands of documents are typed."""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import zc.zkdeployment.script
from zc.zkdeployment.lab.packages import run, write_file
from zc.zkdeployment.lab.repositories import SubversionRepository

_PATIENCE = 110.0  # seconds that a command may take; pytest ends a test after 120
_PLACE = "/tmp/first-cluster"  # what pages call a directory that differs here
_HELPER = Path(zc.zkdeployment.script.__file__).with_name("script.sh")


class Shell:
    """A shell in a directory of its own, with a fleet in ZooKeeper and a repository for it."""

    def __init__(self, directory: Path, connection: str) -> None:
        self._directory = directory
        repository = SubversionRepository(directory / "svn", "fleet")
        site = directory / "site"
        run("svn", "checkout", "-q", repository.url, str(site))
        self._site = site
        self._environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ZC_ZK_CONNECTION_STRING": connection,
            "FLEET": repository.url,
            "SITE": str(site),
        }

    def write(self, name: str, text: str) -> None:
        write_file(self._site / name, text)

    def type(self, command: str) -> str:
        done = subprocess.run(
            ["sh", "-c", command],
            check=False,
            cwd=self._directory,
            env=self._environment,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_PATIENCE,
        )
        return done.stdout


class Workshop:
    """One shell from the first command to the last, in a directory that pages call ``_PLACE``.

    Files are written as they are shown; standard error is left out, as pages say.
    """

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self._directory = directory
        self._errors = (directory.parent / f"{directory.name}.stderr").open("w+")
        self._shell = subprocess.Popen(
            ["sh"],
            cwd=directory,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,  # what runs in the background ends with it
        )

    def write(self, name: str, text: str) -> None:
        path = self._directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._at_home(text))

    def type(self, command: str) -> str:
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        mark = secrets.token_hex(8)
        end = f"\n{mark}\n".encode()
        typed = f"{{\n{self._at_home(command)}\n}} </dev/null\nprintf '\\n{mark}\\n'\n"
        self._shell.stdin.write(typed.encode())
        self._shell.stdin.flush()
        printed = b""
        while not printed.endswith(end):
            ready, _, _ = select.select([self._shell.stdout], [], [], _PATIENCE)
            more = os.read(self._shell.stdout.fileno(), 65536) if ready else b""
            if not more:
                self._errors.seek(0)
                raise AssertionError(f"{command}: no end after {printed!r}\n{self._errors.read()}")
            printed += more
        return printed[: -len(end)].decode().replace(str(self._directory), _PLACE)

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.communicate()
        self._errors.close()

    def _at_home(self, text: str) -> str:
        """Return ``text`` with the directories of the test in the place of those of the page."""
        text = text.replace("/usr/lib/zkdeployment/python", sys.executable)
        text = text.replace("/usr/share/zkdeployment/zkdeploy-script.sh", str(_HELPER))
        return text.replace(_PLACE, str(self._directory))
