"""What cannot be meant, or cannot be done: one clear error, and nothing is published."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from zc.zk import ZK

Zkdeploy = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def site(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/a.zk").write_text("/a : web\n  version = '1'\n  /deploy\n    /h1\n")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ("sync", 2, "Missing argument 'SOURCE'."),
        ("sync --typo site", 2, "No such option '--typo'."),
        ("sync site other", 2, "unexpected extra argument"),
        ("sync --notify site", 2, "--notify goes without SOURCE: nothing is published by it."),
        ("sync --watch --dry-run site", 2, "--watch goes with none of --force, --dry-run,"),
        ("sync --watch --force site", 2, "--watch goes with none of --force, --dry-run,"),
        ("sync --watch --json site", 2, "--watch goes with none of --force, --dry-run,"),
        ("sync --watch --if-index 1 site", 2, "--watch goes with none of --force, --dry-run,"),
        ("sync --watch --serial 1 site", 2, "--watch goes with none of --force, --dry-run,"),
        ("sync --watch --valid-for 3 nowhere", 2, "it goes with --sign."),
        ("sync --watch --interval 0 site", 2, "0.0 is not in the range"),
        ("sync --watch --interval 1e12 site", 2, "is not in the range"),
        ("sync --valid-for 3 site", 2, "--valid-for is about a signature: it goes with --sign."),
        ("sync --valid-for 99999999999 --sign key site", 2, "is not in the range"),
        ("sync --valid-for 0 --sign key site", 2, "0 is not in the range"),
        ("sync --serial 0 site", 2, "0 is not in the range x>=1."),
        ("sync --if-index -1 site", 2, "-1 is not in the range x>=0."),
        ("sync --allow-removals -1 site", 2, "-1 is not in the range x>=0."),
        ("sync --removal-limit 200% site", 2, "'200%' is not a percentage, such as 50%."),
        ("sync --removal-limit half site", 2, "'half' is not a percentage, such as 50%."),
        ("sync --version abc site", 2, "For text write quotes: '\"abc\"'"),
        ("sync --version None site", 2, "'None' is no version: that is a number or a quoted"),
        ("sync --version False site", 2, "'False' is no version: that is a number or a quoted"),
        ("sync --zookeeper x:y site", 2, "is not HOST:PORT"),
        ("plan --fleet", 1, "Missing argument 'SOURCE'."),
        ("plan --ref x", 1, "What says more about a SOURCE goes with --fleet."),
        ("plan --fleet --version abc site", 1, "For text write quotes: '\"abc\"'"),
        ("diff site", 1, "Missing argument 'B'."),
        ("diff @True site", 1, "there is no revision of 'True'"),
        ("history --limit 0", 2, "0 is not in the range x>=1."),
        ("show --output site/a.zk", 2, "is a file."),
        ("rollback --valid-for 3", 2, "it goes with --sign."),
        ("rollback 1 2", 2, "unexpected extra argument"),
    ],
)
def test_wrong_usage_is_told_in_a_line_with_a_way_to_the_help(
    zkdeploy: Zkdeploy, zk: ZK, arguments: str, status: int, message: str
) -> None:
    command = arguments.split()
    if command[1:2] == ["@True"]:
        zkdeploy("sync", "--version", "1", "site")
    tops = zk.get_children("/")
    result = zkdeploy(*command)
    assert (result.returncode, result.stdout) == (status, "")
    *_, error = result.stderr.splitlines()
    assert message in error
    assert error.startswith(("Error: ", "zkdeploy: error: "))
    if error.startswith("Error: "):
        assert f"Try 'zkdeploy {command[0]} --help' for help." in result.stderr
    assert zk.get_children("/") == tops


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("sync nowhere", "nowhere: there is no *.zk or *.zkx file in it; is it the right place?"),
        ("sync --path nowhere site", "site/nowhere: there is no *.zk or *.zkx file in it;"),
        ("sync --path ../site site", "'../site' is no path inside: expected names with / between"),
        ("sync --ref main site", "a directory has no branches, tags or commits, so no 'main'"),
        ("sync https://host/x", "it does not say whether it is git or Subversion"),
        ("sync --sign nokey site", "key file nokey cannot be read"),
        ("sync --watch --sign nokey site", "key file nokey cannot be read"),
        ("sync --sign site/a.zk site", "signing key: site/a.zk is not an Ed25519 private key"),
        ("plan --fleet nowhere", "nowhere: there is no *.zk or *.zkx file in it;"),
        ("diff @ live", "nothing was published yet; 'zkdeploy sync' does that"),
        ("diff @1 site", "nothing was published yet; 'zkdeploy sync' does that"),
        ("diff nowhere site", "nowhere: there is no *.zk or *.zkx file in it;"),
        (
            "history",
            "there is no /hosts in ZooKeeper, so there is no fleet; is the address right?",
        ),
        ("show", "nothing was published yet; 'zkdeploy sync' does that"),
        ("show 7", "nothing was published yet; 'zkdeploy sync' does that"),
        ("rollback", "there is no /hosts in ZooKeeper, so there is no fleet; is the address"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_1(
    zkdeploy: Zkdeploy, zk: ZK, arguments: str, message: str
) -> None:
    result = zkdeploy(*arguments.split())
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("zkdeploy: error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert not zk.exists("/revisions")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("show 7", "there is no revision of 7; kept are 2, 1"),
        ("show abcdef", "there is no revision of 'abcdef'; kept are 2, 1"),
        ("show -o site 1", "site is not empty; name another directory"),
        ("diff @7 @", "there is no revision of 7; kept are 2, 1"),
        ("rollback 2", "the version of the fleet is 2 already"),
        ("rollback 7", "there is no revision of 7; kept are 2, 1"),
        ("rollback --if-index 1", "the fleet moved: its index is 2, not 1, and its version is 2;"),
        ("rollback --serial 2", "serial 2 is not above 2, that of the last revision"),
        ("rollback --sign nokey", "key file nokey cannot be read"),
    ],
)
def test_what_was_published_is_named_where_something_else_is_wanted(
    zkdeploy: Zkdeploy, zk: ZK, arguments: str, message: str
) -> None:
    for version in "12":
        assert zkdeploy("sync", "--version", version, "site").returncode == 0
    result = zkdeploy(*arguments.split())
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("zkdeploy: error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert zk.get_properties("/hosts") == {"version": 2}
