"""What a deployment costs that changes nothing, beside what others take for it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.figures import Amount, Figure, Findings, Setting
from benchmarks.fleet import (
    Versions,
    publish,
    root_of_its_own,
    wait_for_host,
    warm_server,
)
from benchmarks.host import HOST, AgentHost
from benchmarks.peers import PEERS, Missing
from benchmarks.timing import Meter, measure
from benchmarks.trees import deployed_to

from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.lab.zookeeper import Server

_ENOUGH = 150.0  # seconds of one program

#: Deployments before the measured ones: of a lock that had few, more is looked at.
_EARLIER = 6

_GOAL = 2.0  # ms a script, besides what running it takes

#: How many times as long each other program takes, at least.
_RATIOS = {"puppet apply": 9.0, "ansible-playbook -c local": 90.0, "salt-call --local": 3.5}


def noop(setting: Setting) -> Findings:
    """Deploy nodes with a trivial script, again; run the same scripts by other means."""
    nodes = 10 if setting.quick else 100
    rounds = 3 if setting.quick else 15
    host = AgentHost(setting.directory / "root")
    paths = [f"/bench/node{number:04}" for number in range(nodes)]
    with warm_server(setting.directory, 2) as server:
        agent = _agent(server, host, paths, rounds)
    argvs = [[str(host.script), path, "0"] for path in paths]
    in_python = measure(lambda: [subprocess.run(argv, check=True) for argv in argvs], rounds)
    loop = setting.directory / "loop"
    write_file(loop, "#!/bin/sh\n" + "".join(f"{' '.join(argv)}\n" for argv in argvs))
    in_sh = measure(lambda: subprocess.run([loop], check=True), rounds)
    extra = Amount(
        (agent.milliseconds - in_python.milliseconds) / nodes, "ms each above a bare loop", _GOAL
    )
    note = (
        f"{agent.milliseconds:.0f} ms from version set to done; bare loop in Python"
        f" {in_python.milliseconds:.0f} ms, in sh {in_sh.milliseconds:.0f} ms"
    )
    figures = [Figure(f"no-op deployment of {nodes} nodes", [extra], note)]
    for name in PEERS:
        setting.say(name)
        figures.append(_beside(setting, name, argvs, agent.seconds))
    return Findings(figures)


def _agent(server: Server, host: AgentHost, paths: list[str], rounds: int) -> Meter:
    """Measure a resident agent, from the setting of a version to its host's reaching it."""
    text = deployed_to(HOST, len(paths))
    host.at(2)
    host.has(paths)
    meter = Meter()
    with root_of_its_own(server, "noop") as zk:
        publish(zk, 1, text)
        publish(zk, 2, text)
        versions = Versions(zk)
        with host.running_agent(f"{server.connection_string}/noop"):
            wait_for_host(zk, HOST, 2)
            for number in range(_EARLIER):
                versions.set(1 + number % 2)
                wait_for_host(zk, HOST, 1 + number % 2)
            for number in range(rounds):
                version = 1 + number % 2
                with meter.round():
                    versions.set(version)
                    wait_for_host(zk, HOST, version)
    return meter


def _beside(setting: Setting, name: str, argvs: list[list[str]], ours: float) -> Figure:
    work = f"the same {len(argvs)} scripts by {name}"
    directory = Path(setting.directory, name.split(" ")[0])
    directory.mkdir()
    try:
        peer = PEERS[name](setting.cache, directory, not setting.quick)
        peer.prepare(argvs)
        meter = Meter()
        for _ in range(1 if setting.quick else 3):
            meter.repeat(peer.run, 1)
            if sum(meter.times) > _ENOUGH:
                break
        version = peer.version()
    except Missing as missing:
        return Figure(work, [], f"not measured: {missing}")
    ratio = Amount(meter.seconds / ours, "times as long", least=_RATIOS[name])
    return Figure(work, [ratio], f"{meter.seconds:.2f} s; {version}")
