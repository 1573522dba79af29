"""Options that several subcommands have, and what they lead to."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from zc.zk import ZK
from zc.zk.links import normalize
from zc.zk.progress import Observer
from zc.zkdeployment.cli.progress import progress_shown
from zc.zkdeployment.connection import connect
from zc.zkdeployment.settings.config import (
    CONFIGURATION_VARIABLE,
    DEFAULT_CONNECTION_STRING,
    Settings,
    settings_from_configuration,
    settings_from_files,
    settings_of_operator,
)
from zc.zkdeployment.settings.zookeeper_settings import ZooKeeperSettings, check_servers

_CONFIGURATION = "zookeeper_config"

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _connection(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Return a connection string that kazoo accepts (a callback)."""
    try:
        check_servers(value)
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is not HOST:PORT[,HOST:PORT...][/PATH]: {error}.", ctx, param
        ) from error
    return value


_servers_option = click.option(
    "--zookeeper",
    metavar="CONNECTION",
    callback=_connection,
    envvar="ZC_ZK_CONNECTION_STRING",
    default=DEFAULT_CONNECTION_STRING,
    show_default=True,
    show_envvar=True,
    help="Where ZooKeeper is: HOST:PORT[,HOST:PORT...][/PATH].",
)

_configuration_option = click.option(
    "--zookeeper-config",
    _CONFIGURATION,
    metavar="FILE",
    type=click.Path(readable=False),  # for the Tab key
    envvar=CONFIGURATION_VARIABLE,
    show_envvar=True,
    expose_value=False,
    callback=lambda ctx, _, value: ctx.meta.update({_CONFIGURATION: value}),
    help="How to talk to ZooKeeper, and where it is without --zookeeper: an INI file with a"
    " section [zookeeper].",
)


def zookeeper_option(function: _Function) -> _Function:
    """Add what says where ZooKeeper is, for :func:`open_tree`, and how to talk to it."""
    return _servers_option(_configuration_option(function))


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document instead of text."
)


def node_path(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Return the absolute path of a node in the form that ZooKeeper wants (a callback)."""
    if not value.startswith("/"):
        raise click.BadParameter(
            f"{value!r} is not the path of a node; it starts with a slash.", ctx, param
        )
    return normalize(value)


def zookeeper_settings(connection: str) -> ZooKeeperSettings:
    """Return where ZooKeeper is, and how to talk to it.

    ``connection`` is the value of ``--zookeeper``. It was given on the command line, or a
    file that says another place counts: what is secret there is meant for that place.
    """
    settings = settings_of_operator(_environ())
    if _given() or not settings.servers:
        return replace(settings, servers=connection)
    return settings


def connect_to(connection: str, *, wait: bool = False, observer: Observer | None = None) -> ZK:
    """Connect to ZooKeeper; raises ``FailedConnect`` and ``BadConfiguration``.

    ``observer`` is told how far work on many nodes has got.
    """
    zk = connect(zookeeper_settings(connection), wait=wait)
    zk.bulk.observer = observer
    return zk


@contextlib.contextmanager
def open_tree(connection: str, *, wait: bool = False) -> Iterator[ZK]:
    """Connect to ZooKeeper, for a ``with`` statement: see :func:`connect_to`.

    What takes long is shown, except with ``wait``, to a service: that has a log.
    """
    with (
        progress_shown(quiet=wait) as observer,
        contextlib.closing(connect_to(connection, wait=wait, observer=observer)) as zk,
    ):
        yield zk


@contextlib.contextmanager
def connect_with(settings: ZooKeeperSettings, *, check_credentials: bool = True) -> Iterator[ZK]:
    """Connect to ZooKeeper as settings say, for a ``with`` statement; what takes long is shown."""
    with (
        progress_shown() as observer,
        contextlib.closing(connect(settings, check_credentials=check_credentials)) as zk,
    ):
        zk.bulk.observer = observer
        yield zk


def host_options(function: _Function) -> _Function:
    """Add what says which host this is: CONFIGURATION and ``--zookeeper``."""
    return click.argument("configuration", required=False, type=click.Path())(
        zookeeper_option(function)
    )


def settings_of(configuration: str | None, zookeeper: str) -> Settings:
    """Return the settings that the values of :func:`host_options` select."""
    environ = _environ()
    settings = (
        settings_from_configuration(configuration, environ)
        if configuration
        else settings_from_files(environ)
    )
    return replace(settings, connection_string=zookeeper) if _given() else settings


def _given() -> bool:
    """Tell whether the command line says where ZooKeeper is."""
    source = click.get_current_context().get_parameter_source("zookeeper")
    return source is ParameterSource.COMMANDLINE


def _environ() -> Mapping[str, str]:
    """Return the environment as the command line has it."""
    return {
        **os.environ,
        CONFIGURATION_VARIABLE: click.get_current_context().meta[_CONFIGURATION] or "",
    }
