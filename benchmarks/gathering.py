"""What it takes an agent to know what its host has to do, and what a look at all nodes takes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.figures import Amount, Figure, Findings, Setting
from benchmarks.fleet import publish, root_of_its_own, warm_server
from benchmarks.timing import Meter, measure
from benchmarks.trees import customers, size

import zc.zk
from zc.zk.scan import scan
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.trees import Trees
from zc.zkdeployment.host.observe import read_desired
from zc.zkdeployment.model import Identity

_IDENTITY = Identity("host0", "host0.example.com")

#: Of a tree that grows a thousandfold; what a machine does by the way is no growth.
_FLAT = 1.5

_TURNS = 10


def gather(setting: Setting) -> Findings:
    """Gather a host's deployments through the revision that was published."""
    sizes = (100, 2000) if setting.quick else (100, 1000, 10_000, 100_000)
    rounds = 30 if setting.quick else 200
    meters: dict[int, Meter] = {}
    works: list[Callable[[], None]] = []
    with (
        warm_server(setting.directory, 2 if setting.quick else 10) as server,
        ExitStack() as stack,
    ):
        for nodes in sizes:
            zk = stack.enter_context(root_of_its_own(server, f"gather-{nodes}"))
            text = customers(nodes)
            publish(zk, 1, text)
            meters[size(text)] = Meter(server)
            works.append(_gathering(zk))
            works[-1]()
            setting.say(f"{size(text):,} nodes are published")
        for _ in range(_TURNS):  # each tree in turn: whatever else goes on meets all of them
            for meter, work in zip(meters.values(), works, strict=True):
                meter.repeat(work, rounds // _TURNS)
    figures = [
        Figure(
            f"gather what a host has to do, tree of {nodes:,} nodes",
            [
                Amount(meter.fewest_requests, "requests", most=4),
                Amount(meter.milliseconds, "ms", most=3),
            ],
        )
        for nodes, meter in meters.items()
    ]
    smallest, *_, largest = meters.values()
    growth = Amount(
        largest.seconds / smallest.seconds, "times the smallest tree's time", most=_FLAT
    )
    return Findings([*figures, Figure("the same, of the largest tree", [growth])])


def _gathering(zk: zc.zk.ZK) -> Callable[[], None]:
    """Return what gathers what a host has to do, once, knowing nothing of an earlier time."""

    def gather_once() -> None:
        if not read_desired(Trees(Requests(zk)), _IDENTITY, 1).deployments:
            raise RuntimeError("nothing is deployed to the host that is looked at")

    return gather_once


def live_tree(setting: Setting) -> Findings:
    """Scan the live tree in one consistent state; beside it, one request for each node."""
    nodes = 1000 if setting.quick else 10_000
    text = customers(nodes)
    with (
        warm_server(setting.directory, 2 if setting.quick else 10) as server,
        root_of_its_own(server, "scan") as zk,
    ):
        zk.import_tree(text)
        measure(
            lambda: scan(zk.bulk, consistent=True), 20
        )  # the server compiles what is often run
        scanning = measure(lambda: scan(zk.bulk, consistent=True), 20, server)
        paths = list(scan(zk.bulk))
        setting.say("one request for each node")

        def one_by_one() -> None:
            for path in paths:
                zk.client.get(path)

        singly = measure(one_by_one, 1 if setting.quick else 3, server)
    amounts = (
        Amount(scanning.fewest_requests, "requests", most=30),
        Amount(singly.seconds / scanning.seconds, "times as fast as one by one", least=80),
    )
    note = f"{scanning.milliseconds:.1f} ms, {singly.milliseconds:,.0f} ms one by one"
    work = f"scan the live tree in one consistent state, {size(text):,} nodes"
    return Findings([Figure(work, amounts, note)])
