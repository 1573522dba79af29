"""``zkdeploy web``."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import re
import signal
import threading
from pathlib import Path

import click

from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.log_format import begin_log, log_format_option
from zc.zkdeployment.cli.options import open_tree, zookeeper_option
from zc.zkdeployment.cli.signals import on_signals
from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.notifying import Notifier
from zc.zkdeployment.settings.notify_settings import read_notify_settings
from zc.zkdeployment.watching import FleetWatch

logger = logging.getLogger(__name__)

_LOOPBACK = ("localhost", "127.0.0.1", "::1")

_address = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]*)):(\d{1,5})").fullmatch
_host_name = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?").fullmatch


def _listen(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, int]:
    """Return host and port (a callback)."""
    match = _address(value)
    if not match or int(match[3]) > 65535:
        raise click.BadParameter(f"{value!r:.200} is not HOST:PORT.", ctx, param)
    return match[1] or match[2] or "", int(match[3])


def _names(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not _host_name(value):
            raise click.BadParameter(f"{value!r:.200} is not the name of a host.", ctx, param)
    return values


@click.command(
    "web",
    cls=Command,
    statuses={0: "told to end", 1: "an error", 2: "wrong usage"},
    examples=(
        "zkdeploy web",
        "zkdeploy web --token-file /etc/zkdeploy/web-tokens",
        "zkdeploy web --listen 127.0.0.1:9000 --host-name fleet.example.com",
    ),
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    callback=_listen,
    default="127.0.0.1:8000",
    show_default=True,
    help="Where browsers are served, without TLS: leave that to a proxy.",
)
@click.option(
    "--host-name",
    "host_names",
    metavar="NAME",
    callback=_names,
    multiple=True,
    help="A further name under which browsers ask for it, that of a proxy, say. May be repeated.",
)
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Let who has a token of this file steer the fleet; without it nobody can.",
)
@click.option(
    "--notify",
    type=click.Path(),
    metavar="CONFIGURATION",
    help="Tell webhooks what happens, too, as `notify CONFIGURATION` does.",
)
@log_format_option
@zookeeper_option
def web(
    listen: tuple[str, int],
    host_names: tuple[str, ...],
    token_file: Path | None,
    notify: str | None,
    log_format: str,
    zookeeper: str,
) -> int:
    """Show the fleet in a browser, live.

    Whoever reaches the address can look: progress, hosts and why they are not done, the
    tree and its drift, locks, and what was published. To stop the fleet, to resume it and
    to roll back takes a token.

    FILE has a line `NAME TOKEN` for each operator, and is for its owner alone. To make one:
    `(umask 077; echo "ann $(openssl rand -hex 32)" >> FILE)`. What an operator does is
    remembered as done by `NAME (web)`.

    At `/metrics` Prometheus finds the metrics of the fleet, and `/healthz` answers with
    status 200 while ZooKeeper does, else 503. SIGTERM and SIGINT end it.
    """
    try:
        from zc.zkdeployment.web import server, tokens
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    operators = tokens.read_tokens(token_file, os.environ) if token_file else tokens.Tokens()
    settings = read_notify_settings(notify, os.environ) if notify else None
    begin_log(log_format, "%(asctime)s %(name)s %(levelname)s %(message)s")
    host, port = listen
    try:
        listener = server.listen(host, port)
    except OSError as error:
        raise BadConfiguration(f"--listen {host}:{port}: {error.strerror or error}") from error
    ends = _Ends()
    with contextlib.closing(listener), contextlib.ExitStack() as stack:
        zk = stack.enter_context(open_tree(zookeeper, wait=True))
        watch = stack.enter_context(contextlib.closing(FleetWatch(zk)))
        if settings:
            stack.enter_context(contextlib.closing(Notifier(zk, watch, settings))).start()
        names = (*_LOOPBACK, *([host] if host else []), *host_names)
        running = server.WebServer(zk, watch, listener, operators, names, lambda: ends.put(1))
        stack.enter_context(running)
        shown = f"[{host}]" if ":" in host else host or "localhost"
        logger.info("The fleet is at http://%s:%s/", shown, running.port)
        return ends.get()


class _Ends:
    """Why the process ends, as exit statuses: it is told to, or a part of it cannot go on."""

    def __init__(self) -> None:
        self._statuses: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._waiting = False
        on_signals(dict.fromkeys((signal.SIGTERM, signal.SIGINT), self._told))
        threading.excepthook = self._thread_died

    def put(self, status: int) -> None:
        """End the process."""
        self._statuses.put(status)

    def get(self) -> int:
        """Return the status once the process is to end."""
        self._waiting = True
        status = self._statuses.get()
        logger.info("Ending")
        return status

    def _told(self) -> None:
        if not self._waiting:
            os._exit(0)  # it still waits for ZooKeeper, and nothing has begun
        self.put(0)

    def _thread_died(self, ended: threading.ExceptHookArgs) -> None:
        """End where a thread, kazoo's too, does: a page that looks alive would show old news."""
        name = ended.thread.name if ended.thread else "unknown"
        logger.critical("The thread %r cannot go on: %r", name, ended.exc_value)
        self.put(1)


def _missing(error: ModuleNotFoundError) -> Exception:
    """Return what to say where what only the extra ``web`` installs is not there."""
    if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn", "anyio"):
        return error
    return BadConfiguration(
        f"the dashboard needs {error.name}: install it with pip install 'zc.zkdeployment[web]'"
    )
