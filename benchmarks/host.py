"""A host with an agent in a process of its own, whose scripts are trivial."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from zc.zkdeployment import names
from zc.zkdeployment.lab.child import Child
from zc.zkdeployment.lab.packages import write_file

HOST = "bench"

TRIVIAL = "#!/bin/sh\n:\n"


class AgentHost:
    """A host of which ``root`` is the root directory. All software is there already."""

    def __init__(self, root: Path, script: str = TRIVIAL, yum: str = "") -> None:
        self.root = root
        self.script = root / "opt/app/bin/zookeeper-deploy"
        write_file(root / "etc/zmh/pxemac", f"{HOST}\n")
        write_file(self.script, script)
        # The package manager says what is there. What that costs is measured elsewhere.
        write_file(root / "bin/yum", f"#!/bin/sh\n{yum}\necho app.noarch 1-1 @bench\n")

    def at(self, version: int) -> None:
        """Make the host one that reached a version."""
        write_file(self.root / "etc/zim/host_version", str(version))

    def has(self, paths: list[str]) -> None:
        """Make the application nodes at ``paths`` ones that are deployed here."""
        for path in paths:
            write_file(self.root / "etc/app" / f"{names.file_name(path, 0)}.deployed", "")

    @contextlib.contextmanager
    def running_agent(self, connection: str) -> Iterator[int]:
        """Run the agent; provides its process id."""
        settings = {
            "TEST_ROOT": str(self.root),
            "ZC_ZK_CONNECTION_STRING": connection,
            "PATH": f"{self.root}/bin{os.pathsep}{os.environ['PATH']}",
            "HOME": "/root",
        }
        env = ("env", *(f"{name}={value}" for name, value in settings.items()))
        argv = [*env, sys.executable, "-m", "zc.zkdeployment.cli", "agent"]
        agent = Child(argv, self.root, self.root / "log")
        try:
            if agent.pid is None:
                raise RuntimeError("the agent ended at once")
            yield agent.pid
        finally:
            agent.reap(0.0)
