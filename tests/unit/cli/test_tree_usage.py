"""What the commands below ``zkdeploy tree`` refuse before they ask ZooKeeper anything."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from zc.zkdeployment.cli import main


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["address=1.2.3.4:80"], "For text write quotes: 'address=\"1.2.3.4:80\"'"),
        (["n=f(1)"], "a value is a quoted string, a number, True, False or None"),
        (["n"], "'n' is not of the form NAME=VALUE."),
        (["n=>/cust"], "'n=>/cust' is not of the form NAME=VALUE."),
        (["n=1\nm=2"], "is not of the form NAME=VALUE."),
        (["n -> m=2"], "no property can be called 'n -> m'"),
        (["/n=2"], "no property can be called '/n'"),
        (["#n=2"], "no property can be called '#n'"),
        (["n=1", "n=2"], "n is given twice."),
        (["n=1", "--unset", "n"], "n is to be set and unset."),
        ([], "Nothing to set: give NAME=VALUE or --unset NAME."),
    ],
)
def test_what_cannot_be_meant_is_not_set(args: list[str], message: str) -> None:
    result = CliRunner().invoke(main, ["tree", "set", "/lb", *args])
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize("root", ["/", "//", "/cust/.."])
def test_rm_refuses_the_root_however_it_is_written(root: str) -> None:
    result = CliRunner().invoke(main, ["tree", "rm", "-r", "--force", root])
    assert result.exit_code == 2
    assert "The root cannot be deleted" in result.stderr


def test_a_path_without_a_slash_is_not_taken_for_one_at_the_root() -> None:
    result = CliRunner().invoke(main, ["tree", "rm", "-r", "cust"])
    assert result.exit_code == 2
    assert "'cust' is not the path of a node; it starts with a slash." in result.stderr
