"""Whose token it is, and from which files tokens are taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.web.tokens import Tokens, read_tokens

_ANN = "a" * 32
_BOB = "b" * 64


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "tokens"
    file.write_text(f"# who may\n\nann {_ANN}\n  bob@ops   {_BOB}\n")
    file.chmod(0o600)
    return file


@pytest.mark.parametrize(
    ("token", "name"),
    [
        (_ANN, "ann"),
        (_BOB, "bob@ops"),
        ("", None),
        (_ANN[:-1], None),
        (_ANN + "a", None),
        ("é", None),
    ],
)
def test_only_a_whole_token_is_somebodys(file: Path, token: str, name: str | None) -> None:
    assert read_tokens(file, {}).operator(token) == name


def test_tokens_are_shown_by_no_traceback(file: Path) -> None:
    assert _ANN not in repr(read_tokens(file, {}))


def test_nobody_may_anything_without_tokens() -> None:
    assert not Tokens()
    assert Tokens().operator("") is None


def test_what_systemd_passes_is_private_whatever_its_mode_says(file: Path) -> None:
    file.chmod(0o440)
    with pytest.raises(BadConfiguration, match="chmod 600"):
        read_tokens(file, {})
    assert read_tokens(file, {"CREDENTIALS_DIRECTORY": str(file.parent)})
