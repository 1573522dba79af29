"""The program as a whole: its name, version, completion, and what it imports."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from zc.zkdeployment.cli import main
from zc.zkdeployment.cli.lazy import LazyGroup
from zc.zkdeployment.settings import config


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


def test_the_help_of_the_agent_names_all_settings() -> None:
    """On a host the manual page is all that there is to look them up."""
    shown = main.get_command(click.Context(main), "agent")
    assert [each for each in config._KNOWN if f"`{each}" not in str(shown and shown.help)] == []


def test_the_tab_key_completes_subcommands() -> None:
    words = {"COMP_WORDS": "zkdeploy tree v", "COMP_CWORD": "2"}
    program = ("-m", "zc.zkdeployment.cli")
    assert python(*program, _ZKDEPLOY_COMPLETE="bash_complete", **words) == "plain,validate\n"


_NEVER_ON_A_HOST = {
    *("rich", "cryptography", "asyncio", "concurrent.futures", "multiprocessing"),
    *("http", "http.client", "urllib.request", "email", "xml", "sqlite3", "unittest", "pydoc"),
    *("importlib.metadata", "pkgutil", "csv", "zipfile", "difflib"),
    *(f"zc.zkdeployment.{name}" for name in ("demo", "lab", "publishing", "sync", "validate")),
    *("zc.zk.source", "zc.zkdeployment.tree.tree_files", "zc.zkdeployment.revisions.compilation"),
}


@pytest.mark.parametrize(
    ("args", "unwanted"),
    [
        (["agent", "--help"], _NEVER_ON_A_HOST),
        (["check", "--help"], _NEVER_ON_A_HOST),
        (["validate", "/dev/null"], {"rich", "email", "importlib.metadata", "zipfile"}),
        (["--help"], {"rich", "kazoo", "zc.zk", "json", "urllib.request"}),
        (["tree", "--help"], {"rich", "kazoo", "zc.zk", "json", "urllib.request"}),
        (["completion", "bash"], {"rich", "kazoo", "zc.zk", "urllib.request"}),
    ],
)
def test_a_command_starts_without_what_it_does_not_need(
    args: list[str], unwanted: set[str]
) -> None:
    """A daemon that runs as root loads little, and a person does not wait for help."""
    program = (
        "import sys; from zc.zkdeployment.cli import main;"
        f"main({args}, standalone_mode=False);"
        f"print(sorted({unwanted} & set(sys.modules)))"
    )
    # What measures coverage would load modules of its own.
    assert python("-c", program, COVERAGE_PROCESS_CONFIG="").splitlines()[-1] == "[]"


def test_the_tab_key_lists_commands_without_importing_them() -> None:
    program = (
        "import sys; from zc.zkdeployment.cli import main\n"
        "try: main(prog_name='zkdeploy')\n"
        "except SystemExit: pass\n"
        "print(sorted({'kazoo', 'zc.zk', 'rich'} & set(sys.modules)))"
    )
    words = {"COMP_WORDS": "zkdeploy s", "COMP_CWORD": "1"}
    found = python("-c", program, _ZKDEPLOY_COMPLETE="bash_complete", **words).splitlines()
    commands = ("status", "sync", "show", "stop", "schema")
    assert found == [*(f"plain,{command}" for command in commands), "[]"]


def test_a_group_that_can_be_completed_still_has_its_own_options() -> None:
    words = {"COMP_WORDS": "zkdeploy --v", "COMP_CWORD": "1"}
    program = ("-m", "zc.zkdeployment.cli")
    assert python(*program, _ZKDEPLOY_COMPLETE="bash_complete", **words) == "plain,--version\n"


def test_lists_say_of_each_command_what_its_own_help_says() -> None:
    assert list(_differing(main)) == []


def _differing(group: click.Group) -> Iterator[tuple[str, str, str]]:
    """Yield the commands, of this group and those below, of which two places tell two things."""
    assert isinstance(group, LazyGroup)
    context = click.Context(group)
    for name, summary in group.summaries(limit=1000):
        command = group.get_command(context, name)
        assert command is not None
        if summary != command.get_short_help_str(limit=1000):
            yield name, summary, command.get_short_help_str(limit=1000)
        if isinstance(command, click.Group):
            yield from _differing(command)
