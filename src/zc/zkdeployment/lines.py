"""Texts of others, as they are shown in one line."""

from __future__ import annotations


def one_line(text: str, longest: int | None = None) -> str:
    """Return a text in one line, with nothing in it that is no text.

    With ``longest``, in characters, a longer one is cut and ends with "…".
    """
    if longest is not None:
        text = text[: 2 * longest]  # it may be far longer
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return line if longest is None or len(line) <= longest else line[: longest - 1] + "…"
