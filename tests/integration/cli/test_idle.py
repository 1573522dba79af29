"""An agent that has nothing to do does nothing."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.faults.fleets import until

import zc.zk
from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.lab.relay import PING, Relay
from zc.zkdeployment.lab.zookeeper import Server

_TREE = "/hosts\n  version = 1\n/a : app-1\n  /deploy\n    /h1\n"
_PINGS = 10  # three a second


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server whose sessions are so short that clients ping it often."""
    settings = ("maxSessionTimeout=1000",)
    with Server.start(tmp_path / "zookeeper", settings=settings) as started:
        yield started


@pytest.fixture
def relay(server: Server) -> Iterator[Relay]:
    with Relay(server) as started:
        yield started


def test_an_agent_that_rests_sends_only_pings(
    server: Server,
    relay: Relay,
    environ: dict[str, str],
    root: Path,
    tmp_path: Path,
    start: Callable[..., subprocess.Popen[str]],
    wait_for_log: Callable[[subprocess.Popen[str], str], None],
) -> None:
    """Ten thousand agents that ask for something now and then are a load."""
    script = '#!/bin/sh\n: > "$TEST_ROOT/etc/app-1/a.0.deployed"\n'
    write_file(root / "opt/app-1/bin/zookeeper-deploy", script)
    (root / "etc/app-1").mkdir()
    write_file(tmp_path / "bin/yum", "#!/bin/sh\necho app-1.noarch 1-1 @lab\n")
    environ["PATH"] = f"{tmp_path}/bin:{environ['PATH']}"
    environ["ZC_ZK_CONNECTION_STRING"] = relay.connection_string
    with contextlib.closing(zc.zk.ZK(server.connection_string)) as zk:
        zk.import_tree(_TREE)
        wait_for_log(start("agent"), "Done deploying version 1")
        assert [*relay.passed].count(PING) < len(relay.passed)
        until(
            lambda: [*relay.passed][-_PINGS:] == [PING] * _PINGS,
            f"{_PINGS} pings with no other request between them",
        )
        assert zk.get_properties("/hosts/h1")["version"] == 1
