"""Whether a host is well, as a monitoring system asks.

Source: companions.md, "Health check". The messages and the order in which
things are looked at are those of the original check.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from zc.zkdeployment.model import Version

#: Bytes of a status file beyond which it is none.
LARGEST = 64 * 1024

_LONGEST_MESSAGE = 500  # characters


class State(Enum):
    """How a host is. The values are the exit statuses of monitoring plugins."""

    OK = 0
    WARNING = 1
    ERROR = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Health:
    """How a host is, and one line that says why."""

    state: State
    message: str


@dataclass(frozen=True, slots=True)
class Registered:
    """What the host's node says: the version that the host reached, ``None`` if it has none."""

    version: Version


@dataclass(frozen=True, slots=True)
class StatusFile:
    """What is at ``path``: ``content``, nothing, or something that cannot be read for ``failure``.

    Of a file that is longer than :data:`LARGEST`, ``content`` need not be all.
    """

    path: str
    content: bytes | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """All that is known of a host; ``node`` is ``None`` if it is not registered.

    ``now`` is in seconds since the epoch, as is the time in the status file.
    """

    node: Registered | None
    cluster_version: Version
    status_file: StatusFile
    now: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that one step of a deployment may take until it is worth a warning, an error."""

    warn: int
    error: int


@dataclass(frozen=True, slots=True)
class _Status:
    elapsed: int  # whole seconds
    version: str
    doing: str


def diagnose(seen: Observed, limits: Limits) -> Health:
    """Tell how a host is, in a line that is no longer than a monitoring system shows."""
    found = _diagnose(seen, limits)
    if len(found.message) <= _LONGEST_MESSAGE:
        return found
    return Health(found.state, f"{found.message[:_LONGEST_MESSAGE]}…")


def _diagnose(seen: Observed, limits: Limits) -> Health:
    if seen.node is None:
        return Health(State.ERROR, "Host not registered")
    if seen.cluster_version is None:
        return Health(State.WARNING, "Cluster version is None")
    if seen.status_file.content is None and seen.status_file.failure is None:
        return Health(State.ERROR, f"There is no status file {seen.status_file.path}")
    try:
        status = _read(seen, (seen.cluster_version, seen.node.version))
    except ValueError as error:
        why = _in_line(error)
        return Health(State.ERROR, f"Cannot read the status file {seen.status_file.path}: {why}")
    match status.doing:
        case "error":
            return Health(State.ERROR, f"Error deploying {status.version}")
        case "done":
            return _of_rest(status.version, seen.cluster_version, seen.node.version)
        case "abandoned" if seen.cluster_version is False:
            # The agent left this version and holds still: that it takes long is wanted.
            return Health(State.WARNING, f"Abandoned {status.version} (cluster: False)")
        case _:
            return _of_work(status, limits)


def _of_rest(version: str, cluster: Version, host: Version) -> Health:
    if version != _in_line(cluster):
        why = f"(status: {version}, cluster: {_in_line(cluster)})"
    elif host is None:
        return Health(State.ERROR, "No version information for host")
    elif version != _in_line(host):
        why = f"(status: {version}, zk: {_in_line(host)})"
    else:
        return Health(State.OK, version)
    return Health(State.ERROR, f"Version mismatch {why}")


def _of_work(status: _Status, limits: Limits) -> Health:
    for state, limit in ((State.ERROR, limits.error), (State.WARNING, limits.warn)):
        if status.elapsed > limit:
            why = f"({status.doing}; {status.elapsed} > {limit})"
            return Health(state, f"Too long deploying {status.version} {why}")
    return Health(State.OK, status.doing)


def _read(seen: Observed, known: tuple[Version, ...]) -> _Status:
    """Return what the status file says; raises ``ValueError`` saying why it says nothing.

    A version may hold spaces. Those in ``known`` are recognised, any other ends
    at the first space.
    """
    if seen.status_file.failure is not None:
        raise ValueError(seen.status_file.failure)
    content = seen.status_file.content or b""
    if len(content) > LARGEST:
        raise ValueError(f"it is longer than {LARGEST} bytes")
    line = _in_line(content.decode().strip())
    try:
        written, process, rest = line.split(" ", 2)
        int(process)
        elapsed = seen.now - float(written)
        prefixes = sorted((f"{_in_line(version)} " for version in known), key=len, reverse=True)
        first = next((prefix for prefix in prefixes if rest.startswith(prefix)), None)
        version, doing = (first[:-1], rest[len(first) :]) if first else rest.split(" ", 1)
        if not doing or not math.isfinite(elapsed):
            raise ValueError
    except ValueError:
        raise ValueError(
            f"expected one line 'TIME PROCESS VERSION STATUS', found {line[:100]!r}"
        ) from None
    return _Status(max(0, int(elapsed)), version, doing)


def _in_line(value: object) -> str:
    """Return ``value`` as text that is one line, as an agent writes it to its status file."""
    line = " ".join(str(value).splitlines())
    return "".join(character if character.isprintable() else " " for character in line)
