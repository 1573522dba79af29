"""What options that several commands have refuse."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from zc.zkdeployment.cli import main


@pytest.mark.parametrize("connection", ["", ":2181", "zk1:client", "zk1:2181,,", "zk1/a/../b"])
@pytest.mark.parametrize(("command", "status"), [("stop", 2), ("check", 3)])
def test_a_mistyped_address_is_wrong_usage(connection: str, command: str, status: int) -> None:
    """It would be a traceback, and for a monitoring system the status of a warning."""
    result = CliRunner().invoke(main, [command, "--zookeeper", connection])
    assert result.exit_code == status
    assert f"{connection!r} is not HOST:PORT[,HOST:PORT...][/PATH]: " in result.stderr
