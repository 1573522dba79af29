"""What it costs to read, import and export a tree, in time and in requests.

Prints a table: for each size of tree the median time and the number of requests
of each piece of work, and beside it what one request a node costs.

    .venv/bin/python benchmarks/tree.py [--nodes 1000 10000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import contextlib
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import zc.zk
from zc.zk.scan import scan
from zc.zkdeployment.lab.zookeeper import Server

#: Nodes below each customer: of the customer, its application, and three for each deployment.
PER_DEPLOYMENT = 3
DEPLOYMENTS = 32


def text_of(nodes: int, version: str = "1.0.0") -> str:
    """Return the text of a tree of about so many nodes, five levels deep."""
    lines = []
    for customer in range(max(1, nodes // (2 + PER_DEPLOYMENT * DEPLOYMENTS))):
        lines += [f"/cust{customer} : customer", "  /app"]
        for number in range(DEPLOYMENTS):
            lines += [
                f"    /node{number} : z4m",
                f"      version = {version!r}",
                f"      threads = {number}",
                "      /deploy",
                f"        /host{customer}",
            ]
    return "\n".join(lines) + "\n"


def one_by_one(zk: zc.zk.ZK, path: str = "/") -> int:
    """Read a tree as if there were only requests about single nodes; return its size."""
    zk.client.get(path)
    names = zk.client.get_children(path)
    return 1 + sum(one_by_one(zk, f"{path.rstrip('/')}/{name}") for name in names)


@contextlib.contextmanager
def root_of_its_own(server: Server, name: str) -> Iterator[zc.zk.ZK]:
    """Return a tree with a new, empty root."""
    with contextlib.closing(zc.zk.ZK(server.connection_string)) as top:
        top.create(f"/{name}")
    with contextlib.closing(zc.zk.ZK(f"{server.connection_string}/{name}")) as zk:
        yield zk


def measure(server: Server, work: Callable[[], object], rounds: int) -> tuple[float, int]:
    """Return the median time in seconds, and the requests of one round."""
    times, requests = [], []
    for _ in range(rounds):
        before = server.received()
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
        requests.append(server.received() - before)
    return statistics.median(times), min(requests)  # more were pings


def measurements(server: Server, nodes: int, rounds: int) -> Iterator[tuple[str, float, int]]:
    """Yield what was done, how long it took, in seconds, and its number of requests."""
    text, changed = text_of(nodes), text_of(nodes).replace("1.0.0", "2.0.0", 1)
    with root_of_its_own(server, f"tree-{nodes}") as zk:
        for number in range(rounds):
            zk.create(f"/copy{number}")
        copies = iter(range(rounds))
        yield (
            "import, first time",
            *measure(server, lambda: zk.import_tree(text, f"/copy{next(copies)}"), rounds),
        )
        for number in range(rounds):
            zk.delete(f"/copy{number}", recursive=True)
        zk.import_tree(text)
        yield "import, nothing changed", *measure(server, lambda: zk.import_tree(text), rounds)
        turn = iter([changed, text] * rounds)
        yield (
            "import, one node changed",
            *measure(server, lambda: zk.import_tree(next(turn)), rounds),
        )
        yield "scan", *measure(server, lambda: scan(zk.bulk), rounds)
        yield (
            "scan, of one moment",
            *measure(server, lambda: scan(zk.bulk, consistent=True), rounds),
        )
        yield "read_tree (properties too)", *measure(server, zk.read_tree, rounds)
        yield "export", *measure(server, zk.export_tree, rounds)
        yield "one request for each thing", *measure(server, lambda: one_by_one(zk), 1)
        zk.bulk._multi_read = False
        yield "scan, server without multi-read", *measure(server, lambda: scan(zk.bulk), rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nodes", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}")
    with (
        tempfile.TemporaryDirectory() as directory,
        Server.start(Path(directory)) as server,
    ):
        warm_up(server)
        for nodes in options.nodes:
            print(f"\n{text_of(nodes).count('/')} nodes{'':24}{'ms':>9}{'requests':>10}")
            for name, seconds, requests in measurements(server, nodes, options.rounds):
                print(f"  {name:34}{seconds * 1000:9.1f}{requests:10}")


def warm_up(server: Server) -> None:
    """Have the server's Java compile what it is going to need."""
    with root_of_its_own(server, "warm") as zk:
        for version in range(10):
            zk.import_tree(text_of(2000, str(version)))
            scan(zk.bulk)


if __name__ == "__main__":
    main()
