"""``zkdeploy completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from zc.zkdeployment.cli.command import Command

_INSTRUCTIONS = {
    "bash": 'eval "$(zkdeploy completion bash)"  in ~/.bashrc',
    "zsh": 'eval "$(zkdeploy completion zsh)"  in ~/.zshrc, below compinit',
    "fish": "zkdeploy completion fish > ~/.config/fish/completions/zkdeploy.fish",
}


@click.command("completion", cls=Command, examples=tuple(_INSTRUCTIONS.values()))
@click.argument("shell", type=click.Choice(tuple(_INSTRUCTIONS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script for the Tab key to complete commands.

    Follow the example for your shell, then start a new one.
    """
    kind = get_completion_class(shell)
    assert kind is not None, "click completes for every shell of the choice"  # noqa: S101
    source = kind(ctx.find_root().command, {}, "zkdeploy", "_ZKDEPLOY_COMPLETE")
    click.echo(f"# To use it: {_INSTRUCTIONS[shell]}")
    # Its method source() would start bash to look at its version.
    click.echo(source.source_template % source.source_vars())
