"""The program as a whole: its name, version, completion, and what it imports."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from zc.zkdeployment.cli import main


def python(*args: str, **environ: str) -> str:
    return subprocess.run(
        [sys.executable, *args],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def test_the_version_is_that_of_the_package() -> None:
    version = importlib.metadata.version("zc.zkdeployment")
    assert CliRunner().invoke(main, ["--version"]).output == f"zkdeploy, version {version}\n"


def test_a_command_that_is_none_is_wrong_usage() -> None:
    result = CliRunner().invoke(main, ["tree", "climb"])
    assert (result.exit_code, "No such command 'climb'" in result.stderr) == (2, True)


def test_the_environment_can_ask_for_tracebacks() -> None:
    args = ["tree", "import", "nowhere.zk"]
    result = CliRunner().invoke(main, args, env={"ZKDEPLOY_DEBUG": "1"})
    assert isinstance(result.exception, FileNotFoundError)
    assert isinstance(CliRunner().invoke(main, args).exception, SystemExit)


def test_without_a_command_the_commands_are_told() -> None:
    result = CliRunner().invoke(main, [])
    assert result.exit_code == 2
    assert "\n  agent " in result.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_completion(shell: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell])
    assert result.exit_code == 0
    assert result.output.startswith("# To use it: ")
    assert f"_ZKDEPLOY_COMPLETE={shell}_complete" in result.output


def test_the_tab_key_completes_subcommands() -> None:
    words = {"COMP_WORDS": "zkdeploy tree v", "COMP_CWORD": "2"}
    program = ("-m", "zc.zkdeployment.cli")
    assert python(*program, _ZKDEPLOY_COMPLETE="bash_complete", **words) == "plain,validate\n"


@pytest.mark.parametrize(
    ("args", "unwanted"),
    [
        (["agent", "--help"], {"rich", "urllib.request"}),
        (["completion", "bash"], {"rich", "kazoo", "urllib.request"}),
    ],
)
def test_a_command_starts_without_what_it_does_not_need(
    args: list[str], unwanted: set[str]
) -> None:
    """A daemon that runs as root loads little, and the Tab key does not wait."""
    program = (
        "import sys; from zc.zkdeployment.cli import main;"
        f"main({args}, standalone_mode=False);"
        f"print(sorted({unwanted} & set(sys.modules)))"
    )
    assert python("-c", program).splitlines()[-1] == "[]"
