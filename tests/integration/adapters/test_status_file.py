"""The status file, read by somebody who is not the agent."""

from __future__ import annotations

from pathlib import Path

from zc.zkdeployment.adapters import status_file
from zc.zkdeployment.adapters.host_state import HostFiles
from zc.zkdeployment.views.health import LARGEST, StatusFile


def test_what_an_agent_writes_is_read(tmp_path: Path) -> None:
    HostFiles(str(tmp_path), str(tmp_path)).save_status(2, "done")
    path = tmp_path / "status"
    found = status_file.read(str(tmp_path))
    assert found == StatusFile(str(path), path.read_bytes())
    assert found.content is not None
    assert found.content.endswith(b" 2 done")


def test_a_host_without_an_agent_has_none(tmp_path: Path) -> None:
    where = tmp_path / "run"
    assert status_file.read(str(where)) == StatusFile(str(where / "status"))


def test_something_else_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "status").mkdir()
    found = status_file.read(str(tmp_path))
    assert found == StatusFile(str(tmp_path / "status"), failure="Is a directory")


def test_a_file_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    (tmp_path / "status").symlink_to("/dev/zero")
    found = status_file.read(str(tmp_path))
    assert found.failure == "Not a regular file"
    (tmp_path / "status").unlink()
    with (tmp_path / "status").open("wb") as file:
        file.truncate(1 << 30)
    assert status_file.read(str(tmp_path)).content == bytes(LARGEST + 1)
