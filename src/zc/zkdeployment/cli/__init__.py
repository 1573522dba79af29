"""The command line, ``zkdeploy``: one module per subcommand, imported when it is used."""

from __future__ import annotations

import logging

import click

from zc.zkdeployment.cli.lazy import LazyGroup, Subcommand

_SUMMARIES = {
    "agent": "Run this host's agent, which does what the tree says.",
    "plan": "Tell what this host would do now, or all of them, without doing it.",
    "verify": "Tell whether what was deployed on this host is still there.",
    "check": "Tell a monitoring system in one line how this host is.",
    "validate": "Check tree files, without ZooKeeper.",
    "diff": "Tell which deployments change from tree A to tree B, by target.",
    "status": "Tell how far the fleet is, and how each host is, problems first.",
    "why": "Tell why the fleet is not done, and what a person can do.",
    "sync": "Publish what version control holds to the fleet.",
    "rollout": "Publish, or resume, and follow until every host is done.",
    "history": "Tell what was published when, by whom, and what it changed; newest first.",
    "show": "Tell all about a published revision: where it is from and what it changed.",
    "rollback": "Publish a revision again that is kept; no version control is needed.",
    "stop": "Stop all deployments of the fleet.",
    "resume": "Let a stopped fleet go on.",
    "locks": "Tell who holds locks and who waits for them, and break locks.",
    "web": "Show the fleet in a browser, live.",
    "notify": "Tell webhooks what happens to the fleet.",
    "keygen": "Make a key to sign with what is published.",
    "acl": "Say who may do what with the nodes in ZooKeeper.",
    "tree": "Read, compare and change the tree in ZooKeeper.",
    "schema": "Print the JSON schema of what a command prints with --json.",
    "demo": "Show a fleet of three hosts on this machine.",
    "completion": "Print a script for the Tab key to complete commands.",
}
_SUBCOMMANDS = {
    name: Subcommand(f"zc.zkdeployment.cli.{name}:{name}", summary)
    for name, summary in _SUMMARIES.items()
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
