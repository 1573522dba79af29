"""The row of races between a stop and a publication."""

from __future__ import annotations

import contextlib
import random
import threading
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.rows import Row, Setting

import zc.zk
from zc.zkdeployment.adapters.registry import Registry
from zc.zkdeployment.adapters.stop_intent import StopIntent
from zc.zkdeployment.fleet_control import stop_fleet
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.model import Identity, Version
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.sync import State, sync
from zc.zkdeployment.tree.origin import Origin
from zc.zkdeployment.tree.snapshot import Snapshot, SourceFile

_TREE = b"/a : app-1\n  /deploy\n    /h1\n"


class _Source:
    """Holds the same tree under a version of its own."""

    def __init__(self, version: Version) -> None:
        self._version = version

    def newest(self) -> Version:
        return self._version

    def read(self) -> Snapshot:
        return Snapshot(self._version, (SourceFile("site.zk", _TREE),), Origin("races"))


def stop_races(setting: Setting) -> Row:
    """Publish while a host fails or a person stops the fleet: the stop is never lost."""
    choose = random.Random(setting.seed)
    wanted = 30 if setting.short else 1000
    violations = []
    published = 0
    with (
        Server.start(setting.directory / "zookeeper") as server,
        contextlib.closing(zc.zk.ZK(server.connection_string)) as publisher,
        contextlib.closing(zc.zk.ZK(server.connection_string)) as stopper,
    ):
        publisher.import_tree("/hosts\n  version = 0\n")
        registry = _registry(stopper, setting.directory)
        for number in range(1, wanted + 1):
            publisher.properties("/hosts", watch=False).update(version=-number)
            registry.report(version=-number, error=None)  # it is not waited for
            delay = choose.random() * 0.03
            by_host = choose.random() < 0.5
            stop = threading.Thread(target=_stop, args=(registry, stopper, delay, by_host))
            stop.start()
            terms = Terms("races", datetime.now(UTC))
            outcome = sync(publisher, _Source(number), terms, Limits())
            stop.join()
            published += outcome.state is State.PUBLISHED
            found = publisher.get_properties("/hosts").get("version")
            if found is not None:
                violations.append(f"race {number}: {outcome.state}, then version {found!r}")
            if number % 100 == 0:
                setting.say(f"{number} of {wanted} races")
    note = f"the publication came first {published} times"
    return Row("stop while a version is published", wanted, "races", tuple(violations), note)


def _stop(registry: Registry, zk: zc.zk.ZK, delay: float, by_host: bool) -> None:
    threading.Event().wait(delay)
    if by_host:
        registry.all_stop("it failed")
    else:
        stop_fleet(zk, "it looks bad")


def _registry(zk: zc.zk.ZK, directory: Path) -> Registry:
    (directory / "run").mkdir()
    registry = Registry(zk, Identity("h9", "h9"), Wakeup(), StopIntent(str(directory / "run")))
    registry.register(0, 1.0)
    registry.watch()
    return registry
