"""How errors of commands reach a person and a script."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner, Result
from kazoo.exceptions import NoAuthError, NoNodeError, OperationTimeoutError

from zc.zk.errors import FailedConnect, LinkLoop, MissingNode, TreeSyntaxError
from zc.zkdeployment.cli import main
from zc.zkdeployment.cli.command import Command, ComparingCommand
from zc.zkdeployment.errors import BadConfiguration, MissingSetting


def run(
    args: str,
    error: BaseException | None = None,
    status: int | None = None,
    comparing: bool = False,
) -> Result:
    """Run ``zkdeploy ARGS``, where ``zkdeploy command`` raises ``error`` or returns ``status``."""

    @click.command(cls=ComparingCommand if comparing else Command, examples=("zkdeploy command",))
    @click.argument("number", type=int, default=1)
    def command(number: int) -> int | None:
        if error:
            raise error
        return status

    @click.group
    @click.option("--debug", is_flag=True)
    def zkdeploy(debug: bool) -> None:
        pass

    zkdeploy.add_command(command)
    return CliRunner().invoke(zkdeploy, args)


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (1, 1), (2, 2)])
def test_a_script_sees_the_status_that_the_command_returned(
    returned: int | None, status: int
) -> None:
    result = run("command", status=returned)
    assert (result.exit_code, result.output) == (status, "")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (BadConfiguration("role: no"), "role: no"),
        (FileNotFoundError(2, "No such file", "a.zk"), "a.zk: No such file"),
        (ConnectionError("nobody there"), "nobody there"),
        (
            FailedConnect("zk:2181"),
            "no ZooKeeper server answered at zk:2181; is the address right?",
        ),
        (MissingNode("/a"), "there is no node /a"),
        (NoNodeError("/a"), "there is no node /a"),
        (LinkLoop("/a", "/b", "/a"), "symbolic links lead back to themselves: /a -> /b -> /a"),
        (NoAuthError("/a"), "ZooKeeper: NoAuthError: /a"),
        (OperationTimeoutError(), "ZooKeeper: OperationTimeoutError"),
        (TreeSyntaxError("odd", 2, "x y", "a.zk"), "a.zk:2: odd: 'x y'"),
    ],
)
def test_an_error_is_one_line_and_status_1(error: BaseException, message: str) -> None:
    for comparing in (False, True):
        result = run("command", error, comparing=comparing)
        assert (result.exit_code, result.stderr) == (1, f"zkdeploy: error: {message}\n")


def test_a_missing_setting_is_told_as_the_specification_words_it() -> None:
    result = run("command", MissingSetting("host-id not specified"))
    assert (result.exit_code, result.stderr) == (2, "host-id not specified\n")


@pytest.mark.parametrize("error", [None, MissingSetting("host-id not specified")])
def test_of_a_command_that_compares_only_a_difference_is_2(error: BaseException | None) -> None:
    """A script must not take a misspelled option for a difference."""
    assert run("command", status=2, comparing=True).exit_code == 2
    assert run("command" if error else "command --typo", error, comparing=True).exit_code == 1


@pytest.mark.parametrize(
    ("error", "message"),
    [(None, "Invalid value for '[NUMBER]'"), (click.UsageError("not both"), "not both")],
)
def test_wrong_usage_is_2_and_points_to_the_help(
    error: BaseException | None, message: str
) -> None:
    result = run("command" if error else "command x", error)
    assert result.exit_code == 2
    assert "Try 'zkdeploy command --help' for help." in result.stderr
    assert message in result.stderr


def test_debug_shows_where_an_error_came_from() -> None:
    error = BadConfiguration("role: no")
    assert run("--debug command", error).exception is error


def test_a_mistake_of_the_program_is_not_hidden() -> None:
    error = ZeroDivisionError()
    assert run("command", error).exception is error


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    result = run("command", BrokenPipeError(32, "Broken pipe"))
    assert (result.exit_code, result.output) == (1, "")


@pytest.mark.parametrize("path", [[], ["agent"], ["plan"], ["check"], ["tree"], ["tree", "diff"]])
def test_every_help_says_what_the_exit_statuses_mean(path: list[str]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"])
    assert result.exit_code == 0
    assert "\nExit status:\n  0  " in result.output


def test_the_help_shows_examples_as_they_are_typed() -> None:
    assert "\nExamples:\n  zkdeploy command\n\nExit status:\n  0  " in run("command --help").output
