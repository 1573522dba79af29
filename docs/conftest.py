"""Runs the scenes of the documents, which say how."""

from __future__ import annotations

import contextlib
import doctest
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from docs.shells import Shell, Workshop
from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser
from sybil.sybil import SybilCollection
from tests.support.host import Host, running_host

import zc.zk
from zc.zkdeployment.lab.packages import PackageRepository, write_file, yum_launcher
from zc.zkdeployment.model import Version


class Scenes:
    """What the examples may call."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.zk = host.zk
        self._seen = 0

    def import_tree(self, text: str) -> None:
        self.zk.import_tree(text, trim=True)

    def set_version(self, version: Version) -> None:
        self.host.set_version(version)

    def publish(self, version: Version) -> None:
        start = len(self.host.log.lines)
        self.host.set_version(version)
        if version is not None and version is not False:
            self.host.outcome(version, start)

    def wait_for(self, line: str) -> None:
        self.host.log.wait_for(line, self._seen)

    def log(self) -> str:
        lines = self.host.log.lines[self._seen :]
        self._seen += len(lines)
        return "\n".join(lines) + "\n"

    def read(self, path: str) -> str:
        return self._below_root(path).read_text()

    def write(self, path: str, content: str) -> None:
        write_file(self._below_root(path), content)

    def _below_root(self, path: str) -> Path:
        return self.host.root / path.lstrip("/")


def _tree(example: Example) -> None:
    example.namespace["scenes"].import_tree(example.parsed)


def _log(example: Example) -> str | None:
    logged = example.namespace["scenes"].log()
    if logged == example.parsed:
        return None
    return f"Expected:\n{example.parsed}\nLogged:\n{logged}"


@pytest.fixture(scope="module")
def scenes(
    new_tree: Callable[[], AbstractContextManager[str]],
    repository: PackageRepository,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scenes]:
    """The host ``app1``, as an agent without a configuration file finds it."""
    with (
        new_tree() as connection,
        contextlib.closing(zc.zk.ZK(connection)) as zk,
        pytest.MonkeyPatch.context() as patch,
        running_host(
            tmp_path_factory.mktemp("app1"), zk, connection, repository, patch, "app1"
        ) as host,
    ):
        patch.setenv("TEST_ROOT", str(host.root))
        patch.setenv("ZC_ZK_CONNECTION_STRING", connection)
        write_file(host.root / "etc/zmh/pxemac", "424242424242\n")
        yield Scenes(host)


@pytest.fixture
def zk(scenes: Scenes) -> zc.zk.ZK:
    return scenes.zk


@pytest.fixture
def publish(scenes: Scenes) -> Callable[[Version], None]:
    return scenes.publish


@pytest.fixture
def set_version(scenes: Scenes) -> Callable[[Version], None]:
    return scenes.set_version


@pytest.fixture
def wait_for(scenes: Scenes) -> Callable[[str], None]:
    return scenes.wait_for


@pytest.fixture
def read(scenes: Scenes) -> Callable[[str], str]:
    return scenes.read


@pytest.fixture
def write(scenes: Scenes) -> Callable[[str, str], None]:
    return scenes.write


def _file(example: Example) -> None:
    example.namespace["shell"].write("site.zk", example.parsed)


def _console(example: Example) -> str | None:
    return _differences(example.parsed, example.namespace["shell"])


def _differences(
    session: str, shell: Shell | Workshop, flags: int = doctest.ELLIPSIS
) -> str | None:
    """Type the commands of a session; return how what they print differs from what is shown."""
    checker = doctest.OutputChecker()
    for part in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        printed = shell.type(command)
        # A line of dots stands for any number of lines, also for none.
        wanted = re.sub(r"^\.\.\.\n", "...", expected, flags=re.MULTILINE)
        if not checker.check_output(wanted, printed, flags):
            return f"$ {command}\nExpected:\n{expected}\nPrinted:\n{printed}"
    return None


@pytest.fixture(scope="module")
def shell(
    new_tree: Callable[[], AbstractContextManager[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shell]:
    with new_tree() as connection:
        yield Shell(tmp_path_factory.mktemp("shell"), connection)


@pytest.fixture(scope="module")
def workshop(
    new_tree: Callable[[], AbstractContextManager[str]],
    repository: PackageRepository,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Workshop]:
    """A shell with a ZooKeeper, and a yum for the host whose root is the directory ``h1``."""
    directory = tmp_path_factory.mktemp("workshop")
    yum = yum_launcher(directory.with_name(f"{directory.name}-bin"), directory / "h1", repository)
    git = {f"GIT_{who}_NAME": "you" for who in ("AUTHOR", "COMMITTER")}
    mail = {f"GIT_{who}_EMAIL": "you@localhost" for who in ("AUTHOR", "COMMITTER")}
    path = (str(Path(sys.executable).parent), str(yum.parent), os.environ["PATH"])
    with new_tree() as connection:
        environment = {"PATH": os.pathsep.join(path), "ZC_ZK_CONNECTION_STRING": connection}
        with contextlib.closing(Workshop(directory, {**git, **mail, **environment})) as made:
            yield made


_titled = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def _titled_files(document: Document) -> Iterator[Region]:
    """Yield the blocks that are files, whose names are their titles."""
    for found in _titled.finditer(document.text):
        yield Region(found.start(), found.end(), found.groups(), _save)


def _save(example: Example) -> None:
    example.namespace["workshop"].write(*example.parsed)


def _session(example: Example) -> str | None:
    # How wide a column is depends on the length of the directory's name.
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return _differences(example.parsed, example.namespace["workshop"], flags)


_agent = Sybil(
    parsers=[
        PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS),
        CodeBlockParser(language="zk", evaluator=_tree),
        CodeBlockParser(language="log", evaluator=_log),
    ],
    patterns=["agent.md"],
    fixtures=["scenes", "zk", "publish", "set_version", "wait_for", "read", "write"],
)

_publishing = Sybil(
    parsers=[
        CodeBlockParser(language="zk", evaluator=_file),
        CodeBlockParser(language="console", evaluator=_console),
    ],
    patterns=["publishing.md"],
    fixtures=["shell"],
)

_workshops = Sybil(
    parsers=[_titled_files, CodeBlockParser(language="console", evaluator=_session)],
    patterns=["tutorial.md", "howto/deployment-script.md", "howto/updates.md", "howto/watch.md"],
    fixtures=["workshop"],
)

pytest_collect_file = SybilCollection([_agent, _publishing, _workshops]).pytest()
