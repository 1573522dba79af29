"""What a person can do, as steps of an explanation; a command ends the step, after a colon."""

from __future__ import annotations

import json
import shlex

from zc.zkdeployment.model import Version
from zc.zkdeployment.revisions.versions import can_be_published
from zc.zkdeployment.views.overview import Overview

_LONGEST = 200  # characters of a name that is quoted
_SECOND = 2  # the serial of the first publication before which there was another one


def literal(version: Version) -> str:
    """Return a version as a command takes it."""
    if isinstance(version, str):
        return shlex.quote(json.dumps(version[:_LONGEST]))
    return shlex.quote(f"{version!r:.{_LONGEST}}")


def publish(why: str, *options: str) -> str:
    """Return the step of publishing what version control holds."""
    return f"{why}: " + " ".join(("zkdeploy sync", *options, "SOURCE"))


def go_back(overview: Overview, *, sign: bool = False) -> tuple[str, ...]:
    """Return the step of publishing an earlier revision again, if there is any; or none.

    ``sign`` where hosts believe signed revisions only.
    """
    if overview.newest is None or overview.newest.serial < _SECOND:
        return ()
    options = " --sign KEY" if sign else ""
    return (f"or go back to the last good revision: zkdeploy rollback --reason TEXT{options}",)


def resume(why: str, version: Version = None) -> str:
    """Return the step of letting a stopped fleet go on, with a version where that is needed."""
    return f"{why}: zkdeploy resume" + ("" if version is None else f" {literal(version)}")


def try_again(goal: Version) -> tuple[str, ...]:
    """Return the step of letting hosts try a version again that failed."""
    step = "or, once the cause is mended on the host, try again"
    return (resume(step, goal),) if can_be_published(goal) else ()


def set_version(why: str, goal: Version) -> str:
    """Return the step of setting the cluster version of a fleet that is not stopped."""
    version = goal if can_be_published(goal) else "VERSION"
    value = json.dumps(version) if can_be_published(goal) else version
    return f"{why}: zkdeploy tree set /hosts {shlex.quote(f'version={value}')}"


def stop(why: str = "to stop all hosts after their present step") -> str:
    """Return the step of stopping the fleet."""
    return f"{why}: zkdeploy stop --reason TEXT"


def break_lock(why: str, path: str, host: str | None = None) -> str:
    """Return the step of taking a lock away; with ``host`` from that one of several holders."""
    whose = f" --host {shlex.quote(host)}" if host else ""
    return f"{why}: zkdeploy locks break {shlex.quote(path)} --reason TEXT{whose}"


def start_agent(name: str) -> str:
    """Return the step of starting an agent."""
    return (
        f"look at {name}, and start its agent there, by 'systemctl start zkdeployment-agent'"
        " where it is a service, or: zkdeploy agent [CONFIGURATION]"
    )


def check_host(name: str) -> str:
    """Return the step of asking a host how it is."""
    return f"look at it on {name}: zkdeploy check [CONFIGURATION]"


def verify_host(name: str) -> str:
    """Return the step of asking a host what it has not any more as it was deployed."""
    return f"see all of it on {name}, and find out who changed it: zkdeploy verify [CONFIGURATION]"
