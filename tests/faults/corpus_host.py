"""A host for the adversarial corpus: a real agent between canaries, with programs that tell.

Below ``directory``: ``root`` is the root of the host, ``bin`` has the programs that it finds
first, ``argv`` is what they were called with, ``mark`` is there if ``sprung`` ever ran. All
else, also in ``root`` besides ``/opt`` and ``/etc/APP``, is to stay as it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from tests.faults.corpus_programs import write_programs
from tests.faults.fleets import BOUND

import zc.zk
from zc.zkdeployment import names
from zc.zkdeployment.agent import Agent
from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.settings.config import Settings

ROLE = "r"
IDENTIFIER = "h1"

_SURROUNDINGS = {
    "canary": "untouched",
    "outside/bin/zookeeper-deploy": "#!/bin/sh\n",
    "outside/precious": "untouched",
    "root/canary": "untouched",
    "root/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "root/etc/cron.d/job": "# nothing\n",
    "root/etc/ssh/sshd_config": "# nothing\n",
    "root/var/lib/data": "untouched",
    "root/root/.ssh/authorized_keys": "",
}
_SCRIPT_FILES = re.compile(r".+\.[0-9]+\.(deployed|script)").fullmatch


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a version: ``error`` is what stopped it, and ``kind`` its type."""

    error: str | None = None
    kind: str | None = None


class _Log(logging.Handler):
    """Waits for the end of a deployment."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._more = threading.Condition()
        self._ends: dict[str, Outcome] = {}
        self._error = Outcome()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        with self._more:
            if record.exc_info and record.exc_info[1] and text == "deploying":
                error = record.exc_info[1]
                self._error = Outcome(str(error), type(error).__name__)
            elif text.startswith("Done deploying version "):
                self._ends[text.rpartition(" ")[2]] = Outcome()
            elif text.startswith("FAILED deploying version "):
                self._ends[text.rpartition(" ")[2]] = self._error
            self._more.notify_all()

    def end_of(self, version: int) -> Outcome:
        with self._more:
            assert self._more.wait_for(lambda: str(version) in self._ends, BOUND), (
                f"version {version} came to no end"
            )
            return self._ends.pop(str(version))


class CorpusHost:
    """The host: see :func:`corpus_host`, which makes it."""

    def __init__(self, directory: Path, connection: str, log: _Log) -> None:
        self.directory = directory
        self.root = directory / "root"
        self.zk = zc.zk.ZK(connection)
        self.log = log
        self.version = 1
        root = str(self.root)
        self._settings = Settings(IDENTIFIER, ROLE, f"{root}/etc/zim", (), root, connection)
        self.zk.import_tree(f"/hosts\n  version = 1\n/role-locks\n  /{ROLE}\n")
        self._before = self.listing()
        self.agent = Agent(settings=self._settings)
        log.end_of(1)

    def deploy(self, nodes: Mapping[str, bytes]) -> Outcome:
        """Make the tree hold these nodes and nothing else, and return what the agent did."""
        for name in self.zk.get_children("/"):
            if name not in ("zookeeper", "hosts", "role-locks", "agent-locks"):
                self.zk.delete_recursive(f"/{name}")
        for path in sorted(nodes, key=lambda path: path.count("/")):
            self.zk.create(path, nodes[path], makepath=True)
        self.version += 1
        telling = self.directory / "state/telling"  # of what the agent calls, and nobody else
        telling.touch()
        try:
            self.zk.properties("/hosts", watch=False).update(version=self.version)
            return self.log.end_of(self.version)
        finally:
            telling.unlink()

    def knows(self, *software: str, kind: str = "application") -> None:
        """Let the package manager have any version of packages, and no others."""
        lines = "".join(f"{name} {kind}\n" for name in sorted(software, reverse=True))
        write_file(self.directory / "state/known", lines)

    @contextlib.contextmanager
    def real_repositories(self) -> Iterator[None]:
        """Let git and svn be what they are."""
        real = self.directory / "state/real"
        real.touch()
        try:
            yield
        finally:
            real.unlink()

    def calls(self) -> list[list[str]]:
        """Return and forget what the programs were called with."""
        path = self.directory / "argv"
        calls = path.read_text(errors="surrogateescape").split("\x1e")[:-1]
        path.write_text("")
        return [call.split("\x1f")[:-1] for call in calls]

    def shown_error(self) -> object:
        """Return what the node of the host says went wrong."""
        return self.zk.get_properties(f"/hosts/{IDENTIFIER}").get("error")

    def listing(self) -> dict[str, str]:
        """Return all that is to stay as it is: what each file is and holds, by path."""
        found = {}
        for directory, directories, files in os.walk(self.directory):
            here = Path(directory)
            inside = str(here.relative_to(self.directory))
            if inside == "root":
                directories.remove("opt")
            if inside == "root/etc" and "zim" in directories:
                directories.remove("zim")
            if inside == ".":
                for name in ("state", "repositories"):
                    directories.remove(name)
                files = [name for name in files if name != "argv"]
            for name in (*directories, *files):
                path = here / name
                found[str(path.relative_to(self.directory))] = _what(path)
        return found

    def changes(self) -> list[str]:
        """Return, once, what is not as it was, but for files of deployments in ``/etc/APP``."""
        before, now = dict(self._before), self.listing()
        changed = [
            path
            for path in sorted(now.keys() | before.keys())
            if now.get(path) != before.get(path) and not self._is_own(path)
        ]
        told = [
            f"{path!r} is {now.get(path, 'gone')}, not {before.get(path, 'away')}"
            for path in changed
        ]
        for path in changed:
            before.pop(path, None)
        self._before = before | {path: now[path] for path in changed if path in now}
        return told

    def _is_own(self, path: str) -> bool:
        match Path(path).parts:
            case ("root", "etc", app):
                return path not in self._before and names.is_software(app)
            case ("root", "etc", app, name):
                return names.is_software(app) and bool(_SCRIPT_FILES(name))
        return False

    def start_again(self) -> None:
        """Replace an agent that came to no end."""
        self.agent.close()
        self.agent = Agent(settings=self._settings)

    def close(self) -> None:
        self.agent.close()
        self.zk.close()


def _what(path: Path) -> str:
    """Return what a file is: kind, mode and contents, not followed."""
    stat = path.lstat()
    if path.is_symlink():
        return f"a link to {path.readlink()}"
    if path.is_file():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        return f"a file of mode {stat.st_mode:o}, owner {stat.st_uid}, digest {digest}"
    return f"of mode {stat.st_mode:o}, owner {stat.st_uid}"


@contextlib.contextmanager
def corpus_host(directory: Path, connection: str) -> Iterator[CorpusHost]:
    """Provide a host whose agent reached version 1 of an empty tree."""
    directory.mkdir()
    for path, text in _SURROUNDINGS.items():
        write_file(directory / path, text)
    (directory / "canary").chmod(0o600)
    (directory / "root/canary").chmod(0o600)
    for path in ("root/opt", "root/etc/zim", "state/installed", "repositories"):
        (directory / path).mkdir(parents=True)
    (directory / "argv").touch()
    write_file(directory / "root/etc/zim/host_version", "0")
    write_programs(directory)
    path = f"{directory / 'bin'}{os.pathsep}{os.environ['PATH']}"
    disabled = logging.root.manager.disable
    logger = logging.getLogger("zc.zkdeployment")
    level, propagate = logger.level, logger.propagate
    log = _Log()
    logger.addHandler(log)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logging.disable(logging.NOTSET)
    try:
        with mock.patch.dict(os.environ, PATH=path, HOME="/root"):
            host = CorpusHost(directory, connection, log)
            try:
                yield host
            finally:
                host.close()
    finally:
        logging.disable(disabled)
        logger.propagate = propagate
        logger.setLevel(level)
        logger.removeHandler(log)
