"""``zkdeploy agent``."""

from __future__ import annotations

import logging
import os
import queue
import signal
import threading
from dataclasses import replace

import click

from zc.zkdeployment.agent import Agent
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.log_format import begin_log, log_format_option
from zc.zkdeployment.cli.options import host_options, settings_of
from zc.zkdeployment.cli.signals import on_signals
from zc.zkdeployment.service import Service
from zc.zkdeployment.settings.config import Settings, check_zookeeper_address

logger = logging.getLogger(__name__)

_PLAIN = "%(asctime)s %(name)s %(levelname)s %(message)s"


@click.command(
    "agent",
    cls=Command,
    statuses={
        0: "told to stop; with --run-once: deployed, or there was nothing to do",
        1: "an error; with --run-once: the deployment failed",
        2: "wrong usage, or a required setting is missing",
    },
    examples=(
        "zkdeploy agent /etc/zkdeployment/agent.conf",
        "zkdeploy agent --run-once --verbose",
        "ZC_ZK_CONNECTION_STRING=zk1:2181,zk2:2181 zkdeploy agent",
    ),
)
@host_options
@click.option("-v", "--verbose", is_flag=True, help="Log what successful commands print, too.")
@click.option(
    "-1",
    "--run-once",
    is_flag=True,
    help="Deploy once if there is something to deploy, then exit: 1 if that failed.",
)
@click.option(
    "-z",
    "--assert-zookeeper-address",
    metavar="ADDRESS",
    help="Refuse to run unless the name zookeeper resolves to ADDRESS.",
)
@log_format_option
def agent(
    configuration: str | None,
    zookeeper: str,
    verbose: bool,
    run_once: bool,
    assert_zookeeper_address: str | None,
    log_format: str,
) -> int:
    """Run this host's agent, which does what the tree says.

    It deploys whenever the cluster version changes, until it is told to stop.

    CONFIGURATION is an INI file with a section [zkdeployment]: `host-id` and
    `run-directory`, and if wanted `role`, `after`, a command to run after a
    deployment, and `timeout`, how many seconds a program may take where the tree does
    not say: 3600. `verify-interval` says after how many seconds the agent looks again
    whether what it deployed is still there, 3600 or 0 for never; `drift = repair` that it
    deploys again what is not; `reports = no` that its host node does not say what it does.
    `package-manager` is yum, dnf, apt or auto. With `public-keys`, files, only what is
    signed is deployed. `metrics-port`, at `metrics-listen`, and `metrics-file` are for
    Prometheus. A value may be a file:///PATH or http(s) URL to read it from.
    A section [zookeeper] says where ZooKeeper is and how to talk to it.
    Without a file the host identifier is the first line of /etc/zmh/pxemac, the
    role is in /etc/zim/role and the run directory is /etc/zim.

    The log goes to standard error, or to the journal of systemd, where entries have the
    fields ZKDEPLOY_VERSION, ZKDEPLOY_STEP and ZKDEPLOY_NODE. systemd is told when the agent
    is ready, what it does, and that it gets on. SIGTERM and SIGINT let the step that runs now
    be the last one; a second one ends its script as well. The next agent goes on there.
    """
    settings = settings_of(configuration, zookeeper)
    settings = replace(settings, reports=settings.reports is not False)
    if assert_zookeeper_address:
        check_zookeeper_address(assert_zookeeper_address)
    service = Service.of(os.environ)
    begin_log(log_format, _PLAIN, service.fields)
    if run_once:
        return int(Agent(verbose, run_once=True, settings=settings, told=service.doing).failing)
    return _serve(verbose, settings, service)


def _serve(verbose: bool, settings: Settings, service: Service) -> int:
    """Run an agent until a signal comes or it cannot go on."""
    ends: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    on_signals({number: lambda: ends.put(None) for number in (signal.SIGTERM, signal.SIGINT)})
    threading.excepthook = lambda ended: _thread_died(ended, ends)
    running = Agent(verbose, settings=settings, told=service.doing)
    threading.Thread(target=lambda: ends.put(running.run()), name="run", daemon=True).start()
    service.begin(running.signs)
    status = ends.get()
    service.end()
    closing = threading.Thread(target=running.close, args=(None,), name="close", daemon=True)
    if status is None:
        logger.info("Told to end: this step is the last one; if told again, its script ends, too")
    closing.start()
    while status is None:
        status = ends.get()
        if status is None:
            running.end()
    closing.join()
    service.close()
    return status


def _thread_died(ended: threading.ExceptHookArgs, ends: queue.SimpleQueue[int | None]) -> None:
    """End the process if one of its threads, kazoo's too, ends with an exception.

    Nobody would do its work: a process that looks alive is not started again.
    """
    name = ended.thread.name if ended.thread else "unknown"
    logger.critical("The thread %r cannot go on: %r", name, ended.exc_value)
    ends.put(1)
