"""The environment that git gets, wherever it is used: no hook, no helper, no prompt."""

from __future__ import annotations

import os
from collections.abc import Mapping

_SETTINGS = {
    "advice.detachedHead": "false",
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "fetch.recurseSubmodules": "false",
    "gc.autoDetach": "false",
    "maintenance.autoDetach": "false",
    "protocol.ext.allow": "never",
    "safe.directory": "*",  # checkouts may belong to the user that their application runs as
    "submodule.recurse": "false",
}


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what is added to the environment of git; ``more`` settings are in force too."""
    settings = _SETTINGS | dict(more or {})
    return {
        "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": str(len(settings)),
        **{f"GIT_CONFIG_KEY_{number}": name for number, name in enumerate(settings)},
        **{f"GIT_CONFIG_VALUE_{number}": value for number, value in enumerate(settings.values())},
    }
