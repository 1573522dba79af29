"""The metrics of an agent, as a monitoring system finds them."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from zc.zkdeployment.lab.free_ports import free_ports
from zc.zkdeployment.model import Identity
from zc.zkdeployment.reports.report import Activity, Report
from zc.zkdeployment.settings.metrics_settings import MetricsSettings
from zc.zkdeployment.telemetry import Telemetry

HOST = Identity("h1", "web1", None)
BUSY = Report(Activity.DEPLOYING, 2, since="2024-05-06T07:08:09Z", began="2024-05-06T07:08:09Z")
LIMIT = 20  # seconds until a test that waits has failed


def telemetry(**settings: object) -> contextlib.closing[Telemetry]:
    made = Telemetry(MetricsSettings(**settings), HOST)  # type: ignore[arg-type] # its fields
    made.start()
    return contextlib.closing(made)


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds that nobody tells of."""
    waiting = threading.Event()
    for _ in range(LIMIT * 50):
        if holds():
            return
        waiting.wait(0.02)
    raise AssertionError("it never held")


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=LIMIT) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text: str = answer.read().decode()
        return text


def test_a_file_is_there_while_the_agent_runs_and_says_what_it_does(tmp_path: Path) -> None:
    path = tmp_path / "zkdeploy.prom"
    with telemetry(file=str(path)) as shown:
        wait_for(path.exists)
        shown.note(BUSY)
        wait_for(lambda: 'activity="deploying"} 1' in path.read_text())
        shown.away(datetime.now(UTC))
        wait_for(lambda: "zkdeploy_agent_zookeeper_away 1" in path.read_text())
        shown.away(None)
        wait_for(lambda: "zkdeploy_agent_zookeeper_away 0" in path.read_text())
        assert [each.name for each in tmp_path.iterdir()] == ["zkdeploy.prom"]
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_is_told_once_and_keeps_nobody_from_work(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "later/zkdeploy.prom"
    with telemetry(file=str(path)) as shown:
        wait_for(lambda: bool(caplog.records))
        shown.note(BUSY)
        path.parent.mkdir()
        shown.note(BUSY)
        wait_for(path.exists)
    assert [each.levelno for each in caplog.records] == [logging.ERROR]
    assert caplog.records[0].message == f"No metrics in {path}: No such file or directory"


def test_a_link_that_somebody_put_there_is_not_followed(tmp_path: Path) -> None:
    """The agent is root, and the directory may be somebody else's."""
    victim, path = tmp_path / "passwd", tmp_path / "zkdeploy.prom"
    victim.write_text("root")
    path.symlink_to(victim)
    with telemetry(file=str(path)):
        wait_for(lambda: not path.is_symlink())
    assert victim.read_text() == "root"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_whoever_asks_gets_the_numbers_of_now(address: str) -> None:
    [port] = free_ports(1)
    host = f"[{address}]" if ":" in address else address
    with telemetry(port=port, address=address) as shown:
        assert 'outcome="failed"} 0' in get(f"http://{host}:{port}/metrics")
        shown.note(BUSY)
        assert 'activity="deploying"} 1' in get(f"http://{host}:{port}/metrics?x=1")
        with pytest.raises(urllib.error.HTTPError) as raised:
            get(f"http://{host}:{port}/")
        raised.value.close()
        assert raised.value.code == 404
    with pytest.raises(OSError, match="refused"):
        get(f"http://{host}:{port}/metrics")


def test_a_port_that_somebody_else_has_keeps_nobody_from_work(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with telemetry(port=port) as shown:
            shown.note(BUSY)
    [record] = caplog.records
    assert record.message == f"No metrics at 127.0.0.1 port {port}: Address already in use"


def test_who_only_connects_cannot_use_up_the_threads_of_a_host() -> None:
    [port] = free_ports(1)
    with telemetry(port=port), contextlib.ExitStack() as stack:
        before = threading.active_count()
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), LIMIT))
            for _ in range(30)
        ]
        assert clients[-1].recv(1) == b""  # it is turned away
        assert threading.active_count() <= before + 8


def test_who_sends_a_byte_now_and_then_does_not_keep_others_from_asking() -> None:
    [port] = free_ports(1)
    with telemetry(port=port), contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), LIMIT))
            for _ in range(8)
        ]
        for client in clients:
            client.settimeout(0.1)
        wait_for(lambda: sum(map(has_ended, clients)) == len(clients))
        assert "zkdeploy_agent_info" in get(f"http://127.0.0.1:{port}/metrics")


def has_ended(client: socket.socket) -> bool:
    """Send one more byte; tell whether the server takes none any more."""
    try:
        client.sendall(b"G")
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_where_nobody_wants_metrics_nothing_runs() -> None:
    before = threading.active_count()
    with telemetry() as shown:
        shown.note(BUSY)
        assert threading.active_count() == before
