"""Moments as they are published: ISO 8601, in UTC, to the second."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))  # seconds
_FORM = "%Y-%m-%dT%H:%M:%SZ"


def text_of(moment: datetime) -> str:
    """Return the text of a moment, which knows its zone."""
    return moment.astimezone(UTC).strftime(_FORM)


def moment_of(text: str) -> datetime:
    """Return the moment that :func:`text_of` wrote; raises :exc:`ValueError`."""
    return datetime.strptime(text, _FORM).replace(tzinfo=UTC)


def seconds_between(since: str | None, until: str | None) -> float | None:
    """Return the seconds between two moments, 0 at least; ``None`` where one makes no sense."""
    try:
        passed = moment_of(until or "") - moment_of(since or "")
    except ValueError:
        return None
    return max(0.0, passed.total_seconds())


def seconds_of(text: str | None) -> float | None:
    """Return a moment as seconds since 1970; ``None`` where it makes no sense."""
    try:
        return moment_of(text or "").timestamp()
    except ValueError:
        return None


def in_units(seconds: float | None) -> str:
    """Return a time in the largest unit of which it has one, "?" for one that is not known."""
    if seconds is None:
        return "?"
    unit, size = next(unit for unit in _UNITS if seconds >= unit[1] or unit[1] == 1)
    return f"{int(seconds // size)} {unit}"
