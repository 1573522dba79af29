"""What an agent logs is read as it grows, without what tells a person nothing."""

from __future__ import annotations

from pathlib import Path

from zc.zkdeployment.demo.logs import Line, Log

_START = "2026-01-02 03:04:05,678 zc.zkdeployment"


def test_records_and_what_scripts_print_are_told_apart(tmp_path: Path) -> None:
    """Paths are as the host knows them."""
    path = tmp_path / "agent.log"
    path.write_text(
        f"{_START}.reconcile INFO {'=' * 60}\n"
        f"{_START}.commands INFO {tmp_path}/root/opt/web/bin/zookeeper-deploy /shop/web 0\n"
        f"no room in {tmp_path}/root/etc\n"
        "2026-01-02 03:04:05,678 kazoo.client INFO Zookeeper connection established\n"
        f"{_START}.commands ERROR FAILURE\n"
        "Traceback (most recent call last):\n"
        '  File "execute.py", line 1, in run\n'
        "RuntimeError: Command failed\n"
    )
    assert Log("host1", path, tmp_path / "root").news() == [
        Line("host1", "INFO", "/opt/web/bin/zookeeper-deploy /shop/web 0"),
        Line("host1", "", "no room in /etc"),
        Line("host1", "ERROR", "FAILURE"),
        Line("host1", "", "RuntimeError: Command failed"),
    ]


def test_a_line_is_told_once_and_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "agent.log"
    path.write_text(f"{_START} INFO one\n{_START} INFO tw")
    log = Log("host1", path, tmp_path / "root")
    assert log.news() == [Line("host1", "INFO", "one")]
    assert log.news() == []
    with path.open("a") as file:
        file.write("o\n")
    assert log.news() == [Line("host1", "INFO", "two")]


def test_lines_of_several_hosts_can_be_put_in_order(tmp_path: Path) -> None:
    """What a script printed stays with the record before it."""
    path = tmp_path / "agent.log"
    path.write_text(f"{_START} ERROR FAILURE\nno disk\n")
    times = [line.time for line in Log("host1", path, tmp_path).news()]
    assert times == ["2026-01-02 03:04:05,678"] * 2


def test_a_host_is_busy_from_the_beginning_of_a_deployment_to_its_end(tmp_path: Path) -> None:
    """An act must not end while a host still works on it."""
    path = tmp_path / "agent.log"
    log = Log("host1", path, tmp_path / "root")
    seen = []
    for text in (
        "Deploying version 1",
        "Done deploying version 1",
        "Deploying version 2",
        "Abandoning deployment because cluster version is None",
        "Deploying version 3",
        "FAILED deploying version 3",
        "Deploying version 4",
        "Agent starting, cluster 4, host 1",
    ):
        with path.open("a") as file:
            file.write(f"{_START} INFO {text}\nDeploying version 9, says a script\n")
        log.news()
        seen.append(log.busy)
    assert seen == [True, False] * 4
