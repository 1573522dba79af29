"""The environment of the programs that an agent starts."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What concerns the agent and nobody that it starts: how it was configured, what systemd
# told it, how its Python was started. It is left out, and not all else, because hosts
# set what their scripts need (a proxy, a locale) where they start the agent.
_of_the_agent = re.compile(
    r"""
    _?ZKDEPLOY_.*
    | PYTHON.* | VIRTUAL_ENV(_PROMPT)?
    | NOTIFY_SOCKET | (WATCHDOG|LISTEN|MONITOR|TRIGGER)_.* | FDSTORE
    | INVOCATION_ID | JOURNAL_STREAM | SYSTEMD_EXEC_PID | MAINPID | MANAGERPID | PIDFILE
    | CREDENTIALS_DIRECTORY | MEMORY_PRESSURE_(WATCH|WRITE)
    | (RUNTIME|STATE|CACHE|LOGS|CONFIGURATION)_DIRECTORY
    """,
    re.VERBOSE,
).fullmatch


def script_environment(environ: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """Return what a program gets: the agent's environment without what is its own, and ``added``.

    docs/operating.md, "What a script finds".
    """
    inherited = {name: value for name, value in environ.items() if not _of_the_agent(name)}
    return {**inherited, **added}


def script_home(environ: Mapping[str, str], uid: int) -> str:
    """Return the ``HOME`` that scripts get.

    Root's is ``/root`` whatever the agent was started with; another user
    keeps what there is (companions.md, "Other behaviour worth keeping").
    """
    return "/root" if uid == 0 else environ.get("HOME", "/")
