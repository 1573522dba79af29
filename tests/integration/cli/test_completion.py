"""The Tab key, in real shells: what a person typed, and what is offered for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_PATIENCE = 60.0  # seconds until a shell is killed, which fails its test

_FISH = """
zkdeploy completion fish | source
complete --do-complete $argv[1]
"""

# Types in a zsh of its own, on a terminal of its own, and prints the line that comes of it.
_ZSH = """
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell 'PS1= PROMPT_EOL_MARK=; autoload -U compinit; compinit -u -D'
zpty -w shell 'eval "$(zkdeploy completion zsh)"; show() { print -r -- "[[$BUFFER]]"; BUFFER=; }'
zpty -w shell 'zle -N show; bindkey "^X" show; unsetopt beep; print rea""dy'
zpty -r shell output '*ready*'
zpty -w -n shell "$1"$'\\t'$'\\x18'
zpty -r shell output '*\\]\\]*'
print -r -- "$output"
zpty -d shell
"""

# What bash does with a line before it asks: it takes "=" for a word.
_BASH = """
eval "$(zkdeploy completion bash)"
compopt() { COMPREPLY+=("$@"); } # there is only while somebody really presses the key
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_zkdeploy_completion zkdeploy
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """That of a person who never configured a shell."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(tmp_path), "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def run(environment: dict[str, str], *argv: str) -> str:
    done = subprocess.run(
        argv,
        env=environment,
        cwd=environment["HOME"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_PATIENCE,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("zkdeploy rollb", "rollback\tPublish a revision again that is kept; no...\n"),
        ("zkdeploy stat", "status\tTell how far the fleet is, and how each...\n"),
        ("zkdeploy agent --log-format p", "plain\n"),
        ("zkdeploy agent --log-format=p", "--log-format=plain\n"),
        ("zkdeploy check my", "my,host.conf\n"),
        ("zkdeploy agent --zookeeper-config=my", "--zookeeper-config=my,host.conf\n"),
        ("zkdeploy sync my", "my,host.conf\n"),
    ],
)
def test_fish(environment: dict[str, str], typed: str, offered: str) -> None:
    Path(environment["HOME"], "my,host.conf").touch()
    assert run(environment, "fish", "--no-config", "-c", _FISH, typed) == offered


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("zkdeploy rollb", "zkdeploy rollback "),
        ("zkdeploy tree val", "zkdeploy tree validate "),
        ("zkdeploy tree set --uns", "zkdeploy tree set --unset "),
        ("zkdeploy agent --log-format p", "zkdeploy agent --log-format plain "),
        ("zkdeploy agent --log-format=p", "zkdeploy agent --log-format=plain "),
        ("zkdeploy check my", "zkdeploy check my,host.conf "),
        ("zkdeploy web --token-file=my", "zkdeploy web --token-file=my,host.conf "),
    ],
)
def test_zsh(environment: dict[str, str], typed: str, line: str) -> None:
    Path(environment["HOME"], "my,host.conf").touch()
    assert f"[[{line}]]" in run(environment, "zsh", "-f", "-c", _ZSH, "zsh", typed)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("zkdeploy rollb", "rollback\n"),
        ("zkdeploy agent --log-format p", "plain\n"),
        ("zkdeploy agent --log-format = p", "plain\n"),
        ("zkdeploy agent --log-format =", "auto\nplain\njournal\n"),
        ("zkdeploy tree set --cre", "--create\n"),
        ("zkdeploy check my", "-o\ndefault\n"),
    ],
)
def test_bash(environment: dict[str, str], typed: str, offered: str) -> None:
    assert run(environment, "bash", "-c", _BASH, "bash", *typed.split()) == offered
