"""How the log of a service is written: an option of all of them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping

import click

from zc.zkdeployment.service import LOG_FORMATS, log_handler

log_format_option = click.option(
    "--log-format",
    type=click.Choice(LOG_FORMATS),
    default="auto",
    show_default=True,
    help="`plain` writes lines to standard error, `journal` sends entries with fields to the"
    " journal of systemd; `auto` is `journal` where standard error goes there.",
)


def begin_log(log_format: str, plain: str, fields: Callable[[], Mapping[str, str]] = dict) -> None:
    """Write the log; ``plain`` lays out lines, ``fields`` says what each entry gets besides."""
    handler = log_handler(log_format, os.environ, fields, plain=plain)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
