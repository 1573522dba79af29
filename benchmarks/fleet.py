"""A fleet to measure: a server, trees of their own on it, and what is published there."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.trees import customers

import zc.zk
from zc.zk.scan import scan
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.sync import State, sync
from zc.zkdeployment.tree.origin import Origin
from zc.zkdeployment.tree.snapshot import Snapshot, SourceFile

PATIENCE = 60.0  # seconds that anything may take that is waited for

_WARMING = 2000  # nodes
_ANY = 1_000_000


class Text:
    """A source that holds one text."""

    def __init__(self, version: int, text: str) -> None:
        self._version = version
        self._text = text

    def newest(self) -> Version:
        return self._version

    def read(self) -> Snapshot:
        file = SourceFile("site.zk", self._text.encode())
        return Snapshot(self._version, (file,), Origin("benchmark"))


def publish(zk: zc.zk.ZK, version: int, text: str) -> None:
    """Publish a tree as a version."""
    # Whether all hosts are there, and what was deployed before, is of no interest.
    limits = Limits(force=True, removals=_ANY)
    outcome = sync(zk, Text(version, text), Terms("benchmark", datetime.now(UTC)), limits)
    if outcome.state is not State.PUBLISHED:
        raise RuntimeError(f"version {version} was not published: {outcome}")


@contextlib.contextmanager
def root_of_its_own(server: Server, name: str) -> Iterator[zc.zk.ZK]:
    """Provide a tree with a new, empty root; its connection string is ``server``'s with it."""
    with contextlib.closing(zc.zk.ZK(server.connection_string)) as top:
        top.create(f"/{name}")
    with contextlib.closing(zc.zk.ZK(f"{server.connection_string}/{name}")) as zk:
        yield zk


@contextlib.contextmanager
def warm_server(directory: Path, rounds: int = 10) -> Iterator[Server]:
    """Run a server whose Java has compiled what is going to be needed."""
    logging.disable(logging.CRITICAL)
    with Server.start(directory / "zookeeper") as server:
        with root_of_its_own(server, "warm") as zk:
            for version in range(rounds):
                publish(zk, version, customers(_WARMING, str(version)))
                scan(zk.bulk)
        yield server


class Versions:
    """Sets the cluster version, in one request, to versions that were published."""

    def __init__(self, zk: zc.zk.ZK) -> None:
        self._zk = zk
        self._properties = zk.get_properties("/hosts")

    def set(self, version: int) -> None:
        data = zc.zk.encode(self._properties | {"version": version})
        self._zk.client.set("/hosts", data)


def wait_for_host(zk: zc.zk.ZK, host: str, version: int) -> None:
    """Wait until a host shows that it reached a version; nothing is asked meanwhile."""
    while True:
        changed = threading.Event()

        def wake(_: object, changed: threading.Event = changed) -> None:
            changed.set()

        path = f"/hosts/{host}"
        if zk.client.exists(path, wake):
            data, _ = zk.client.get(path, wake)
            if zc.zk.decode(data).get("version") == version:
                return
        if not changed.wait(PATIENCE):
            raise TimeoutError(f"{host} did not reach version {version} in {PATIENCE:g} s")
