"""What ``zkdeploy resume`` refuses before it asks ZooKeeper anything."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from zc.zkdeployment.cli import main


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("4f2a91c", "For text write quotes: '\"4f2a91c\"'"),
        ("trunk", "a value is a quoted string, a number, True, False or None"),
        ("None", "'None' is no version: that is a number or a quoted string."),
        ("False", "'False' is no version"),
        ("[1]", "'[1]' is no version"),
    ],
)
def test_what_no_agent_would_deploy_is_no_version(version: str, message: str) -> None:
    result = CliRunner().invoke(main, ["resume", version])
    assert result.exit_code == 2
    assert message in result.stderr
