"""Passwords stay in the files that hold them."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.publishing import LIMIT, Release
from tests.support.security import Guarded, password_of

from zc.zk.scan import scan
from zc.zkdeployment.connection import connect
from zc.zkdeployment.errors import BadConfiguration

SECRET = password_of("agent")


def test_no_log_shows_a_password_at_any_level(
    guarded: Guarded, caplog: pytest.LogCaptureFixture
) -> None:
    """Logs are sent to where many can read them; kazoo's own show each request."""
    caplog.set_level(logging.NOTSET)
    with guarded.as_("agent") as zk:
        caplog.set_level(1, "kazoo.zc.zk")  # as somebody may who looks for something else
        zk.create("/agent-locks/a", b"data")
        zk.client.add_auth("digest", "agent:another-secret")
        zk.get("/agent-locks/a")
    with guarded.as_("agent"), pytest.raises(BadConfiguration):
        connect(replace(guarded.settings("agent"), digest=f"nobody:{SECRET}"))
    assert "Connecting to" in caplog.text
    assert SECRET not in caplog.text
    assert "another-secret" not in caplog.text


def test_no_exception_shows_a_password(guarded: Guarded) -> None:
    settings = replace(guarded.settings("agent"), digest=f"nobody:{SECRET}")
    try:
        connect(settings)
    except BadConfiguration as error:
        shown = "".join(
            traceback.TracebackException.from_exception(error, capture_locals=True).format()
        )
    assert "ZooKeeper does not let" in shown
    assert f"settings = {settings!r}" in shown
    assert SECRET not in shown


def test_no_node_holds_a_password(guarded: Guarded, tmp_path: Path) -> None:
    """Everybody who reads the tree would have it."""
    with guarded.as_("publisher") as zk:
        Release(tmp_path, 1, {"t.zk": "/a : web\n  version = '1'\n"}).publish(zk)
        nodes = scan(zk.bulk)
        acls = [zk.client.get_acls(path)[0] for path in nodes]
    secrets = (SECRET, password_of("publisher"))
    assert not any(secret.encode() in node.data for secret in secrets for node in nodes.values())
    assert not any(secret in repr(acls) for secret in secrets)


def test_a_running_agent_shows_no_password_to_other_processes_and_scripts(
    guarded: Guarded, tmp_path: Path
) -> None:
    """Command lines are for everybody to see, and scripts have credentials of their own."""
    seen = tmp_path / "seen"
    configuration = guarded.configuration(tmp_path, "agent")
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\n{{ env; tr '\\0' ' ' </proc/$PPID/cmdline; }} >{seen}\n")
    hook.chmod(0o755)
    text = configuration.read_text().replace("[zookeeper]", f"after = {hook}\n[zookeeper]")
    configuration.write_text(text)
    with guarded.as_("publisher") as zk:
        Release(tmp_path / "release", 1, {"t.zk": "/a\n"}).publish(zk)
    done = subprocess.run(
        [sys.executable, "-m", "zc.zkdeployment.cli", "agent", "-v", "-1", str(configuration)],
        env={**os.environ, "ZC_ZK_CONNECTION_STRING": "127.0.0.1:1", "PYTHONWARNINGS": "default"},
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
    )
    assert (done.returncode, "Done deploying version 1" in done.stderr) == (0, True), done.stderr
    assert f"ZC_ZK_CONNECTION_STRING={guarded.connection}\n" in seen.read_text()
    assert str(configuration) in seen.read_text()
    for text in (done.stdout, done.stderr, seen.read_text()):
        assert SECRET not in text
    others = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert others
    assert not any(SECRET in path.read_text() for path in others)
