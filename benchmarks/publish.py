"""What it costs to publish a tree and to read a manifest, in time and in requests.

Prints a table: for each size of tree the median time and the number of requests of
publishing it for the first time, unchanged and with one node changed, how many objects
that wrote, and of what an agent reads when it learns of a new version.

    .venv/bin/python benchmarks/publish.py [--nodes 1000 10000 50000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tree import root_of_its_own, text_of

import zc.zk
from zc.zkdeployment.adapters.revisions import OBJECTS, Revisions
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.model import Version
from zc.zkdeployment.publish_rules import Limits
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.snapshot import Origin, Snapshot
from zc.zkdeployment.sync import State, sync
from zc.zkdeployment.tree_files import SourceFile

#: What an agent asks for: the host that the first customer's applications are deployed to.
TARGETS = ("host0", "host0.example.com")


class Text:
    """A source that holds one text, under one version after the other."""

    def __init__(self) -> None:
        self._versions = itertools.count(1)
        self.text = ""

    def hold(self, text: str) -> None:
        self.text = text
        self._version = next(self._versions)

    def newest(self) -> Version:
        return self._version

    def read(self) -> Snapshot:
        file = SourceFile("site.zk", self.text.encode())
        return Snapshot(self._version, (file,), Origin("benchmark"))


def publish(zk: zc.zk.ZK, source: Text) -> None:
    outcome = sync(zk, source, Terms("benchmark", datetime.now(UTC)), Limits())
    assert outcome.state is State.PUBLISHED, outcome


class Meter:
    """Measures rounds of work against ``server``: seconds and requests."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.times: list[float] = []
        self.requests: list[int] = []

    @contextlib.contextmanager
    def round(self) -> Iterator[None]:
        before = self._server.received()
        start = time.perf_counter()
        yield
        self.times.append(time.perf_counter() - start)
        self.requests.append(self._server.received() - before)

    def row(self, name: str, note: str = "") -> str:
        median = statistics.median(self.times) * 1000
        return (
            f"  {name:34}{median:9.1f}{max(self.times) * 1000:9.1f}{min(self.requests):10} {note}"
        )


def objects(zk: zc.zk.ZK) -> int:
    return len(zk.get_children(OBJECTS))


def first_time(server: Server, nodes: int, rounds: int) -> str:
    meter = Meter(server)
    note = ""
    for number in range(rounds):
        with root_of_its_own(server, f"first-{nodes}-{number}") as zk:
            source = Text()
            source.hold(text_of(nodes))
            with meter.round():
                publish(zk, source)
            note = f"{objects(zk)} objects"
            zk.delete_recursive("/revisions")
            for name in zk.get_children("/"):
                if name != "zookeeper":
                    zk.delete(f"/{name}", recursive=True)
    return meter.row("publish, first time", note)


def again(server: Server, nodes: int, rounds: int) -> Iterator[str]:
    one, two = text_of(nodes), text_of(nodes).replace(": z4m", ": z4m special", 1)
    with root_of_its_own(server, f"again-{nodes}") as zk:
        source = Text()
        source.hold(one)
        publish(zk, source)
        unchanged, changed = Meter(server), Meter(server)
        before = objects(zk)
        for _ in range(rounds):
            source.hold(one)
            with unchanged.round():
                publish(zk, source)
        yield unchanged.row("publish, nothing changed", f"{objects(zk) - before} new objects")
        source.hold(two)
        with changed.round():
            publish(zk, source)
        note = f"{objects(zk) - before} new objects"
        for text in itertools.islice(itertools.cycle((one, two)), rounds - 1):
            source.hold(text)
            with changed.round():
                publish(zk, source)
        yield changed.row("publish, one node changed", note)
        yield reading(server, zk, source.newest(), rounds)


def reading(server: Server, zk: zc.zk.ZK, version: Version, rounds: int) -> str:
    meter = Meter(server)
    revisions = Revisions(zk.bulk.read)
    for _ in range(20 * rounds):
        with meter.round():
            found = revisions.manifests(version, TARGETS)
        assert found
    return meter.row("read what a host has to do")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nodes", type=int, nargs="+", default=[1000, 10_000, 50_000])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}")
    with (
        tempfile.TemporaryDirectory() as directory,
        Server.start(Path(directory)) as server,
    ):
        first_time(server, 2000, 5)  # let the server's Java compile what it is going to need
        for nodes in options.nodes:
            head = f"{text_of(nodes).count('/')} nodes"
            print(f"\n{head:36}{'ms':>9}{'max':>9}{'requests':>10}")
            for row in (
                first_time(server, nodes, options.rounds),
                *again(server, nodes, options.rounds),
            ):
                print(row)


if __name__ == "__main__":
    main()
