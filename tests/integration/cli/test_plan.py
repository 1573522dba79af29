"""``zkdeploy plan``: what a host would do, with nothing done."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from zc.zk import ZK

Zkdeploy = Callable[..., subprocess.CompletedProcess[str]]

TREE = """\
/app : z4m
  version = '1.0'
  /deploy
    /h1
/hosts
  version = 2
"""


def test_a_plan_tells_what_would_be_done_and_why(zkdeploy: Zkdeploy, zk: ZK, root: Path) -> None:
    zk.import_tree(TREE)
    (root / "etc/zim/host_version").write_text("1")
    result = zkdeploy("plan")
    assert (result.returncode, result.stderr) == (2, "")
    summary, *table = result.stdout.splitlines()
    assert summary.startswith("h1 (")
    assert summary.endswith("), version 1 -> 2: 2 steps")
    assert [line.split()[:2] for line in table] == [
        ["Action", "What"],
        ["install", "z4m"],
        ["deploy", "/app"],
    ]
    assert zk.export_tree() == TREE


def test_a_host_that_is_current_has_nothing_to_do(zkdeploy: Zkdeploy, zk: ZK, root: Path) -> None:
    zk.import_tree(TREE)
    (root / "etc/zim/host_version").write_text("2")
    result = zkdeploy("plan")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith("), version 2: nothing to do\n")


def test_a_plan_says_what_holds_it_up(zkdeploy: Zkdeploy, zk: ZK) -> None:
    zk.import_tree(TREE)
    zk.properties("/hosts").update(version=None)
    result = zkdeploy("plan")
    assert (result.returncode, result.stderr) == (2, "")
    summary = result.stdout.splitlines()[0]
    assert summary.endswith(
        "), version None: all stop: a person must set the cluster version; when resumed: 2 steps"
    )


def test_programs_read_a_plan_as_data(zkdeploy: Zkdeploy, zk: ZK, tmp_path: Path) -> None:
    zk.import_tree(TREE)
    (tmp_path / "agent.conf").write_text(
        "[zkdeployment]\nhost-id = h2\nrole = cache\nrun-directory = /run/zk\n"
    )
    for configuration, status in ((), 2), (("agent.conf",), 0):
        result = zkdeploy("plan", "--json", *configuration)
        assert (result.returncode, result.stderr) == (status, "")
        plan = json.loads(result.stdout)
        del plan["host"]["host_name"]  # this machine's
        assert plan == {
            "host": {
                "host_identifier": "h2" if configuration else "h1",
                "role": "cache" if configuration else None,
            },
            "cluster_version": 2,
            "host_version": None,
            "blocked": None,
            "steps": []
            if configuration
            else [
                {"action": "install", "subject": "z4m 1.0", "reason": "needed by /app"},
                {"action": "deploy", "subject": "/app 0", "reason": "/app deploys here"},
            ],
        }


def test_an_error_is_not_taken_for_something_to_do(zkdeploy: Zkdeploy, zk: ZK, root: Path) -> None:
    zk.import_tree("/app\n  /deploy\n    /h1\n/hosts\n  version = 2\n")
    result = zkdeploy("plan")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "zkdeploy: error: No type found for /app\n"
    (root / "etc/zmh/pxemac").unlink()
    result = zkdeploy("plan")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("host-id not specified: ")
