"""What the text of a value may consist of, before Python's own parser is asked about it.

That parser takes minutes for some text that is no literal, long formatted strings say,
and hundreds of bytes for each part of what is one.
"""

from __future__ import annotations

import re

from zc.zk.limits import MAX_PARTS

ACCEPTED = "a value is a quoted string, a number, True, False or None, or a list or a dict of them"

_LONG = 64 * 1024  # characters; what is shorter is not worth counting

# Nothing is tried in a second way, so time grows with the length and no faster.
_string = "|".join(
    rf"{quote}(?:[^{quote[0]}\\]|\\.{more})*+{quote}"
    for quote, more in (
        ("'''", "|'(?!'')"),
        ('"""', '|"(?!"")'),
        ("'", ""),
        ('"', ""),
    )
)
_number = (
    r"(?:0[xX][0-9a-fA-F_]++|0[oO][0-7_]++|0[bB][01_]++"
    r"|(?:[0-9][0-9_]*+\.?[0-9_]*+|\.[0-9][0-9_]*+)(?:[eE][+-]?[0-9_]++)?)(?![0-9A-Za-z_.])"
)
_part = rf"[\[\](){{}},:+-]|True|False|None|{_number}|[bBrRuU]{{0,2}}(?:{_string})"
_parts = re.compile(_part, re.ASCII | re.DOTALL).finditer
_literal = re.compile(rf"(?:[ \t\f]|{_part})++(?:#.*)?", re.ASCII | re.DOTALL).fullmatch


def check_text(text: str) -> None:
    """Raise :exc:`ValueError` for what is no literal or too large; what is left may be none."""
    if not _literal(text):
        raise ValueError(ACCEPTED)
    if len(text) > _LONG and sum(1 for _ in _parts(text)) > MAX_PARTS:
        raise ValueError(f"it has more than {MAX_PARTS} parts; spread it over several nodes")
