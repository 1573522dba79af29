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
from zc.zkdeployment.lab.repositories import GitRepository

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


def test_files_with_mistakes_are_told_with_their_lines(zkdeploy: Zkdeploy, site: Path) -> None:
    (site / "b.zk").write_text("/b : web\n  version = '2'\n  /deploy\n    /h1\n")
    result = zkdeploy("diff", "site", "site")
    assert result.returncode == 1
    assert "error: Inconsistent versions for web on h1. '2' != '1'" in result.stderr
    assert "a.zk:2:3: note: /a" in result.stderr


def seen(zk: ZK, path: str, properties: dict[str, object]) -> threading.Event:
    """Return what happens as soon as a node has these properties."""
    there = threading.Event()

    def look(data: bytes | None, _: object) -> None:
        if decode(data) == properties:
            there.set()

    zk.client.DataWatch(path, look)
    return there


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_service_publishes_on_sighup_and_ends_when_it_is_told_to(
    start: Start, wait_for_log: WaitForLog, site: Path, zk: ZK, number: int
) -> None:
    service = start("sync", "--watch", "--interval", "3600", str(site))
    wait_for_log(service, "INFO Importing a.zk")
    published = seen(zk, "/a", {"type": "web", "version": "2"})
    (site / "a.zk").write_text(TREE.replace("'1'", "'2'"))
    service.send_signal(signal.SIGHUP)
    assert published.wait(20)
    service.send_signal(number)
    assert service.wait() == 0


def test_a_hook_has_a_service_look_from_another_machine(
    start: Start, wait_for_log: WaitForLog, zkdeploy: Zkdeploy, tmp_path: Path, zk: ZK
) -> None:
    repository = GitRepository(tmp_path / "git")
    repository.commit({"a.zk": TREE})
    work = tmp_path / "work"
    location = f"git://{repository.url}#main"
    arguments = ["--interval", "3600", "--work-directory", str(work), location]
    service = start("sync", "--watch", *arguments)
    wait_for_log(service, "INFO Importing a.zk")
    commit = repository.commit({"a.zk": TREE.replace("'1'", "'2'")})
    published = seen(zk, "/hosts", {"version": commit})
    assert zkdeploy("sync", "--notify").returncode == 0
    assert published.wait(20)
    service.send_signal(signal.SIGTERM)
    assert service.wait() == 0
    assert list(work.iterdir()), "the copy is kept for the next time"


def test_a_service_goes_on_where_its_source_is_away(
    start: Start, wait_for_log: WaitForLog, tmp_path: Path, site: Path, zk: ZK
) -> None:
    """A restart of the repository's server must not take a person."""
    site.rename(tmp_path / "away")
    service = start("sync", "--watch", "--interval", "3600", str(site))
    wait_for_log(service, "ERROR Not published: ")
    (tmp_path / "away").rename(site)
    published = seen(zk, "/a", {"type": "web", "version": "1"})
    service.send_signal(signal.SIGHUP)
    assert published.wait(20)
    service.send_signal(signal.SIGTERM)
    assert service.wait() == 0


def test_a_refusal_is_a_failure_for_scripts(zkdeploy: Zkdeploy, site: Path, zk: ZK) -> None:
    """Whatever it is; the log says why."""
    zkdeploy("sync", "--version", "1", "site")
    (site / "a.zk").write_text("/a\n")
    removal = zkdeploy("sync", "--version", "2", "site")
    assert (removal.returncode, removal.stdout) == (1, "")
    assert "ERROR 1 of 1 deployments would be removed, which is all of them" in removal.stderr
    with zk.client.Lock("/hosts-lock"):
        locked = zkdeploy("sync", "--version", "2", "--json", "site")
    assert (locked.returncode, document(locked)["state"]) == (1, "locked")
    zk.properties("/hosts", watch=False).update(version=None)
    stopped = zkdeploy("sync", "--version", "2", "--allow-removals", "1", "--json", "site")
    assert (stopped.returncode, document(stopped)) == (
        1,
        {
            "state": "refused",
            "was": None,
            "version": None,
            "reason": "ALL STOP, cluster version is None",
            "diff": None,
            "live": [],
        },
    )
    assert stopped.stderr.endswith(" CRITICAL ALL STOP, cluster version is None\n")
    forced = zkdeploy("sync", "--version", "2", "--allow-removals", "1", "--force", "site")
    assert (forced.returncode, forced.stdout) == (0, "published 2, was None: 1 vanishes\n")


def test_publishing_twice_is_no_failure(zkdeploy: Zkdeploy, site: Path) -> None:
    assert zkdeploy("sync", "--version", "1", "site").stdout == (
        "published 1, was 'initial': 1 appears\n"
    )
    again = zkdeploy("sync", "--version", "1", "site")
    assert (again.returncode, again.stdout) == (
        0,
        "nothing to publish: the version is 1 already\n",
    )


def test_where_no_zookeeper_answers_nothing_is_waited_for(zkdeploy: Zkdeploy, site: Path) -> None:
    result = zkdeploy("sync", "--zookeeper", "127.0.0.1:1", "site")
    assert result.returncode == 1
    assert result.stderr.endswith(
        "zkdeploy: error: no ZooKeeper server answered at 127.0.0.1:1; is the address right?\n"
    )
