"""The commands that publish, as processes: documents for programs, exit statuses, signals."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zc.zk import ZK, decode

Zkdeploy = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]
WaitForLog = Callable[[subprocess.Popen[str], str], None]

TREE = "/a : web\n  version = '1'\n  /deploy\n    /h1\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/a.zk").write_text(TREE)
    return tmp_path / "site"


def document(result: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(result.stdout)


def test_programs_can_plan_publish_look_and_go_back(zkdeploy: Zkdeploy, site: Path) -> None:
    plan = zkdeploy("plan", "--fleet", "--version", "1", "--json", "site")
    assert plan.returncode == 2
    assert document(plan).keys() == {"index", "was", "version", "diff", "live"}
    first = zkdeploy("sync", "--version", "1", "--if-index", "0", "--json", "site")
    assert first.returncode == 0
    assert document(first) == {
        "state": "published",
        "was": "initial",
        "version": 1,
        "reason": None,
        "diff": None,
        "live": [],
    }
    assert zkdeploy("plan", "--fleet", "--version", "1", "site").returncode == 0
    (site / "a.zk").write_text(TREE.replace("'1'", "'2'"))
    refused = zkdeploy("sync", "--version", "2", "--if-index", "0", "--json", "site")
    assert (refused.returncode, document(refused)["state"]) == (1, "refused")
    zkdeploy("sync", "--version", "2", "site")
    diff = zkdeploy("diff", "--json", "@1", "@")
    assert diff.returncode == 2
    [change] = document(diff)["changes"]
    assert change["kind"] == "change"
    assert (change["old"]["version"], change["new"]["version"]) == ("1", "2")
    assert zkdeploy("diff", "@2", "live").returncode == 0
    back = document(zkdeploy("rollback", "--json", "--reason", "no"))
    assert (back["version"], back["was"], back["kind"], back["reason"]) == (1, 2, "rollback", "no")
    history = document(zkdeploy("history", "--json"))
    assert [entry["version"] for entry in history] == [1, 2, 1]
    assert [entry["current"] for entry in history] == [True, False, False]
    assert history[1]["bad"].endswith(": no")
    shown = document(zkdeploy("show", "--json", "2"))
    assert shown["files"] == {"a.zk": TREE.replace("'1'", "'2'")}
    assert shown["targets"]["h1"]["deployments"][0]["node"] == "/a"
    assert shown["diff"]["counts"] == {"change": 1}


def test_a_published_tree_can_be_had_back_as_files(
    zkdeploy: Zkdeploy, site: Path, tmp_path: Path
) -> None:
    zkdeploy("sync", "--version", "1", "site")
    assert zkdeploy("show", "--output", "out").returncode == 0
    assert (tmp_path / "out/a.zk").read_text() == TREE
    again = zkdeploy("show", "--output", "out")
    assert again.returncode == 1
    assert again.stderr == "zkdeploy: error: out is not empty; name another directory\n"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["sync"], 2, "Missing argument 'SOURCE'"),
        (["sync", "--watch", "--dry-run", "site"], 2, "--watch goes with none of"),
        (["sync", "--valid-for", "3", "site"], 2, "it goes with --sign"),
        (["sync", "--removal-limit", "200%", "site"], 2, "is not a percentage"),
        (["sync", "--version", "abc", "site"], 2, "For text write quotes"),
        (["sync", "nowhere"], 1, "nowhere"),
        (["sync", "https://host/x"], 1, "https://host/x"),
        (["plan", "--fleet"], 1, "Missing argument 'SOURCE'"),
        (["plan", "--ref", "x"], 1, "goes with --fleet"),
        (["diff", "@", "live"], 1, "nothing was published yet"),
        (["show", "7"], 1, "nothing was published yet"),
        (["rollback"], 1, "there is no /hosts"),
    ],
)
def test_bad_input_gets_one_clear_error(
    zkdeploy: Zkdeploy, site: Path, arguments: list[str], status: int, message: str
) -> None:
    result = zkdeploy(*arguments)
    assert result.returncode == status
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_files_with_mistakes_are_told_with_their_lines(zkdeploy: Zkdeploy, site: Path) -> None:
    (site / "b.zk").write_text("/b : web\n  version = '2'\n  /deploy\n    /h1\n")
    result = zkdeploy("diff", "site", "site")
    assert result.returncode == 1
    assert "error: Inconsistent versions for web on h1. '2' != '1'" in result.stderr
    assert "a.zk:2:3: note: /a" in result.stderr


def test_a_service_publishes_on_sighup_and_ends_on_sigterm(
    start: Start, wait_for_log: WaitForLog, site: Path, zk: ZK
) -> None:
    service = start("sync", "--watch", "--interval", "3600", str(site))
    wait_for_log(service, "INFO Importing a.zk")
    published = threading.Event()

    def look(data: bytes | None, _: object) -> None:
        if decode(data) == {"type": "web", "version": "2"}:
            published.set()

    zk.client.DataWatch("/a", look)
    (site / "a.zk").write_text(TREE.replace("'1'", "'2'"))
    service.send_signal(signal.SIGHUP)
    assert published.wait(20)
    service.send_signal(signal.SIGTERM)
    assert service.wait() == 0
