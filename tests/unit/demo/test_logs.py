"""What an agent logs is read as it grows, without what tells a person nothing."""

from __future__ import annotations

from pathlib import Path

from zc.zkdeployment.demo.logs import Line, Log

_START = "2026-01-02 03:04:05,678 zc.zkdeployment"


def test_records_and_what_scripts_print_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "agent.log"
    path.write_text(
        f"{_START}.reconcile INFO {'=' * 60}\n"
        f"{_START}.commands INFO /opt/web/bin/zookeeper-deploy /shop/web 0\n"
        "no more disks\n"
        f"{_START}.commands ERROR FAILURE\n"
        "Traceback (most recent call last):\n"
        '  File "execute.py", line 1, in run\n'
        "RuntimeError: Command failed\n"
    )
    assert Log("host1", path).news() == [
        Line("host1", "INFO", "/opt/web/bin/zookeeper-deploy /shop/web 0"),
        Line("host1", "", "no more disks"),
        Line("host1", "ERROR", "FAILURE"),
        Line("host1", "", "RuntimeError: Command failed"),
    ]


def test_a_line_is_told_once_and_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "agent.log"
    path.write_text(f"{_START} INFO one\n{_START} INFO tw")
    log = Log("host1", path)
    assert log.news() == [Line("host1", "INFO", "one")]
    assert log.news() == []
    with path.open("a") as file:
        file.write("o\n")
    assert log.news() == [Line("host1", "INFO", "two")]


def test_a_host_is_busy_from_the_beginning_of_a_deployment_to_its_end(tmp_path: Path) -> None:
    """An act must not end while a host still works on it."""
    path = tmp_path / "agent.log"
    log = Log("host1", path)
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
