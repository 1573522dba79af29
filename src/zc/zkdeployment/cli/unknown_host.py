"""What people are told who ask for a host that is not there, or not only one."""

from __future__ import annotations

from zc.zkdeployment.explanations.explanation import listed, name_of
from zc.zkdeployment.lines import one_line
from zc.zkdeployment.views.overview import Overview

_LONGEST = 100  # characters of what was asked for


def unknown_host(overview: Overview, name: str) -> str:
    """Return why no one host is meant by ``name``, and what to ask for instead."""
    shown = one_line(name, _LONGEST) or "''"
    called = [host.identity for host in overview.hosts if host.identity.host_name == name]
    if called:
        identifiers = listed([identity.host_identifier for identity in called])
        return f"{len(called)} hosts are called {shown}: give an identifier, {identifiers}"
    role = [host.identity for host in overview.hosts if host.identity.role == name]
    if role:
        count = f"{len(role)} hosts" if len(role) > 1 else "a host"
        hosts = listed([name_of(identity) for identity in role])
        return f"{shown} is the role of {count}: give one, {hosts}"
    return (
        f"nothing is known of {shown}: no registered host has that identifier or name, and the"
        " published tree does not name it; 'zkdeploy status --all' lists hosts"
    )
