"""What commands print with ``--json`` is what their published schemas say, and their exit status
is one that their help explains.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from jsonschema import Draft202012Validator
from tests.support.security import Guarded
from tests.support.syncing import registered

from zc.zk import ZK, encode
from zc.zkdeployment.cli import main
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.schema import schema_names, schema_text
from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.reports.installed_software import InstalledSoftware, SoftwareSeen
from zc.zkdeployment.reports.report import Activity, Drift, Failure, Report, Result, encode_report

Zkdeploy = Callable[..., subprocess.CompletedProcess[str]]

TREE = """\
/app : web
  version = '{version}'
  max_parallel = '50%'
  timeout = 60
  /deploy
    /h1
/cache : squid fast
  version = '{version}'
  max_parallel = 2
  /deploy
    /caches
/roles
  /caches : controller
    version = '1'
"""

AT = "2030-01-02T03:04:05Z"

REPORT = Report(
    Activity.FAILED,
    2,
    "deploying /app 0",
    AT,
    AT,
    1.5,
    "/app",
    ("waiting",),
    (Result("install web", True, 1.0, AT), Result("deploying /app 0", False, 0.5, AT)),
    Failure("deploying /app 0", "exit 3", AT, ("no database",)),
    Drift(AT, ("/opt/web is gone",), ("/etc/web",)),
    SoftwareSeen(
        AT,
        (
            InstalledSoftware("cache", "git://x#main", "abc"),
            InstalledSoftware("web", whole=False),
        ),
        7,
    ),
)


def validated(name: str, text: str) -> Any:
    """Return a document, which must be as its schema says."""
    document = json.loads(text)
    schema = json.loads(schema_text(name))
    Draft202012Validator.check_schema(schema)
    errors = [
        f"{error.json_path}: {error.message}"
        for error in Draft202012Validator(schema).iter_errors(document)
    ]
    assert not errors, (name, errors, document)
    return document


def subcommand(args: tuple[str, ...]) -> tuple[str, Command]:
    """Return the name of the command that a line runs, with dashes, and the command."""
    command: click.Command = main
    names = []
    context = click.Context(main)
    for word in args:
        if not isinstance(command, click.Group):
            break
        found = command.get_command(context, word)
        assert found is not None, args
        command = found
        names.append(word)
    assert isinstance(command, Command)
    return "-".join(names), command


class Checked:
    """Runs commands with ``--json`` and checks what they print."""

    def __init__(self, zkdeploy: Zkdeploy) -> None:
        self._zkdeploy = zkdeploy

    def __call__(self, *args: str, schema: str | None = None, status: int = 0) -> Any:
        name, command = subcommand(args)
        assert status in command.statuses, "the help explains it"
        result = self._zkdeploy(*args, "--json")
        assert result.returncode == status, result
        return validated(schema or name, result.stdout)


@pytest.fixture
def checked(zkdeploy: Zkdeploy) -> Checked:
    return Checked(zkdeploy)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write_file(tmp_path / "site/a.zk", TREE.format(version="1"))
    write_file(tmp_path / "site/locks.zkx", "/role-locks\n  /caches\n")
    return tmp_path / "site"


def test_every_command_that_prints_json_has_a_schema(zkdeploy: Zkdeploy) -> None:
    listed = zkdeploy("schema").stdout.split()
    assert listed == schema_names()
    commands = {"-".join(path) for path in _with_json(main, ())}
    assert commands - {"tree-validate"} <= set(listed), "each has one"
    assert set(listed) - commands <= {"plan-fleet", "status-host", "notification"}
    for name in listed:
        Draft202012Validator.check_schema(json.loads(schema_text(name)))
    assert zkdeploy("schema", "locks", "list").stdout == schema_text("locks-list")
    assert zkdeploy("schema", "tree", "validate").stdout == schema_text("validate")
    assert zkdeploy("schema", "nothing").returncode == 2


def _with_json(command: click.Command, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        found = (
            (name, command.get_command(context, name)) for name in command.list_commands(context)
        )
        return [each for name, sub in found if sub for each in _with_json(sub, (*path, name))]
    has_json = any("--json" in param.opts for param in command.params)
    return [path] if has_json else []


def test_publishing_and_going_back(checked: Checked, zk: ZK, site: Path) -> None:
    files = str(site)
    assert checked("validate", files)["problems"] == []
    checked("plan", "--fleet", files, schema="plan-fleet", status=2)
    checked("sync", files, "--version", "1", "--dry-run")
    assert checked("sync", files, "--version", "1")["state"] == "published"
    assert checked("sync", files, "--version", "1")["state"] == "current"
    write_file(site / "a.zk", TREE.format(version="2"))
    checked("diff", "@1", files, status=2)
    checked("tree", "diff", str(site / "a.zk"), status=2)
    checked("sync", files, "--version", "2")
    write_file(site / "a.zk", "/app : web\n  /deploy\n    /h1\n")
    assert checked("validate", files, status=1)["problems"]
    assert checked("sync", files, "--version", "3", status=1)["state"] == "refused"
    assert checked("status")["refusal"]
    checked("show")
    checked("show", "1")
    checked("rollback")
    checked("history")
    checked("tree", "export")
    checked("tree", "get", "/hosts")
    checked("tree", "get", "/hosts", "version")


def test_a_fleet_with_all_that_can_be_told(
    checked: Checked, zkdeploy: Zkdeploy, zk: ZK, zk_connection: str, site: Path
) -> None:
    checked("status")
    checked("why")
    checked("sync", str(site))
    marker = {"host": "h9", "name": "nine", "session": "0x1", "since": 1767323045}
    marker |= {"boot": "b", "version": 1, "step": "deploying"}
    zk.create("/agent-locks/app", encode({"owners": [marker]}), makepath=True)
    shown = {"name": "one", "version": 1, "error": "exit 3", "report": encode_report(REPORT)}
    with registered(zk_connection, "h1", **shown) as agent:
        agent.create("/agent-locks/app/h1-", b"{}", ephemeral=True, sequence=True)
        request = encode({"requestor": "h2", "hostname": "two"})
        agent.create("/role-locks/caches/lr-", request, ephemeral=True, sequence=True)
        assert checked("status")["hosts"][0]["report"]["failure"]["step"] == "deploying /app 0"
        host = checked("status", "h1", schema="status-host")
        assert host["wanted"]
        states = {each["name"]: each["state"] for each in host["software"]}
        assert states == {"cache": "not wanted", "web": "not whole"}
        assert checked("locks", "list")["locks"]
        for subject in ((), ("h1",), ("/app",), ("caches",)):
            assert checked("why", *subject)["cause"]
        zkdeploy("locks", "break", "/app", "--reason", "it burnt down")
        assert checked("locks", "list")["broken"]
        assert checked("stop", "--reason", "a fire")["stop"]["reason"] == "a fire"
        checked("stop")
        checked("status")
        checked("rollout", status=1)
        checked("resume")
        checked("rollout", "--timeout", "0.1", status=3)
        zk.properties("/hosts", watch=False).update(version=None)
        assert checked("resume", status=1)["errors"]


def test_a_host_by_itself(checked: Checked, zk: ZK, root: Path) -> None:
    zk.import_tree("/hosts\n  version = 1\n/app : web-1\n  /deploy\n    /h1\n")
    checked("plan", status=2)
    checked("check", status=2)
    write_file(root / "etc/zim/host_version", "1")
    assert checked("verify", status=2)["found"]
    shutil.rmtree(root / "etc/zmh")
    checked("check", status=3)


def test_keys_and_access(
    checked: Checked, zk_connection: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    del environ["TEST_ROOT"]  # the password is outside of it
    pytest.importorskip("cryptography", reason="signatures are an extra")
    checked("keygen", str(tmp_path / "fleet.key"))
    configuration = Guarded(zk_connection).configuration(tmp_path, "admin")
    as_admin = ("--zookeeper-config", str(configuration))
    checked("acl", "id", *as_admin)
    checked("acl", "check", *as_admin, status=2)
    assert checked("acl", "init", *as_admin)
    assert checked("acl", "check", *as_admin) == []
