"""``zkdeploy verify``: what is not as it was deployed, with nothing done."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from zc.zk import ZK
from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.lab.repositories import GitRepository
from zc.zkdeployment.lab.scripts import staged_application

Zkdeploy = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def checkout(tmp_path: Path, root: Path, zk: ZK, zkdeploy: Zkdeploy) -> Path:
    """The checkout that an agent made of the one application of a host."""
    git = GitRepository(tmp_path / "git")
    git.commit(staged_application())
    write_file(root / "etc/zim/host_version", "1")
    zk.import_tree(
        f"/app : worker\n  version = {git.version('main')!r}\n  /deploy\n    /h1\n"
        "/hosts\n  version = 2\n"
    )
    assert zkdeploy("agent", "--run-once").returncode == 0
    return root / "opt/worker"


def test_a_host_that_is_as_it_was_deployed(zkdeploy: Zkdeploy, checkout: Path) -> None:
    result = zkdeploy("verify")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith("), version 2: no drift\n")
    assert json.loads(zkdeploy("verify", "--json").stdout)["found"] == []


def test_drift_is_told_and_left_alone(
    zkdeploy: Zkdeploy, checkout: Path, root: Path, zk: ZK
) -> None:
    (root / "etc/worker/app.0.deployed").unlink()
    result = zkdeploy("verify")
    assert (result.returncode, result.stderr) == (2, "")
    summary, sentence = result.stdout.splitlines()
    assert summary.endswith("), version 2: 1 thing not as deployed")
    assert sentence == "  /app 0: /etc/worker/app.0.deployed is gone"

    shutil.rmtree(checkout)
    result = zkdeploy("verify", "--json")
    found = json.loads(result.stdout)
    assert (result.returncode, found["version"], found["host"]["host_identifier"]) == (2, 2, "h1")
    assert [sentence.split(":")[0] for sentence in found["found"]] == ["/opt/worker is gone"]
    assert not checkout.exists()
    assert zk.get_properties("/hosts") == {"version": 2}


def test_where_nobody_knows_what_was_deployed_that_is_said(
    zkdeploy: Zkdeploy, checkout: Path, zk: ZK, root: Path
) -> None:
    zk.properties("/hosts").update(version=3)
    result = zkdeploy("verify")
    assert result.returncode == 1
    assert "version 2 of this host is no published revision" in result.stderr

    write_file(root / "etc/zim/unfinished", "3")
    result = zkdeploy("verify")
    assert result.returncode == 1
    assert "'zkdeploy plan' tells what is left to do" in result.stderr

    (root / "etc/zim/host_version").unlink()
    result = zkdeploy("verify")
    assert result.returncode == 1
    assert "no version was deployed on this host" in result.stderr
