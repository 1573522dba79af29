"""Cases of whole agents: what becomes of the host and the fleet, by what packages do."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from kazoo.exceptions import NoNodeError
from tests.faults.fleets import until
from tests.faults.package_bench import Bench, Case
from tests.faults.package_gates import APP, app, waiting_app

import zc.zk
from zc.zkdeployment.lab.packages import Package, write_file
from zc.zkdeployment.model import Version

#: What the server must be started with: killed agents are soon forgotten.
SERVER_SETTINGS = ("maxSessionTimeout=1500",)

_IDENTIFIER = "424242424242"
_TREE = "/a : app\n  version = '{}'\n  /deploy\n    /" + _IDENTIFIER + "\n"

_WAITING = (waiting_app("1.0"), waiting_app("2.0"))


def cases(connection: str) -> Iterator[Case]:
    """Yield the cases of agents on a server."""

    def case(name: str, attempt: Callable[[_Host], None], *offered: Package) -> Case:
        return Case(f"agent: {name}", offered or _WAITING, partial(_try, connection, attempt))

    yield case("%pre fails", partial(_fails, "pre"), app("1.0"), _failing("2.0", "pre"))
    yield case("%preun fails", partial(_fails, "preun"), _failing("1.0", "preun"), app("2.0"))
    yield case("%post fails", _post_fails, app("1.0"), _failing("2.0", "post"))
    for scriptlet, version in (("pre", "2.0"), ("post", "2.0"), ("postun", "1.0")):
        for then in ("2.0", "1.0"):
            yield case(
                f"all killed in an upgrade at %{scriptlet} of {version}, then to {then}",
                partial(_all_killed, scriptlet, version, then),
            )
    yield case("all killed in the first installation", _first_killed)
    yield case("all killed in a removal", _removal_killed)
    yield case("yum killed in an upgrade, then a person resumes", _yum_killed)
    yield case("the agent killed, and yum goes on", _yum_goes_on)


def _failing(version: str, scriptlet: str) -> Package:
    return app(version, scriptlets={scriptlet: f'error("no luck in {scriptlet}")'})


class _Host:
    """A host with an agent; the fleet is at version 0, and the host has nothing."""

    def __init__(self, bench: Bench, connection: str, zk: zc.zk.ZK) -> None:
        self.bench = bench
        self._zk = zk
        self._log = bench.directory / "agent.log"
        write_file(bench.root / "etc/zmh/pxemac", f"{_IDENTIFIER}\n")
        write_file(bench.root / "etc/zim/host_version", "0")
        zk.import_tree("/hosts\n  version = 0\n")
        self._environment = {
            **os.environ,
            "PATH": f"{bench.directory / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "TEST_ROOT": str(bench.root),
            "ZC_ZK_CONNECTION_STRING": connection,
        }

    def start(self) -> subprocess.Popen[bytes]:
        """Start an agent."""
        with self._log.open("a") as log:
            agent = subprocess.Popen(
                [sys.executable, "-m", "zc.zkdeployment.cli", "agent"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.bench.cleanup.callback(agent.wait)
        self.bench.cleanup.callback(agent.terminate)
        return agent

    def publish(self, version: Version, app_version: str | None) -> None:
        """Publish a version that wants a version of the package, or none of it."""
        self._zk.import_tree(_TREE.format(app_version) if app_version else "/a\n", trim=True)
        self._zk.properties("/hosts", watch=False).update(version=version)

    def reaches(self, version: Version, app_version: str | None) -> None:
        """Check that the host reaches a version, and what it has then."""
        until(lambda: self._node().get("version") == version, f"version {version}{self._story()}")
        if (found := self._zk.get_properties("/hosts")) != {"version": version}:
            self.bench.note(f"the fleet was stopped: {found}")
        if app_version:
            self.bench.note(*self.bench.host.faults(f"0:{app_version}-1"))
        elif left := list((self.bench.root / "opt").glob("*")):
            self.bench.note(f"left was {left}")
        is_deployed = (self.bench.root / "etc/app/a.0.deployed").exists()
        if is_deployed != bool(app_version):
            self.bench.note(f"deployed: {is_deployed}")

    def stops(self, why: str) -> str:
        """Check that the fleet is stopped, and why; return that."""
        until(lambda: "error" in self._node(), f"an error{self._story()}")
        error = str(self._node()["error"])
        if not re.search(why, error):
            self.bench.note(f"it should have failed with {why!r}, but said {error!r}")
        if (found := self._zk.get_properties("/hosts")) != {"version": None}:
            self.bench.note(f"the fleet was not stopped: {found}")
        return error

    def _node(self) -> dict[str, Any]:
        try:
            properties: dict[str, Any] = self._zk.get_properties(f"/hosts/{_IDENTIFIER}")
        except NoNodeError:
            return {}
        return properties

    def _story(self) -> str:
        return f"; the log is {self._log}"


def _try(connection: str, attempt: Callable[[_Host], None], bench: Bench) -> None:
    chroot = f"/{bench.directory.name}"
    with contextlib.closing(zc.zk.ZK(connection)) as top:
        top.create(chroot)
    with contextlib.closing(zc.zk.ZK(connection + chroot)) as zk:
        try:
            attempt(_Host(bench, connection + chroot, zk))
        finally:
            bench.close()  # agents end before their node goes


def _at_1(host: _Host) -> subprocess.Popen[bytes]:
    agent = host.start()
    host.publish(1, "1.0")
    host.reaches(1, "1.0")
    return agent


def _fails(scriptlet: str, host: _Host) -> None:
    _at_1(host)
    host.publish(2, "2.0")
    error = host.stops(f"no luck in {scriptlet}")
    if "app-2.0" not in error:
        host.bench.note(f"app-2.0 is not named in {error!r}")
    if not (host.bench.root / "etc/app/a.0.deployed").exists():
        host.bench.note("what was deployed is not deployed any more")


def _post_fails(host: _Host) -> None:
    _at_1(host)
    host.publish(2, "2.0")
    host.reaches(2, "2.0")


def _all_killed(scriptlet: str, version: str, then: str, host: _Host) -> None:
    agent = _at_1(host)
    gate = host.bench.gate(scriptlet, version)
    host.publish(2, "2.0")
    gate.kill(agent)
    if then != "2.0":
        host.publish(3, then)
    host.start()
    host.reaches(2 if then == "2.0" else 3, then)


def _first_killed(host: _Host) -> None:
    agent = host.start()
    gate = host.bench.gate("post", "1.0")
    host.publish(1, "1.0")
    gate.kill(agent)
    host.start()
    host.reaches(1, "1.0")
    if not (host.bench.root / "done-post-1.0").exists():
        host.bench.note("%post never came to its end")


def _removal_killed(host: _Host) -> None:
    agent = _at_1(host)
    gate = host.bench.gate("postun", "1.0")
    host.publish(2, None)
    gate.kill(agent)
    host.start()
    host.reaches(2, None)
    host.publish(3, "1.0")  # rpm may still name it, but there is nothing of it
    host.reaches(3, "1.0")


def _yum_killed(host: _Host) -> None:
    _at_1(host)
    gate = host.bench.gate("post", "2.0")
    host.publish(2, "2.0")
    gate.kill()
    error = host.stops("killed by signal 9")
    if f"{APP}-2.0" not in error:
        host.bench.note(f"app-2.0 is not named in {error!r}")
    host.publish(2, "2.0")
    host.reaches(2, "2.0")


def _yum_goes_on(host: _Host) -> None:
    """Start another agent while the yum of the one that was killed is at work."""
    agent = _at_1(host)
    gate = host.bench.gate("post", "2.0")
    host.publish(2, "2.0")
    gate.wait()
    agent.kill()
    agent.wait()
    host.start()
    log = host.bench.root / "var/log/dnf.log"
    until(lambda: "Waiting for process with pid" in log.read_text(), "the next yum waits")
    gate.open()
    host.reaches(2, "2.0")
