"""``zkdeploy keygen``: a publisher gets a key, and is told where its halves go."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zc.zkdeployment.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def keygen(*args: str) -> Result:
    return CliRunner().invoke(main, ["keygen", *args])


def test_the_two_files_are_named_with_where_each_goes(folder: Path) -> None:
    result = keygen("publisher.key")
    assert result.exit_code == 0
    assert re.fullmatch(
        r"Key [0-9a-f]{16}\n"
        r"  publisher\.key  private: stays with the publisher, for 'sync --sign'\n"
        r"  publisher\.key\.pub  public: goes to every host, for 'public-keys'\n",
        result.output,
    )
    assert (folder / "publisher.key").stat().st_mode & 0o777 == 0o600
    assert (folder / "publisher.key.pub").stat().st_mode & 0o777 == 0o644


def test_a_program_gets_json(folder: Path) -> None:
    document = json.loads(keygen("--json", f"{folder}/key").stdout)
    assert document == {
        "key_id": document["key_id"],
        "private_key": f"{folder}/key",
        "public_key": f"{folder}/key.pub",
    }
    assert f"# key id {document['key_id']}\n" in (folder / "key.pub").read_text()


@pytest.mark.parametrize("name", ["key", "key.pub"])
def test_a_file_that_is_there_is_left_alone(folder: Path, name: str) -> None:
    (folder / name).write_text("precious")
    result = keygen("key")
    assert (result.exit_code, result.stderr) == (
        1,
        f"zkdeploy: error: {name}: is there already, and a key is never overwritten;"
        " choose another name\n",
    )
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [(name, "precious")]


def test_a_directory_that_is_missing_is_an_error_of_one_line(folder: Path) -> None:
    result = keygen("nowhere/key")
    expected = "zkdeploy: error: nowhere/key: No such file or directory\n"
    assert (result.exit_code, result.stderr) == (1, expected)


@pytest.mark.parametrize("args", [[], ["."], ["a", "b"]])
def test_a_name_for_one_file_is_needed(folder: Path, args: list[str]) -> None:
    assert keygen(*args).exit_code == 2
    assert list(folder.iterdir()) == []


def test_an_empty_name_is_no_name(folder: Path) -> None:
    assert keygen("").exit_code == 1
    assert list(folder.iterdir()) == []


def test_without_the_extra_the_way_to_install_it_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in {"cryptography", *sys.modules}:
        if name.split(".")[0] == "cryptography":
            monkeypatch.setitem(sys.modules, name, None)
    result = keygen("key")
    assert result.exit_code == 1
    assert result.stderr.startswith("zkdeploy: error: signatures need the package cryptography;")
    assert "pip install 'zc.zkdeployment[sign]'" in result.stderr
    assert list(folder.iterdir()) == []


def test_the_help_says_what_goes_where() -> None:
    output = " ".join(keygen("--help").output.split())
    assert "FILE is the private key. It stays with the publisher" in output
    assert "FILE.pub is the public key. Copy it to every host" in output
