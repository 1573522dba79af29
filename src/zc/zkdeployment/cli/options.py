"""Options that several subcommands have, and what they lead to."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import click
from kazoo.hosts import collect_hosts
from kazoo.protocol.paths import normpath

from zc.zk import ZK
from zc.zk.links import normalize
from zc.zkdeployment.config import (
    DEFAULT_CONNECTION_STRING,
    Settings,
    settings_from_configuration,
    settings_from_files,
)

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _connection(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Return a connection string that kazoo accepts (a callback)."""
    try:
        _, root = collect_hosts(value)
        normpath(root or "/")
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is not HOST:PORT[,HOST:PORT...][/PATH]: {error}.", ctx, param
        ) from error
    return value


zookeeper_option = click.option(
    "--zookeeper",
    metavar="CONNECTION",
    callback=_connection,
    envvar="ZC_ZK_CONNECTION_STRING",
    default=DEFAULT_CONNECTION_STRING,
    show_default=True,
    show_envvar=True,
    help="Where ZooKeeper is: HOST:PORT[,HOST:PORT...][/PATH].",
)

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


def open_tree(connection: str) -> contextlib.closing[ZK]:
    """Connect to ZooKeeper, for a ``with`` statement. Raises ``FailedConnect``."""
    return contextlib.closing(ZK(connection))


def host_options(function: _Function) -> _Function:
    """Add what says which host this is: CONFIGURATION and ``--zookeeper``."""
    return click.argument("configuration", required=False, type=click.Path())(
        zookeeper_option(function)
    )


def settings_of(configuration: str | None, zookeeper: str) -> Settings:
    """Return the settings that the values of :func:`host_options` select."""
    settings = (
        settings_from_configuration(configuration, os.environ)
        if configuration
        else settings_from_files(os.environ)
    )
    return replace(settings, connection_string=zookeeper)
