"""What it takes to publish a tree."""

from __future__ import annotations

import itertools

from benchmarks.figures import Amount, Figure, Findings, Setting
from benchmarks.fleet import publish, root_of_its_own, warm_server
from benchmarks.timing import Meter
from benchmarks.trees import customers, size

from zc.zkdeployment.lab.zookeeper import Server

#: Seconds for 10,000 nodes.
_GOALS = {"for the first time": 0.6, "unchanged": 0.3, "with one node changed": 0.3}
_GOAL_NODES = 10_000

#: How much longer each node may take where there are five times as many.
_LINEAR = 1.2


def publishing(setting: Setting) -> Findings:
    """Publish a tree for the first time, unchanged, and with one node changed."""
    sizes = (1000, 5000) if setting.quick else (10_000, 50_000)
    rounds = 2 if setting.quick else 5
    figures, found = [], []
    with warm_server(setting.directory, 2 if setting.quick else 10) as server:
        for nodes in sizes:
            text = customers(nodes)
            meters = {
                "for the first time": _first(server, text, rounds),
                **_again(server, text, rounds),
            }
            found.append({how: meter.seconds / size(text) for how, meter in meters.items()})
            figures += [_figure(how, size(text), meter) for how, meter in meters.items()]
            setting.say(f"{size(text)} nodes are published")
    growth = [
        Amount(found[1][how] / found[0][how], "times as long a node", _LINEAR, what=how)
        for how in _GOALS
    ]
    return Findings([*figures, Figure(f"the same, {sizes[1] // sizes[0]} times as many", growth)])


def _figure(how: str, nodes: int, meter: Meter) -> Figure:
    seconds = Amount(meter.seconds, "s")
    if nodes <= _GOAL_NODES:
        seconds = Amount(meter.seconds, "s", most=_GOALS[how])
    return Figure(f"publish {nodes:,} nodes {how}", [seconds], f"{meter.fewest_requests} requests")


def _first(server: Server, text: str, rounds: int) -> Meter:
    meter = Meter(server)
    for number in range(rounds):
        with root_of_its_own(server, f"first-{size(text)}-{number}") as zk:
            with meter.round():
                publish(zk, 1, text)
            for name in zk.get_children("/"):
                if name != "zookeeper":
                    zk.delete(f"/{name}", recursive=True)
    return meter


def _again(server: Server, text: str, rounds: int) -> dict[str, Meter]:
    unchanged, changed = Meter(server), Meter(server)
    other = text.replace("threads = 1\n", "threads = 100\n", 1)
    with root_of_its_own(server, f"again-{size(text)}") as zk:
        versions = itertools.count(1)
        publish(zk, next(versions), text)
        for _ in range(rounds):
            with unchanged.round():
                publish(zk, next(versions), text)
        for now in itertools.islice(itertools.cycle((other, text)), rounds):
            with changed.round():
                publish(zk, next(versions), now)
    return {"unchanged": unchanged, "with one node changed": changed}
