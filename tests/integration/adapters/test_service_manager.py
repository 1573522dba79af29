"""What systemd hears of a service, on a real socket."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from zc.zkdeployment.adapters.service_manager import ServiceManager
from zc.zkdeployment.host.liveness import Signs
from zc.zkdeployment.service import Service

LIMIT = 30  # seconds until a test that waits has failed


class Listener:
    """The other end, as a service manager has it."""

    def __init__(self, address: str) -> None:
        self.environ = {"NOTIFY_SOCKET": address.replace("\0", "@")}
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(LIMIT)
        self.socket.bind(address)

    def hear(self) -> str:
        return self.socket.recv(4096).decode()

    def hear_until(self, message: str) -> list[str]:
        heard = [self.hear()]
        while heard[-1] != message:
            heard.append(self.hear())
        return heard


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Listener]:
    name = f"zkdeploy-test-{secrets.token_hex(8)}"
    made = Listener(f"\0{name}" if request.param == "abstract" else str(tmp_path / name))
    yield made
    made.socket.close()


def test_all_that_can_be_said_arrives(listener: Listener) -> None:
    manager = ServiceManager.of(listener.environ)
    manager.ready()
    manager.status("version 7:\ndeploying \x1b[1m/cms 0")
    manager.alive()
    manager.extend(1.5)
    manager.stopping()
    assert [listener.hear() for _ in range(5)] == [
        "READY=1",
        "STATUS=version 7: deploying  [1m/cms 0",
        "WATCHDOG=1",
        "EXTEND_TIMEOUT_USEC=1500000",
        "STOPPING=1",
    ]


@pytest.mark.parametrize("address", ["", "relative", "/not/there", "@nobody-listens-here"])
def test_a_service_works_without_anybody_who_listens(address: str) -> None:
    ServiceManager.of({"NOTIFY_SOCKET": address}).ready()


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_that_of_this_process(
    environ: dict[str, str], seconds: float | None
) -> None:
    manager = ServiceManager.of({"NOTIFY_SOCKET": "/run/x", **environ})
    assert manager.watchdog == seconds


def test_a_service_that_hangs_tells_its_watchdog_nothing_more(listener: Listener) -> None:
    """Else it would never be started again."""
    signs = [Signs(1, waits=True)]
    service = Service(ServiceManager(listener.environ["NOTIFY_SOCKET"], watchdog=0.4), look=0.1)
    service.begin(lambda: signs[0])
    assert listener.hear() == "READY=1"
    listener.hear_until("WATCHDOG=1")
    signs[0] = Signs(1)  # it was woken, and does nothing
    listener.socket.settimeout(1)
    with contextlib.suppress(TimeoutError):
        while True:  # until nothing comes for longer than the watchdog waits
            assert listener.hear() == "WATCHDOG=1"
    listener.socket.settimeout(LIMIT)
    signs[0] = Signs(2)
    assert listener.hear() == "WATCHDOG=1"
    service.close()


def test_time_is_asked_for_while_the_last_step_runs(listener: Listener) -> None:
    """Else systemd would kill a script that is within its time."""
    service = Service(ServiceManager(listener.environ["NOTIFY_SOCKET"]), look=0.05)
    service.begin(lambda: Signs(1, waits=True))
    service.doing("1.2", "deploying /cms a 0")
    service.end()
    service.end()
    assert [listener.hear() for _ in range(5)] == [
        "READY=1",
        "STATUS=version 1.2: deploying /cms a 0",
        "STOPPING=1",
        "EXTEND_TIMEOUT_USEC=30000000",
        "EXTEND_TIMEOUT_USEC=30000000",
    ]
    service.close()
    assert service.fields() == {
        "ZKDEPLOY_VERSION": "1.2",
        "ZKDEPLOY_STEP": "deploying /cms a 0",
        "ZKDEPLOY_NODE": "/cms a",
    }
