"""Checks of single settings of an agent: text in, what it stands for out.

All raise :exc:`~zc.zkdeployment.errors.BadConfiguration`, which names the setting.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.settings.setting_files import absolute_path
from zc.zkdeployment.tree.timeouts import EXPECTED_TIMEOUT, LONGEST_TIMEOUT, is_timeout

PACKAGE_MANAGERS = ("yum", "dnf", "apt", "auto")

# What ZooKeeper refuses in a node's name, white space, and what would be a path.
_node_name = re.compile(r"[^\s/\x00-\x1f\x7f-\x9f\ud800-\uf8ff\ufff0-\uffff]{1,200}").fullmatch


def node_name(setting: str, value: str) -> str:
    """Return what can be the name of a node."""
    if value in (".", "..") or not _node_name(value):
        raise BadConfiguration(
            f"{setting}: {value!r:.200} cannot be the name of a node: expected at most 200"
            " characters, no white space, no control characters and no slash"
        )
    return value


def public_keys(value: str, root: str) -> tuple[str, ...]:
    """Return the absolute paths of the files of keys, below ``root``."""
    paths = tuple(absolute_path("public-keys", path, root) for path in value.split())
    if not paths:
        # To take it for no setting would be to trust whatever is published.
        raise BadConfiguration("public-keys: no file is named; name one or remove the setting")
    return paths


def command(setting: str, value: str) -> tuple[str, ...]:
    """Return a list of arguments, empty for no command."""
    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        raise BadConfiguration(f"{setting}: {value!r:.200} is no command line: {error}") from error


def seconds(setting: str, value: str) -> float:
    """Return the seconds that a program may take."""
    number = _number(value)
    if not is_timeout(number):
        raise BadConfiguration(f"{setting}: expected {EXPECTED_TIMEOUT}, not {value!r:.200}")
    return number


def interval(setting: str, value: str) -> float:
    """Return the seconds between two times that something is done; 0 for never."""
    number = _number(value)
    if number is None or not 0 <= number <= LONGEST_TIMEOUT:
        expected = f"0 for never, or a number of seconds, at most {LONGEST_TIMEOUT:.0f}"
        raise BadConfiguration(f"{setting}: expected {expected}, not {value!r:.200}")
    return number


def one_of(setting: str, value: str | None, known: Sequence[str]) -> str | None:
    """Return one of the words that are known; ``None`` where nothing is set."""
    if value and value not in known:
        expected = " or ".join((", ".join(known[:-1]), known[-1]))
        raise BadConfiguration(f"{setting}: expected {expected}, not {value!r:.200}")
    return value or None


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
