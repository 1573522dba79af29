"""A host of its own for each test: a root directory, a run directory, and what it logs."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from zc.zkdeployment.adapters.commands import Commands
from zc.zkdeployment.adapters.host_state import HostFiles

#: Returns the lines logged and printed since it was last called.
Story = Callable[[], list[str]]


class _ToStandardOutput(logging.Handler):
    """Shows records among what is printed, as the founding document does."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stdout.write(f"{record.levelname} {record.getMessage()}\n")


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.fixture
def story(capsys: pytest.CaptureFixture[str]) -> Iterator[Story]:
    logger = logging.getLogger("zc.zkdeployment")
    handler = _ToStandardOutput(logging.INFO)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lambda: capsys.readouterr().out.splitlines()
    logger.setLevel(level)
    logger.removeHandler(handler)


@dataclass(frozen=True, slots=True)
class Host:
    """A host below a directory; ``programs`` is the first directory on its ``PATH``."""

    root: Path
    run: Path
    programs: Path

    @property
    def opt(self) -> Path:
        return self.root / "opt"

    @property
    def etc(self) -> Path:
        return self.root / "etc"

    @property
    def files(self) -> HostFiles:
        """Its files, as an agent sees them that has just been started."""
        return HostFiles(str(self.root), str(self.run))

    @property
    def commands(self) -> Commands:
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        return Commands(environment={"PATH": path, "TEST_ROOT": str(self.root)})


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path / "root", tmp_path / "root/etc/zim", tmp_path / "programs")
    host.root.mkdir()
    return host
