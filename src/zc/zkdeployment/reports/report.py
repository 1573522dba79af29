"""What an agent tells of itself, for people and programs that look at the fleet.

It is the property ``report`` of the host node, a dict that :func:`encode_report` makes.
The other properties of the node, which agent.txt shows, stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from zc.zkdeployment.model import Version
from zc.zkdeployment.reports.installed_software import (
    SoftwareSeen,
    decode_software,
    encode_software,
)

#: The version of the form. A reader takes what it knows of a later one.
FORMAT = 1

#: Bytes that a report has at most, as JSON.
LARGEST = 16 * 1024

MOST_RESULTS = 20
MOST_LINES = 20
LONGEST_LINE = 200
LONGEST_MESSAGE = 1000


class Activity(Enum):
    """What an agent does."""

    IDLE = "idle"
    DEPLOYING = "deploying"
    WAITING = "waiting"
    FAILED = "failed"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Result:
    """How a step ended, after how many seconds, at which moment (ISO 8601, UTC)."""

    step: str
    ok: bool
    seconds: float
    at: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The step that failed, why, when, and the last lines that its program printed."""

    step: str
    message: str
    at: str
    output: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """What the last verification found: when it was made, and what differs.

    ``repaired`` is what was repaired, at ``repaired_at``, since the version was reached and
    nothing was found any more. ``found`` and ``repaired`` are sentences for people.
    ``unrepaired`` is why the last repair of what was found failed.
    """

    checked: str
    found: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()
    repaired_at: str | None = None
    unrepaired: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What an agent does, about which version, in which step, since when (ISO 8601, UTC).

    ``began`` is when the deployment began, ``seconds`` how long it took once it ended.
    ``waits_for`` is the node, or the lock node of a role, whose lock it waits for. ``output``
    are the last lines of the program that runs now. ``results`` are the last ones of the
    deployment, the newest last. ``software`` is what the host had when that was looked at last.
    """

    activity: Activity
    version: Version = None
    step: str | None = None
    since: str | None = None
    began: str | None = None
    seconds: float | None = None
    waits_for: str | None = None
    output: tuple[str, ...] = ()
    results: tuple[Result, ...] = ()
    failure: Failure | None = None
    drift: Drift | None = None
    software: SoftwareSeen | None = None


def encode_report(report: Report) -> dict[str, Any]:
    """Return a report as a node holds it: bounded, and without what is not known.

    Where it would be larger than :data:`LARGEST`, the oldest lines and results are left out,
    and the last of the software.
    """
    whole: dict[str, Any] = {
        "format": FORMAT,
        "activity": report.activity.value,
        "version": _version(report.version),
        "step": _short(report.step),
        "since": report.since,
        "began": report.began,
        "seconds": report.seconds,
        "waits_for": _text(report.waits_for),
        "output": _last(report.output),
        "results": [
            {"step": _short(each.step), "ok": each.ok, "seconds": each.seconds, "at": each.at}
            for each in report.results[-MOST_RESULTS:]
        ],
        "failure": report.failure and _encode_failure(report.failure),
        "drift": report.drift and _encode_drift(report.drift),
        "software": report.software and encode_software(report.software),
    }
    return _bounded(_known(whole))


def _known(whole: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in whole.items() if value not in (None, [])}


def _bounded(whole: dict[str, Any]) -> dict[str, Any]:
    """Return a report with as few of its oldest lines and results left out as can be."""
    while len(json.dumps(whole)) > LARGEST:
        parts = [whole, *(part for part in whole.values() if isinstance(part, dict))]
        places = [(part, key) for part in parts for key in part if _can_be_cut(key, part[key])]
        part, key = max(places, key=lambda place: len(json.dumps(place[0][place[1]])))
        value = part[key]
        less = 1 + len(value) // 4
        from_its_end = isinstance(value, str) or key == "installed"
        part[key] = value[:-less] if from_its_end else value[less:]
    return whole


def _can_be_cut(key: str, value: Any) -> bool:
    return bool(value) and (isinstance(value, list) or key in ("message", "step", "waits_for"))


def _encode_failure(failure: Failure) -> dict[str, Any]:
    return {
        "step": _short(failure.step),
        "message": failure.message[:LONGEST_MESSAGE],
        "at": failure.at,
        "output": _last(failure.output),
    }


def _encode_drift(drift: Drift) -> dict[str, Any]:
    return _known(
        {
            "checked": drift.checked,
            "found": _last(drift.found),
            "repaired": _last(drift.repaired),
            "repaired_at": drift.repaired_at,
            "unrepaired": _text(drift.unrepaired),
        }
    )


def decode_report(value: Any) -> Report | None:
    """Return the report that a node holds, as far as it makes sense; ``None`` if it is none."""
    if not isinstance(value, Mapping):
        return None
    try:
        activity = Activity(value.get("activity"))
    except ValueError:
        return None
    return Report(
        activity,
        _version(value.get("version")),
        _text(value.get("step")),
        _text(value.get("since")),
        _text(value.get("began")),
        _number(value.get("seconds")),
        _text(value.get("waits_for")),
        _lines(value.get("output")),
        tuple(_results(value.get("results"))),
        _failure(value.get("failure")),
        _drift(value.get("drift")),
        decode_software(value.get("software")),
    )


def _results(value: Any) -> Iterable[Result]:
    for each in _dicts(value)[-MOST_RESULTS:]:
        step, at, seconds = (each.get(name) for name in ("step", "at", "seconds"))
        yield Result(
            _text(step) or "", each.get("ok") is True, _number(seconds) or 0.0, _text(at) or ""
        )


def _failure(value: Any) -> Failure | None:
    if not isinstance(value, Mapping):
        return None
    step, message, at = (_text(value.get(name)) or "" for name in ("step", "message", "at"))
    return Failure(step, message, at, _lines(value.get("output")))


def _drift(value: Any) -> Drift | None:
    if not isinstance(value, Mapping):
        return None
    found, repaired = (_lines(value.get(name)) for name in ("found", "repaired"))
    names = ("checked", "repaired_at", "unrepaired")
    checked, repaired_at, unrepaired = (_text(value.get(name)) for name in names)
    return Drift(checked or "", found, repaired, repaired_at, unrepaired)


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _lines(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(_last([each for each in value if isinstance(each, str)]))


def _version(value: Any) -> Version:
    if isinstance(value, str):
        return value[:LONGEST_MESSAGE]
    return value if isinstance(value, int | float) else None


def _text(value: Any) -> str | None:
    return value[:LONGEST_MESSAGE] if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        return float(value) if is_number else None
    except OverflowError:  # a whole number may have any length
        return None


def _last(lines: Iterable[str]) -> list[str]:
    return [line[:LONGEST_LINE] for line in lines][-MOST_LINES:]


def _short(text: str | None) -> str | None:
    return text if text is None else text[:LONGEST_LINE]
