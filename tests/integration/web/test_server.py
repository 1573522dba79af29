"""The dashboard to whoever speaks HTTP: what it tells, what it refuses, and how it ends."""

from __future__ import annotations

import base64
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import quote, urlsplit

import pytest
from tests.support.dashboard import LIMIT, TOKEN, Dashboard, dashboard, running
from tests.support.publishing import Release
from tests.support.receivers import receiving
from tests.support.syncing import registered

import zc.zk
from zc.zkdeployment.adapters.signatures import SigningKey, generate
from zc.zkdeployment.lab.free_ports import free_ports
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.web.attempts import MOST
from zc.zkdeployment.web.hub import MOST_STREAMS

_OPERATOR = {"Authorization": f"Bearer {TOKEN}"}


class _Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def done(self) -> Any:
        """What was done; fails where it was refused."""
        assert self.status == 200, self
        return self.json

    @property
    def refused(self) -> str:
        """Why it was refused, by the state of the fleet; fails where it was not, or not so."""
        assert self.status == 409, self
        error = self.json["error"]
        assert isinstance(error, str)
        return error


def _ask(
    web: Dashboard,
    path: str,
    method: str = "GET",
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> _Answer:
    connection = http.client.HTTPConnection(urlsplit(web.url).netloc, timeout=LIMIT)
    sent = {
        **({"Content-Type": "application/json"} if body is not None else {}),
        **(headers or {}),
    }
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    connection.request(method, path, data, sent)
    answer = connection.getresponse()
    found = _Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, "")
    found = found._replace(text=answer.read().decode())
    connection.close()
    return found


class _Stream:
    """Events as they come; a context manager that ends that."""

    def __init__(self, web: Dashboard, path: str = "/api/stream") -> None:
        self._connection = http.client.HTTPConnection(urlsplit(web.url).netloc, timeout=LIMIT)
        self._connection.request("GET", path)
        self._answer = self._connection.getresponse()

    def event(self) -> tuple[str, Any]:
        """Return the name and the data of the next event."""
        lines = list(iter(self._line, ""))
        if lines[0].startswith(":"):
            return self.event()
        return lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))

    def rest(self) -> bytes:
        return self._answer.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._answer.close()
        self._connection.close()

    def _line(self) -> str:
        return self._answer.readline().decode().rstrip("\n")


@pytest.mark.parametrize("path", ["/", "/static/main.js", "/api/tree", "/nothing", "/healthz"])
def test_all_answers_guard_the_browser(web: Dashboard, path: str) -> None:
    headers = _ask(web, path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in headers
    assert "server" not in headers


def test_page_needs_nothing_from_elsewhere(web: Dashboard) -> None:
    page = _ask(web, "/").text
    named = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert all(name.startswith("/static/") for name in named), named
    assert {_ask(web, name).status for name in named} == {200}
    assert "style=" not in page
    assert re.search(r"<script(?![^>]*src=)", page) is None


@pytest.mark.parametrize("action", ["stop", "resume", "rollback"])
@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer"}, {"Authorization": f"Bearer {TOKEN}x"}],
    ids=["none", "empty", "wrong"],
)
def test_nothing_is_done_without_the_token(
    web: Dashboard, zk: zc.zk.ZK, action: str, headers: dict[str, str]
) -> None:
    before = zk.get("/hosts")[1].mzxid
    answer = _ask(web, f"/api/{action}", "POST", {}, headers)
    assert (answer.status, answer.json) == (401, {"error": "this takes the token of an operator"})
    assert _ask(web, f"/api/{action}", "GET", headers=_OPERATOR).status == 405
    assert zk.get("/hosts")[1].mzxid == before


def test_without_a_token_file_nobody_steers(zk: zc.zk.ZK, zk_connection: str) -> None:
    zk.import_tree("/hosts\n  version = 1\n")
    with running(zk_connection) as web:
        assert _ask(web, "/api/session").json == {"name": None, "steerable": False}
        assert _ask(web, "/api/stop", "POST", {}, _OPERATOR).status == 401
    assert zk.get_properties("/hosts")["version"] == 1


@pytest.mark.parametrize(
    ("body", "headers", "why"),
    [
        (b"{}", {"Content-Type": "text/plain"}, "application/json"),
        (b"[]", {}, "JSON object"),
        (b"[" * 9000, {}, "JSON object"),
        (b" " * 20000, {}, "longer"),
        (b'{"reason": 3}', {}, "reason"),
    ],
    ids=["form", "list", "deep", "long", "number"],
)
def test_an_order_that_makes_no_sense_is_refused(
    web: Dashboard, zk: zc.zk.ZK, body: bytes, headers: dict[str, str], why: str
) -> None:
    answer = _ask(web, "/api/stop", "POST", body, {**_OPERATOR, **headers})
    assert answer.status == 400
    assert why in answer.json["error"]
    assert zk.get_properties("/hosts")["version"] == 0


def test_stop_and_resume_are_remembered_as_of_the_operator(web: Dashboard, zk: zc.zk.ZK) -> None:
    reason = "two\nlines\x1b[31m " + "x" * 1000
    stopped = _ask(web, "/api/stop", "POST", {"reason": reason}, _OPERATOR).done
    assert stopped["stop"]["by"] == "ann (web)"
    assert stopped["stop"]["reason"].startswith("two lines [31m xxx")
    assert len(stopped["stop"]["reason"]) == 500
    assert _ask(web, "/api/resume", "POST", {}, _OPERATOR).done["version"] == "0"
    refused = _ask(web, "/api/resume", "POST", {}, _OPERATOR)
    assert "not stopped" in refused.refused


def test_rollback_is_refused_if_the_fleet_moved(
    web: Dashboard, zk: zc.zk.ZK, tmp_path: Path
) -> None:
    for version in (1, 2):
        tree = f"/a : web\n  version = '{version}'\n  /deploy\n    /h1\n"
        Release(tmp_path / str(version), version, {"a.zk": tree}).publish(zk)
    refused = _ask(web, "/api/rollback", "POST", {"index": 1}, _OPERATOR)
    assert "moved" in refused.refused
    assert "zkdeploy" not in refused.refused  # the next step is in the browser
    entries = _ask(web, "/api/history").done
    assert [entry["version"] for entry in entries] == ["2", "1"]
    shown = _ask(web, "/api/revision?version=2").done
    assert shown["diff"]["counts"] == {"change": 1}
    assert _ask(web, "/api/revision?version=9").status == 409
    assert _ask(web, "/api/revision?version=%7B").status == 400
    done = _ask(web, "/api/rollback", "POST", {"version": "1", "reason": "no"}, _OPERATOR).done
    assert (done["version"], done["by"], done["reason"]) == ("1", "ann (web)", "no")


def test_tree_tells_where_it_drifted(web: Dashboard, zk: zc.zk.ZK, tmp_path: Path) -> None:
    tree = "/a : web\n  version = '1'\n  /deploy\n    /h1\n    /h2\n      n = 3\n"
    Release(tmp_path / "one", 1, {"a.zk": tree}).publish(zk)
    zk.properties("/a", watch=False).update(version="1.hot")
    with _Stream(web) as stream:
        told = stream.event()[1]
        while told.get("fleet", {}).get("version") != "1":
            told = stream.event()[1]
    found = _ask(web, "/api/tree").done
    [node] = found["nodes"]
    assert (node["node"], node["version"], node["targets"]) == (
        "/a",
        "1.hot",
        [["h1", 1], ["h2", 3]],
    )
    assert found["drift"]["counts"] == {"change": 2}
    assert told["fleet"]["absent"] == ["h1", "h2"]


def test_stream_tells_all_and_then_what_changed(
    web: Dashboard, zk: zc.zk.ZK, zk_connection: str
) -> None:
    with _Stream(web, "/api/stream?host=h1") as stream:
        kind, first = stream.event()
        assert (kind, first["whole"], first["hosts"]) == ("fleet", True, {})
        assert stream.event()[1]["host"] is None
        with registered(zk_connection, "h1", name="one", version=0):
            _, told = stream.event()
            assert list(told["hosts"]) == ["h1"]
            assert not told["whole"]
            assert stream.event()[1]["host"]["name"] == "one"
        _, told = stream.event()
        assert told["gone"] == ["h1"]
        assert stream.event()[1]["host"]["gone"]


def test_many_browsers_share_one_session_and_too_many_are_refused(
    zk: zc.zk.ZK, zk_connection: str, zookeeper_server: Server, tmp_path: Path
) -> None:
    zk.import_tree("/hosts\n  version = 0\n")
    with dashboard(zk_connection, tmp_path) as web, ExitStack() as stack:
        sessions = len(zookeeper_server.ask("cons").split("\n"))
        streams = [stack.enter_context(_Stream(web)) for _ in range(MOST_STREAMS)]
        assert {stream.event()[0] for stream in streams} == {"fleet"}
        assert len(zookeeper_server.ask("cons").split("\n")) == sessions
        refused = _ask(web, "/api/stream")
        assert (refused.status, refused.headers["retry-after"]) == (503, "30")


def test_only_requests_for_its_own_name_are_answered(zk: zc.zk.ZK, zk_connection: str) -> None:
    zk.import_tree("/hosts\n  version = 0\n")
    with running(zk_connection, "--host-name", "fleet.example") as web:
        for host, status in {"evil.example": 421, "fleet.example": 200, "[::1]:80": 200}.items():
            assert _ask(web, "/healthz", headers={"Host": host}).status == status


def test_metrics_are_those_of_the_fleet(web: Dashboard) -> None:
    answer = _ask(web, "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "zkdeploy_" in answer.text


def test_it_ends_at_once_although_browsers_look(web: Dashboard) -> None:
    with _Stream(web) as stream:
        stream.event()
        web.process.send_signal(signal.SIGTERM)
        assert web.process.wait(LIMIT) == 0
        assert stream.rest() == b""


@pytest.mark.parametrize(
    ("mode", "text", "why"),
    [
        (0o640, f"ann {TOKEN}\n", "chmod 600"),
        (0o600, "ann short\n", "see line 1"),
        (0o600, f"ann {TOKEN}\nbob {TOKEN}\n", "see line 2"),
        (0o600, "# nobody\n", "has 0 tokens"),
    ],
    ids=["readable", "short", "twice", "empty"],
)
def test_a_token_file_that_is_not_safe_is_refused(
    zk_connection: str, tmp_path: Path, mode: int, text: str, why: str
) -> None:
    file = tmp_path / "tokens"
    file.write_text(text)
    file.chmod(mode)
    ended = _run("--token-file", str(file), "--zookeeper", zk_connection)
    assert ended.returncode == 1
    assert why in ended.stderr
    assert TOKEN not in ended.stderr


def test_an_address_in_use_is_named(zk_connection: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = _run("--listen", address, "--zookeeper", zk_connection)
    assert ended.returncode == 1
    assert f"--listen {address}" in ended.stderr


def _run(*options: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "zc.zkdeployment.cli", "web", *options]
    return subprocess.run(argv, capture_output=True, encoding="utf-8", timeout=LIMIT)


def test_it_ends_when_told_while_it_waits_for_zookeeper() -> None:
    [port] = free_ports(1)
    argv = [sys.executable, "-m", "zc.zkdeployment.cli", "web", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        [*argv, "--zookeeper", f"127.0.0.1:{port}"], stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stderr
        try:
            assert any("Connecting to" in line for line in process.stderr)
            process.send_signal(signal.SIGTERM)
            assert process.wait(LIMIT) == 0
        finally:
            process.kill()


def test_webhooks_are_told_too(zk: zc.zk.ZK, zk_connection: str, tmp_path: Path) -> None:
    zk.import_tree("/hosts\n  version = 1\n")
    secret = tmp_path / "secret"
    secret.write_text(f"whsec_{base64.b64encode(b'0' * 32).decode()}\n")
    secret.chmod(0o600)
    with receiving() as receiver:
        configuration = tmp_path / "notify.conf"
        configuration.write_text(
            "[notify]\ngather = 0.1\n"
            f"[webhook ops]\nurl = {receiver.url}\nsecret = file://{secret}\n"
        )
        with dashboard(zk_connection, tmp_path, "--notify", str(configuration)) as web:
            web.log.wait_for("This is the one that notifies")
            _ask(web, "/api/stop", "POST", {"reason": "smoke"}, _OPERATOR)
            [message] = receiver.wait_for("stopped")
    assert "ann (web)" in message.body.decode()


def test_who_guesses_tokens_is_not_listened_to_and_keeps_no_operator_out(
    web: Dashboard, zk: zc.zk.ZK
) -> None:
    assert _ask(web, "/api/session", headers=_OPERATOR).done["name"] == "ann"
    guesses = [{"Authorization": f"Bearer {number:032}"} for number in range(4 * MOST)]
    answers = [_ask(web, "/api/session", headers=guess) for guess in guesses]
    assert {answer.status for answer in answers} == {200, 429}
    assert {answer.json["name"] for answer in answers if answer.status == 200} == {None}
    assert _ask(web, "/api/stop", "POST", {}, guesses[0]).status in (401, 429)
    assert _ask(web, "/api/stop", "POST", {}, _OPERATOR).done["already"] is False
    web.log.wait_for("A wrong token came from 127.0.0.1")
    assert not any(f"{7:032}" in line for line in web.log.lines)


@pytest.mark.parametrize("version", ["{", "", "NaN", "1e999", "[" * 900, "null", '"\\ud800"'])
def test_a_version_that_is_none_is_refused(web: Dashboard, version: str) -> None:
    asked = _ask(web, f"/api/revision?version={quote(version)}")
    ordered = _ask(web, "/api/rollback", "POST", {"version": version}, _OPERATOR)
    for answer in (asked, ordered):
        assert answer.status in (400, 409), answer
        assert answer.json["error"]


def test_what_hosts_write_breaks_no_answer(
    web: Dashboard, zk: zc.zk.ZK, zk_connection: str
) -> None:
    lock = {"owners": [{"host": "h1", "name": "\ud800", "since": 1e300, "version": [1]}]}
    zk.create_recursive("/agent-locks/a", zc.zk.encode(lock))
    report = {"activity": "deploying", "step": "\ud800", "seconds": 10**400}
    with registered(zk_connection, "h1", name="\ud800", version={"a": 1}, report=report):
        with _Stream(web, "/api/stream?host=h1") as stream:
            while "h1" not in stream.event()[1].get("hosts", {}):
                pass
            kind, told = stream.event()
        assert (kind, told["host"]["state"]) == ("host", "deploying")
        assert _ask(web, "/api/node?path=%2Fa").done["cause"]
        assert _ask(web, "/api/host?id=h1").done["deployments"] == []


def test_a_signed_fleet_is_not_rolled_back_and_the_command_is_told(
    web: Dashboard, zk: zc.zk.ZK, tmp_path: Path
) -> None:
    key_id = generate(tmp_path / "key")
    key = SigningKey.load(tmp_path / "key")
    for version in (1, 2):
        tree = f"/a : web\n  version = '{version}'\n  /deploy\n    /h1\n"
        Release(tmp_path / str(version), version, {"a.zk": tree}).publish(zk, key)
    told = _ask(web, "/api/signed?version=1").done
    assert told == {"key": key_id, "command": "zkdeploy rollback --sign KEY 1"}
    refused = _ask(web, "/api/rollback", "POST", {"force": True}, _OPERATOR)
    assert "rollback --sign KEY" in refused.refused
    assert zk.get_properties("/hosts")["version"] == 2


def test_what_takes_an_option_is_done_in_a_terminal(
    web: Dashboard, zk: zc.zk.ZK, tmp_path: Path
) -> None:
    node = "/{name} : web\n  version = '1'\n  /deploy\n    /h1\n"
    for version, names in ((1, "a"), (2, "abcd")):
        tree = "".join(node.format(name=name) for name in names)
        Release(tmp_path / str(version), version, {"a.zk": tree}).publish(zk)
    refused = _ask(web, "/api/rollback", "POST", {"version": "1"}, _OPERATOR)
    assert "--allow-removals 3" in refused.refused
    assert refused.refused.endswith("takes a terminal: zkdeploy rollback 1")


def test_browsers_need_not_wait_while_it_waits_for_zookeeper() -> None:
    port, away = free_ports(2)
    argv = [sys.executable, "-m", "zc.zkdeployment.cli", "web"]
    address = ("--listen", f"127.0.0.1:{port}", "--zookeeper", f"127.0.0.1:{away}")
    with subprocess.Popen([*argv, *address], stderr=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stderr
        try:
            assert any("Connecting to" in line for line in process.stderr)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), LIMIT)
        finally:
            process.kill()
