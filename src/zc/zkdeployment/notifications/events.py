"""What happens to a fleet that people want to be told of, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from zc.zkdeployment import lines
from zc.zkdeployment.model import Version

#: Hosts that an event names; it counts all.
MOST_NAMED = 10

#: Characters of what an event says of one host, and of a reason.
LONGEST = 300

#: Characters of a name or a version.
LONGEST_NAME = 100


class Kind(Enum):
    """What an event is about."""

    MISSED = "missed"
    PUBLISHED = "published"
    VERSION_SET = "version-set"
    RESUMED = "resumed"
    STOPPED = "stopped"
    ERROR = "error"
    DRIFT = "drift"
    RECOVERED = "recovered"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class About:
    """A host that an event is about, and what it says of it."""

    host: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, at the moment ``at`` (ISO 8601, UTC), as it was noticed.

    ``version`` is the one that hosts are to reach. ``reason`` and ``by`` are what is known of
    why and who. ``hosts`` are the first of those that it is about, ``count`` is how many
    there are. ``happened`` is when it was done, as far as somebody noted that; ``late`` says
    that nobody looked then, so that it is told after a while.
    """

    kind: Kind
    at: str
    version: Version
    reason: str | None = None
    by: str | None = None
    hosts: tuple[About, ...] = ()
    count: int = 0
    happened: str | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of a fleet, and is not told again.

    ``index`` is how often ``/hosts`` had been set, ``serial`` that of the last publication,
    ``version`` the cluster version, ``done`` whether it was told that all reached it.
    ``failing`` and ``drifted`` have, by a digest of the host, one of what was told; an empty
    one stands for an error that is gone, of a host that did not reach the version yet.
    """

    index: int
    serial: int | None
    version: Version
    done: bool
    failing: Mapping[str, str] = field(default_factory=dict)
    drifted: Mapping[str, str] = field(default_factory=dict)


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return a text of ZooKeeper's in one line, bounded, with nothing in it that is no text."""
    return lines.one_line(text, longest)
