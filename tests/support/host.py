"""A host with an agent in this process: real ZooKeeper, dnf, svn, git and scripts."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import zc.zk
from zc.zkdeployment.agent import Agent
from zc.zkdeployment.lab.packages import Package, PackageRepository, write_file, yum_launcher
from zc.zkdeployment.lab.scripts import application
from zc.zkdeployment.model import Version
from zc.zkdeployment.settings.config import DEFAULT_VERIFY_INTERVAL, Settings
from zc.zkdeployment.tree.timeouts import DEFAULT_TIMEOUT

LIMIT = 60  # seconds until a test that waits has failed

IDENTIFIER = "424242424242"


def controller(starting: str = "", ending: str = "") -> dict[str, str]:
    """Return the files of a role controller whose scripts run these shell commands."""
    return {
        "bin/starting-deployments": f"#!/bin/sh\n{starting}\n",
        "bin/ending-deployments": f"#!/bin/sh\n{ending}\n",
    }


PACKAGES = (
    Package("web", "1.0.0"),
    Package("web", "1.1.0"),
    Package("web-4.0.0", "1"),
    Package("web-5.0.0", "1"),
    Package("worker", "1.0"),
    Package("sleepy", "1.0", files=application("echo waiting for the database; sleep 600")),
    Package("cranky", "1.0", files=application("echo waaaa; exit 3")),
    Package("binary", "1.0", files=application("printf 'a\\377b\\n'; exit 3")),
    Package("uncranky", "1.0", files=application('[ -z "$uninstall" ]')),
    Package("controller", "1.0", files=controller()),
    Package("controller", "1.1", files=controller()),
    Package("another", "1.0", files=controller()),
    Package("unwilling", "1.0", files=controller(starting="exit 1")),
    Package("unending", "1.0", files=controller(ending="exit 1")),
)


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> PackageRepository:
    """The packages of all tests here."""
    made = PackageRepository(tmp_path_factory.mktemp("packages") / "repository")
    made.add(*PACKAGES)
    return made


class Log(logging.Handler):
    """The records of a host, as ``LEVEL message`` with paths below its root."""

    def __init__(self, root: str) -> None:
        super().__init__(logging.INFO)
        self._root = root
        self._more = threading.Condition()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = f"{record.levelname} {record.getMessage()}"
        if record.exc_info and record.exc_info[1]:
            text += f"\n{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        with self._more:
            self.lines += text.replace(self._root, "").split("\n")
            self._more.notify_all()

    def wait_for(self, line: str, start: int = 0) -> None:
        """Wait for a line that starts with ``line``, after the first ``start`` ones."""
        with self._more:
            found = self._more.wait_for(
                lambda: any(found.startswith(line) for found in self.lines[start:]), LIMIT
            )
        assert found, self.lines


class Host:
    """A host: its root directory, its log, and an agent while it runs."""

    def __init__(self, root: Path, zk: zc.zk.ZK, connection: str) -> None:
        self.root = root
        self.zk = zk
        self.connection = connection
        self.log = Log(str(root))
        self.agents = ExitStack()
        self.role: str | None = None
        self.after: tuple[str, ...] = ()
        self.timeout = DEFAULT_TIMEOUT
        self.package_manager: str | None = None
        self.reports = False
        self.verify_interval = DEFAULT_VERIFY_INTERVAL
        self.repairs_drift = False

    def settings(self) -> Settings:
        return Settings(
            host_identifier=IDENTIFIER,
            role=self.role,
            run_directory=str(self.root / "etc/zim"),
            after=self.after,
            root=str(self.root),
            connection_string=self.connection,
            timeout=self.timeout,
            package_manager=self.package_manager,
            reports=self.reports,
            verify_interval=self.verify_interval,
            repairs_drift=self.repairs_drift,
        )

    def start(self, *, run_once: bool = False) -> Agent:
        """Start an agent, which is closed when the test ends."""
        agent = Agent(settings=self.settings(), run_once=run_once)
        self.agents.callback(agent.close)
        return agent

    def set_version(self, version: Version) -> None:
        self.zk.properties("/hosts", watch=False).update(version=version)

    def deploy(self, version: Version, tree: str | None = None) -> list[str]:
        """Import a tree and set the version; return what was logged until that was dealt with."""
        if tree is not None:
            self.zk.import_tree(tree, trim=True)
        start = len(self.log.lines)
        self.set_version(version)
        return self.outcome(version, start)

    def outcome(self, version: Version, start: int = 0) -> list[str]:
        """Return what was logged, from line ``start`` on, until ``version`` was dealt with."""
        ends = (
            f"INFO Done deploying version {version}",
            f"CRITICAL FAILED deploying version {version}",
        )
        with self.log._more:
            done = self.log._more.wait_for(
                lambda: any(line in ends for line in self.log.lines[start:]), LIMIT
            )
        assert done, self.log.lines[start:]
        return self.log.lines[start:]

    def deployed(self) -> list[str]:
        """Return the names of all files that say what is deployed."""
        return sorted(
            str(path.relative_to(self.root / "etc")) for path in self.root.glob("etc/*/*.deployed")
        )

    def software(self) -> list[str]:
        """Return the names of what is below ``/opt``."""
        return sorted(path.name for path in (self.root / "opt").glob("*"))

    @property
    def node(self) -> dict[str, object]:
        """What the host's node says."""
        properties: dict[str, object] = self.zk.get_properties(f"/hosts/{IDENTIFIER}")
        return properties


@contextmanager
def running_host(
    directory: Path,
    zk: zc.zk.ZK,
    connection: str,
    repository: PackageRepository,
    patch: pytest.MonkeyPatch,
    name: str = "host42",
) -> Iterator[Host]:
    """A host without anything, in a fleet whose version is 1, which the host has reached."""
    root = directory / "root"
    write_file(root / "etc/zim/host_version", "1")
    launcher = yum_launcher(directory / "bin", root, repository)
    patch.setenv("PATH", str(launcher.parent), prepend=":")
    patch.setenv("HOME", "/root")
    patch.setattr("socket.getfqdn", lambda: name)
    zk.import_tree("/hosts\n  version = 1\n")
    host = Host(root, zk, connection)
    logger = logging.getLogger("zc.zkdeployment")
    level = logger.level
    logger.addHandler(host.log)
    logger.setLevel(logging.INFO)
    try:
        yield host
    finally:
        host.agents.close()
        logger.removeHandler(host.log)
        logger.setLevel(level)


@pytest.fixture
def host(
    tmp_path: Path,
    zk: zc.zk.ZK,
    zk_connection: str,
    repository: PackageRepository,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Host]:
    """A host for one test."""
    with running_host(tmp_path, zk, zk_connection, repository, monkeypatch) as made:
        yield made
