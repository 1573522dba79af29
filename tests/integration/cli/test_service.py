"""An agent that a service manager started: what that one hears, and the journal gets."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from zc.zk import ZK

Start = Callable[..., subprocess.Popen[str]]

LIMIT = 30  # seconds until a test that waits has failed


def test_an_agent_says_that_it_is_ready_what_it_does_and_that_it_ends(
    start: Start, environ: dict[str, str], zk: ZK, tmp_path: Path
) -> None:
    zk.import_tree("/hosts\n  version = 7\n")
    address = tmp_path / "notify"
    environ |= {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "2000000"}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(LIMIT)
        manager.bind(str(address))
        heard: list[str] = []

        def hear_until(*wanted: str) -> None:
            while not set(wanted) <= set(heard):
                heard.append(manager.recv(4096).decode())

        process = start("agent")
        hear_until("READY=1", "STATUS=version 7: deploying", "STATUS=version 7: done")
        assert zk.exists("/hosts/h1")  # who starts after it may rely on that
        hear_until("WATCHDOG=1")
        assert "STOPPING=1" not in heard
        process.send_signal(signal.SIGTERM)
        hear_until("STOPPING=1")
        assert process.wait(LIMIT) == 0


@pytest.mark.parametrize(("log_format", "begins"), [("journal", "<6>"), ("auto", "20")])
def test_the_log_is_as_the_option_says(
    start: Start,
    zk: ZK,
    wait_for_log: Callable[[subprocess.Popen[str], str], None],
    log_format: str,
    begins: str,
) -> None:
    """Where no journal listens, lines say how serious they are."""
    if log_format == "journal" and Path("/run/systemd/journal/socket").exists():
        pytest.skip("this machine has a journal, which this test would write to")
    zk.import_tree("/hosts\n  version = 7\n")
    process = start("agent", "--log-format", log_format)
    assert process.stderr is not None
    assert process.stderr.readline().startswith(begins)
    wait_for_log(process, "Done deploying version 7")
