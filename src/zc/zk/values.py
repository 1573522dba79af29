"""Property values: what JSON can hold and a literal can write.

The two agree on strings, numbers, ``True``, ``False``, ``None``, and lists and
dicts of them. Text is read as literals only; it is never evaluated.
"""

from __future__ import annotations

import ast
import math
import re
from typing import Any

from zc.zk.literals import ACCEPTED, check_text

#: Lists and dicts inside each other beyond this are refused: what compares,
#: prints and stores values recurses, and must not run out of stack.
MAX_NESTING = 100

_quoted = re.compile(r"""'[^'\\\x00-\x1f\ud800-\udfff]*'|"[^"\\\x00-\x1f\ud800-\udfff]*\"""")
_whole = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_string = re.compile(r"""([A-Za-z]{0,2})('(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?)""")
_backslash = re.compile(r"\\([\\'\"abfnrtvxuUN0-7]?)")
#: Two characters that are one after they were stored.
surrogate_pair = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def read_literal(text: str) -> Any:
    """Return the value that ``text``, one line without outer blanks, writes.

    Raises :exc:`ValueError` saying what is accepted.
    """
    if _quoted.fullmatch(text):  # nearly all values are one of these two
        return text[1:-1]
    if _whole.fullmatch(text):
        return int(text)
    check_text(text)
    try:
        value = ast.literal_eval(_keep_unknown_escapes(text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(ACCEPTED) from error
    check_value(value)
    return value


def check_value(value: object) -> None:
    """Raise :exc:`ValueError` unless ``value`` survives both JSON and a literal unchanged."""
    if nesting(value) > MAX_NESTING:
        raise ValueError(f"nested more than {MAX_NESTING} deep")
    todo = [value]
    while todo:
        item = todo.pop()
        if type(item) is list:
            todo += item
        elif type(item) is dict:
            if not all(type(key) is str for key in item):
                raise ValueError("the keys of a dict must be strings")
            todo += item
            todo += item.values()
        else:
            _check_scalar(item)


def nesting(value: object) -> int:
    """Return how many lists and dicts lie inside each other, counting no further than needed.

    A result above :data:`MAX_NESTING` only says that there are more.
    """
    depth = 0
    level = [value]
    while level and depth <= MAX_NESTING:
        below: list[object] = []
        for item in level:
            if isinstance(item, dict):
                below += item.values()
            elif isinstance(item, (list, tuple)):
                below += item
        depth += bool(below)
        level = below
    return depth


def same(a: object, b: object) -> bool:
    """Tell whether two values are equal and no truth value stands for a number.

    To Python ``True == 1``; to whoever reads a property they differ.
    """
    if a != b:
        return False
    todo = [(a, b)]
    while todo:
        one, other = todo.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            todo += [(value, other[key]) for key, value in one.items()]
        elif isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
            todo += zip(one, other, strict=True)
        elif isinstance(one, bool) is not isinstance(other, bool):
            return False
    return True


def _check_scalar(item: object) -> None:
    if type(item) is str:
        if surrogate_pair.search(item):
            raise ValueError("holds a surrogate pair; write the character that it stands for")
    elif type(item) is int:
        str(item)  # refuses more digits than JSON could be read back with
    elif type(item) is float:
        if not math.isfinite(item):
            raise ValueError(f"{item} is no number that JSON has")
    elif item is not None and type(item) is not bool:
        raise ValueError(f"a {type(item).__name__} does not survive JSON; {ACCEPTED}")


def _keep_unknown_escapes(text: str) -> str:
    r"""Double the backslash in ``'\d'``: it stands for itself, but Python warns about it."""

    def double(string: re.Match[str]) -> str:
        prefix, quoted = string.groups()
        if "r" in prefix.lower():
            return string[0]
        return prefix + _backslash.sub(lambda escape: escape[0] if escape[1] else "\\\\", quoted)

    return _string.sub(double, text) if "\\" in text else text
