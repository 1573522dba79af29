"""A process of many agents that do everything but act: each has its session and its thread."""

from __future__ import annotations

import logging
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

import zc.zk
from zc.zkdeployment.adapters.host_state import HostFiles
from zc.zkdeployment.adapters.registry import Registry
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.stop_intent import StopIntent
from zc.zkdeployment.adapters.trees import Trees
from zc.zkdeployment.host.gate import Gate, judge
from zc.zkdeployment.host.observe import read_desired
from zc.zkdeployment.host.plan import plan
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.model import Identity, Version

#: Sessions of one process are many; none of them may end because another one is served first.
_SESSION = 60.0  # seconds


class Member:
    """An agent that makes a plan for each version, as soon as it is set.

    ``ready`` is released whenever it has one.
    """

    def __init__(
        self, name: str, connection: str, directory: Path, ready: threading.Semaphore
    ) -> None:
        self.planned_at = 0.0
        self._ready = ready
        self._identity = Identity(name, f"{name}.example.com")
        self._wakeup = Wakeup()
        run = str(directory / name)
        self._files = HostFiles(run, run)
        zk = zc.zk.ZK(connection, _SESSION)
        self._registry = Registry(zk, self._identity, self._wakeup, StopIntent(run))
        self._trees = Trees(Requests(zk))
        self._registry.register(None, _SESSION)
        self._registry.watch()
        self._reached: Version = self._registry.version()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            seen = self._wakeup.count
            self._registry.glance()
            version = self._registry.version()
            if judge(version, self._reached) is Gate.OPEN:
                desired = read_desired(self._trees, self._identity, version)
                steps = plan(desired, self._files.installed())
                self.planned_at = time.monotonic()
                self._reached = version
                if len(steps.deployments) == 1:
                    self._ready.release()
            self._wakeup.wait(seen)


def serve(parent: Connection, connection: str, names: list[str], directory: Path) -> None:
    """Run an agent for each name.

    Says when all are there, then for each version that ``parent`` announces that it has
    heard, and when the last one had its plan, until ``parent`` is gone. What it says is a
    moment and the seconds that this process has worked.
    """
    logging.disable(logging.CRITICAL)
    # By default each of a thousand threads that wait for the interpreter wakes all 5 ms.
    sys.setswitchinterval(0.1)
    ready = threading.Semaphore(0)
    members = [Member(name, connection, directory, ready) for name in names]
    parent.send((0.0, time.process_time()))
    try:
        while parent.recv():
            parent.send((0.0, time.process_time()))
            for _ in members:
                ready.acquire()
            last = max(member.planned_at for member in members)
            parent.send((last, time.process_time()))
    except (EOFError, BrokenPipeError):
        return
