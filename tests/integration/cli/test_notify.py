"""``zkdeploy notify``: several processes, one of which tells."""

from __future__ import annotations

import base64
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.receivers import Receiver, receiving

from zc.zk import ZK
from zc.zkdeployment.fleet_control import resume_fleet, stop_fleet

Zkdeploy = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]
WaitForLog = Callable[[subprocess.Popen[str], str], None]

SECRET = b"0123456789abcdef0123456789abcdef"


@pytest.fixture
def fleet(zk: ZK) -> ZK:
    zk.import_tree("/hosts\n  version = 1\n")
    return zk


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes a configuration, whose last lines are given."""

    def configure(receiver: Receiver, *lines: str) -> str:
        secret = tmp_path / "secret"
        secret.write_text(f"whsec_{base64.b64encode(SECRET).decode()}\n")
        secret.chmod(0o600)
        path = tmp_path / "notify.conf"
        path.write_text(
            "[notify]\nfleet = lab\ngather = 0.1\n[webhook ops]\n"
            f"url = {receiver.url}\nsecret = file://{secret}\n" + "\n".join(lines)
        )
        return str(path)

    return configure


@pytest.fixture(autouse=True)
def _root(environ: dict[str, str]) -> None:
    del environ["TEST_ROOT"]  # paths in the configuration are whole


def test_it_tells_until_a_signal_comes(
    fleet: ZK, start: Start, wait_for_log: WaitForLog, configured: Callable[..., str]
) -> None:
    with receiving() as receiver:
        process = start("notify", configured(receiver))
        wait_for_log(process, "This is the one that notifies")
        stop_fleet(fleet, "smoke")
        [message] = receiver.wait_for("stopped")
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    assert message.is_signed_with(SECRET)
    assert fleet.get_children("/notifiers") == []


def test_when_the_sender_is_killed_another_one_goes_on(
    fleet: ZK, start: Start, wait_for_log: WaitForLog, configured: Callable[..., str]
) -> None:
    """Also with what it did not get rid of: that comes again, as the same event."""
    with receiving(200, 503) as receiver:
        path = configured(receiver)
        first = start("notify", path)
        wait_for_log(first, "This is the one that notifies")
        second = start("notify", path)
        stop_fleet(fleet, "smoke")
        receiver.wait_for("stopped")
        wait_for_log(first, "Told ops")
        resume_fleet(fleet)
        [refused] = receiver.wait_for("resumed")
        first.kill()
        wait_for_log(second, "This is the one that notifies")
        stop_fleet(fleet, "more smoke")
        messages = [receiver.wait() for _ in range(2)]
        while messages[-1].document["reason"] != "more smoke":
            messages.append(receiver.wait())
    told = [(each.document["type"], each.identifier) for each in messages]
    assert told[0] == ("resumed", refused.identifier)
    assert [kind for kind, _ in told if kind == "stopped"] == ["stopped"]


def test_a_configuration_can_be_looked_at_without_zookeeper(
    zkdeploy: Zkdeploy, environ: dict[str, str], configured: Callable[..., str]
) -> None:
    environ["ZC_ZK_CONNECTION_STRING"] = "127.0.0.1:1"
    with receiving() as receiver:
        assert zkdeploy("notify", "--check", configured(receiver)).returncode == 0
        result = zkdeploy("notify", "--check", configured(receiver, "evnets = stopped"))
        path = configured(receiver, "ca-file = /nonexistent")
        secure = Path(path).read_text().replace("http://", "https://")
        Path(path).write_text(secure)
        unreadable = zkdeploy("notify", "--check", path)
    assert unreadable.returncode == 1
    assert "ca-file: /nonexistent cannot be used" in unreadable.stderr
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("zkdeploy: error: ")
    assert result.stderr.endswith(
        "unknown setting evnets in [webhook ops]; did you mean events?\n"
    )
