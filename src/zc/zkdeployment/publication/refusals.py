"""What a publisher was refused last, for whoever asks why the fleet has no newer version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from zc.zkdeployment.model import Version

LONGEST = 1000  # characters of a reason

_LONGEST_NAME = 200  # characters of who it was and what was to be published


@dataclass(frozen=True, slots=True)
class Refusal:
    """``by`` wanted to publish ``version``, ``None`` if not known yet; why it was not done.

    ``at`` is when it was refused, ISO 8601, UTC. ``index`` is how often ``/hosts`` had been
    set then: what was refused before the fleet moved may be allowed since.
    """

    by: str
    at: str
    version: Version
    reason: str
    index: int


def encode_refusal(refusal: Refusal) -> dict[str, Any]:
    """Return a refusal as a node holds it, bounded."""
    version = refusal.version
    if isinstance(version, str):
        version = version[:_LONGEST_NAME]
    short = {"by": refusal.by[:_LONGEST_NAME], "reason": refusal.reason[:LONGEST]}
    return {**asdict(refusal), **short, "version": version}


def decode_refusal(properties: Mapping[str, Any]) -> Refusal | None:
    """Return the refusal that a node holds, ``None`` if it holds none."""
    match properties:
        case {
            "by": str(by),
            "at": str(at),
            "version": None | bool() | int() | float() | str() as version,
            "reason": str(reason),
            "index": int(index),
        }:
            return Refusal(by, at, version, reason[:LONGEST], index)
    return None
