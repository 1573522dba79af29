"""Moments as they are published: ISO 8601, in UTC, to the second."""

from __future__ import annotations

from datetime import UTC, datetime

_FORM = "%Y-%m-%dT%H:%M:%SZ"


def text_of(moment: datetime) -> str:
    """Return the text of a moment, which knows its zone."""
    return moment.astimezone(UTC).strftime(_FORM)


def moment_of(text: str) -> datetime:
    """Return the moment that :func:`text_of` wrote; raises :exc:`ValueError`."""
    return datetime.strptime(text, _FORM).replace(tzinfo=UTC)
