"""One agent for a host on one machine, whatever ZooKeeper knows."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from zc.zkdeployment.adapters.single import OnlyAgent
from zc.zkdeployment.errors import AnotherAgent

HOLDER = """
import sys
from zc.zkdeployment.adapters.single import OnlyAgent
lock = OnlyAgent(sys.argv[1])
print("taken", flush=True)
sys.stdin.read()
"""


def test_the_second_agent_refuses_until_the_first_one_is_gone(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"taken\n"
        with pytest.raises(AnotherAgent, match="Another agent is running"):
            OnlyAgent(str(tmp_path))
        holder.send_signal(signal.SIGKILL)
    OnlyAgent(str(tmp_path)).close()


def test_a_closed_agent_leaves_the_place_to_the_next_one(tmp_path: Path) -> None:
    first = OnlyAgent(str(tmp_path / "run"))
    first.close()
    OnlyAgent(str(tmp_path / "run")).close()
