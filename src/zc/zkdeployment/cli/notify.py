"""``zkdeploy notify``."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import threading

import click

from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.log_format import begin_log, log_format_option
from zc.zkdeployment.cli.options import open_tree, zookeeper_option
from zc.zkdeployment.cli.signals import on_signals
from zc.zkdeployment.courier import check_authorities
from zc.zkdeployment.notifying import Notifier
from zc.zkdeployment.settings.notify_settings import read_notify_settings
from zc.zkdeployment.watching import FleetWatch

logger = logging.getLogger(__name__)


@click.command(
    "notify",
    cls=Command,
    statuses={0: "told to stop; with --check: the configuration is good"},
    examples=(
        "zkdeploy notify /etc/zkdeploy/notify.conf",
        "zkdeploy notify --check /etc/zkdeploy/notify.conf",
    ),
)
@click.argument("configuration", type=click.Path())
@click.option("--check", is_flag=True, help="Only look whether CONFIGURATION is good.")
@log_format_option
@zookeeper_option
def notify(configuration: str, check: bool, zookeeper: str, log_format: str) -> int:
    """Tell webhooks what happens to the fleet.

    Told is what was published, that the fleet stops and why, that it goes on, errors of
    hosts, drift, what recovered, and that all hosts are done. Any number may run, with the
    same CONFIGURATION: one of them sends, and another one goes on where it ends.

    CONFIGURATION is an INI file with a section [webhook NAME] for each receiver: `url`,
    `form` (json or slack), `secret`, a file with what messages are signed with, and if
    wanted `events`, `timeout` and `ca-file`. A section [notify] may give the `fleet` a name.

    The log goes to standard error. SIGTERM and SIGINT end it.
    """
    settings = read_notify_settings(configuration, os.environ)
    check_authorities(settings)
    if check:
        return 0
    begin_log(log_format, "%(asctime)s %(levelname)s %(message)s")
    ends: queue.SimpleQueue[int] = queue.SimpleQueue()
    threading.excepthook = lambda ended: _thread_died(ended, ends)
    with (
        open_tree(zookeeper, wait=True) as zk,
        contextlib.closing(FleetWatch(zk)) as watch,
        contextlib.closing(Notifier(zk, watch, settings)) as notifier,
    ):
        on_signals(dict.fromkeys((signal.SIGTERM, signal.SIGINT), lambda: ends.put(0)))
        notifier.start()
        return ends.get()


def _thread_died(ended: threading.ExceptHookArgs, ends: queue.SimpleQueue[int]) -> None:
    """End the process if one of its threads does: one that looks alive would tell nobody."""
    name = ended.thread.name if ended.thread else "unknown"
    logger.critical("The thread %r cannot go on: %r", name, ended.exc_value)
    ends.put(1)
