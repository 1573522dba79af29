"""What operators and agents type and see where ZooKeeper is guarded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.support.security import Guarded, principal_of

from zc.zkdeployment.cli import main
from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.lab.tls import Authority, SecureServer

Zkdeploy = Callable[..., Result]


@pytest.fixture
def zkdeploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zkdeploy:
    """Return a function that runs ``zkdeploy`` on a host of its own."""
    monkeypatch.chdir(tmp_path)
    for variable in ("ZC_ZK_CONNECTION_STRING", "ZKDEPLOY_ZOOKEEPER_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "t.zk").write_text("/a : web\n  version = '1'\n")
    return lambda *args, **environ: CliRunner().invoke(main, args, env=environ)


def admin_of(guarded: Guarded, directory: Path) -> str:
    return str(guarded.configuration(directory, "admin"))


def test_acl_init_shows_does_and_checks(
    unguarded: Guarded, tmp_path: Path, zkdeploy: Zkdeploy
) -> None:
    to = ("--zookeeper-config", admin_of(unguarded, tmp_path))
    shown = zkdeploy("acl", "init", "--dry-run", *to)
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[-1] == "3 ACLs would be changed"
    assert "/agent-locks  (new)\n  + digest:admin:" in shown.stdout
    assert "\n/\n  - world:anyone rwcda\n  + digest:admin:" in shown.stdout
    assert str(principal_of("agent")) not in shown.stdout  # its hash can be guessed from
    assert zkdeploy("acl", "check", *to).exit_code == 2
    done = zkdeploy("acl", "init", *to)
    assert (done.exit_code, done.stdout) == (
        0,
        shown.stdout.replace("would be changed", "changed"),
    )
    again = zkdeploy("acl", "init", *to)
    assert (again.exit_code, again.stdout) == (0, "0 ACLs changed\n")
    checked = zkdeploy("acl", "check", *to)
    assert (checked.exit_code, checked.stdout) == (0, "all ACLs are as they should be\n")


def test_acl_commands_speak_json(unguarded: Guarded, tmp_path: Path, zkdeploy: Zkdeploy) -> None:
    to = ("--json", "--zookeeper-config", admin_of(unguarded, tmp_path))
    checked = zkdeploy("acl", "check", *to)
    assert checked.exit_code == 2
    found = {each["path"]: each for each in json.loads(checked.stdout)}
    assert found["/"]["found"] == ["world:anyone rwcda"]
    assert found["/agent-locks"]["found"] is None
    assert json.loads(zkdeploy("acl", "init", *to).stdout) == json.loads(checked.stdout)
    assert json.loads(zkdeploy("acl", "check", *to).stdout) == []
    assert str(principal_of("admin")) in json.loads(zkdeploy("acl", "id", *to).stdout)


def test_who_one_is_can_be_asked_before_one_is_let_in(
    guarded: Guarded, tmp_path: Path, zkdeploy: Zkdeploy
) -> None:
    """To be let in, an admin has to name it first."""
    new = guarded.configuration(tmp_path, "agent", "new password")
    found = zkdeploy("acl", "id", "--zookeeper-config", str(new))
    assert found.exit_code == 0
    assert found.stdout.startswith("digest:agent:")
    assert found.stdout.splitlines()[0] != str(principal_of("agent"))


@pytest.mark.parametrize("command", ["init", "check"])
def test_without_a_policy_the_settings_are_named(
    unguarded: Guarded, command: str, zkdeploy: Zkdeploy
) -> None:
    found = zkdeploy("acl", command, "--zookeeper", unguarded.connection)
    assert found.exit_code == 1
    assert "give acl-admin, acl-publisher and acl-agent" in found.stderr


def test_whoever_would_lock_himself_out_is_told_in_one_line(
    unguarded: Guarded, tmp_path: Path, zkdeploy: Zkdeploy
) -> None:
    publisher = unguarded.configuration(tmp_path, "publisher")
    found = zkdeploy("acl", "init", "--zookeeper-config", str(publisher))
    assert found.exit_code == 1
    assert found.stderr.startswith("zkdeploy: error: whoever runs this must be an admin")
    assert len(found.stderr.splitlines()) == 1


def test_all_commands_use_the_credentials(
    guarded: Guarded, tmp_path: Path, zkdeploy: Zkdeploy
) -> None:
    """One that did not would fail, or show a fleet without hosts."""
    publisher = str(guarded.configuration(tmp_path, "publisher"))
    environ = {"ZKDEPLOY_ZOOKEEPER_CONFIG": publisher, "TEST_ROOT": str(tmp_path)}
    write_file(tmp_path / "etc/zmh/pxemac", "h1\n")
    agent = str(guarded.configuration(tmp_path, "agent"))
    for args, status in (
        (("sync", "."), 0),
        (("diff", "live", "."), 0),
        (("plan", "--fleet", "."), 0),
        (("history",), 0),
        (("stop",), 0),
        (("resume",), 0),
        (("sync", "--notify"), 0),
        (("tree", "export"), 0),
        (("tree", "set", "/a", "x=1"), 0),
        (("plan",), 0),
        (("check",), 2),
    ):
        done = zkdeploy(*args, **environ)
        assert done.exit_code == status, (args, done.output)
    shown = zkdeploy("tree", "set", "/a", "x=2", "--zookeeper-config", agent)
    assert (shown.exit_code, shown.stderr) == (1, "zkdeploy: error: ZooKeeper: NoAuthError: /a\n")


def test_a_wrong_password_is_one_line(
    guarded: Guarded, tmp_path: Path, zkdeploy: Zkdeploy
) -> None:
    wrong = str(guarded.configuration(tmp_path, "agent", "hunter2"))
    for args in (("tree", "export", "--zookeeper-config", wrong), ("plan", wrong)):
        found = zkdeploy(*args)
        assert found.exit_code == 1
        assert found.stderr.startswith("zkdeploy: error: ZooKeeper does not let digest user 'agen")
        assert len(found.stderr.splitlines()) == 1
        assert "hunter2" not in found.output
    checked = zkdeploy("check", wrong)
    assert (checked.exit_code, "is the password right" in checked.stdout) == (2, True)


def test_the_command_line_says_last_where_zookeeper_is(
    guarded: Guarded, tmp_path: Path, zkdeploy: Zkdeploy
) -> None:
    """What the environment still names must not be sent the password of somebody else."""
    agent = guarded.configuration(tmp_path, "agent")
    to = ("tree", "export", "--zookeeper-config", str(agent))
    assert zkdeploy(*to, ZC_ZK_CONNECTION_STRING="127.0.0.1:1").exit_code == 0
    agent.write_text(agent.read_text().replace(guarded.connection, "127.0.0.1:1"))
    assert zkdeploy(*to, "--zookeeper", guarded.connection).exit_code == 0
    text = agent.read_text().replace("servers = 127.0.0.1:1\n", "")
    agent.write_text(text)
    assert zkdeploy(*to, ZC_ZK_CONNECTION_STRING=guarded.connection).exit_code == 0
    assert zkdeploy("plan", str(agent), "--zookeeper", guarded.connection).exit_code == 1


def test_a_file_that_cannot_be_used_is_one_line(tmp_path: Path, zkdeploy: Zkdeploy) -> None:
    (tmp_path / "c.conf").write_text("[zookeeper]\ndigest = agent:hunter2\n")
    found = zkdeploy("history", "--zookeeper-config", "c.conf")
    assert found.exit_code == 1
    assert found.stderr.startswith("zkdeploy: error: digest: a password must not be in a conf")
    assert "hunter2" not in found.output


def test_a_server_that_is_not_trusted_is_one_line(
    secure_server: SecureServer, stranger: Authority, tmp_path: Path, zkdeploy: Zkdeploy
) -> None:
    (tmp_path / "c.conf").write_text(
        f"[zookeeper]\nservers = {secure_server.secure_connection_string}\n"
        f"tls = yes\nca-file = {stranger.file}\n"
    )
    found = zkdeploy("history", "--zookeeper-config", "c.conf")
    assert found.exit_code == 1
    assert found.stderr.startswith("zkdeploy: error: no trusted connection to ZooKeeper: localhos")
    assert len(found.stderr.splitlines()) == 1
