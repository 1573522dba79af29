"""The command line, ``zkdeploy``: one module per subcommand, imported when it is used."""

from __future__ import annotations

import logging

import click

from zc.zkdeployment.cli.lazy import LazyGroup

_SUBCOMMANDS = {
    name: f"zc.zkdeployment.cli.{name}:{name}"
    for name in (
        "agent",
        "plan",
        "check",
        "validate",
        "diff",
        "sync",
        "history",
        "show",
        "rollback",
        "stop",
        "resume",
        "locks",
        "keygen",
        "acl",
        "tree",
        "demo",
        "completion",
    )
}

_silence = logging.NullHandler()


@click.group(
    cls=LazyGroup,
    subcommands=_SUBCOMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="zc.zkdeployment", prog_name="zkdeploy")
@click.option(
    "--debug",
    is_flag=True,
    envvar="ZKDEPLOY_DEBUG",
    show_envvar=True,
    help="Show a traceback with an error.",
)
def main(debug: bool) -> None:
    """Bring every host to what a versioned tree in ZooKeeper says.

    On each host `zkdeploy agent` runs as a service; `zkdeploy plan` tells what
    it would do and `zkdeploy check` how the host is. The other commands are for
    operators, on any machine that reaches ZooKeeper.
    """
    if not debug:
        # The one line of an error says it all; the agent's log has its own handler.
        logging.getLogger("kazoo").addHandler(_silence)
