"""Inputs that nobody meant: made of the pieces that parsers know, and then damaged.

Everything is drawn from the :class:`random.Random` that a function is given, so a seed
makes the same input again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

#: Characters that something, somewhere, treats in a special way.
ODD = (
    *"\0\a\b\t\n\v\f\r\x1b\x1c\x1d\x1e\x1f \x7f\x85\x9b\xa0\xad\u061c\u1680\u180e\u200b\u200e",
    *"\u2028\u2029\u202e\u2066\u3000\ud800\udc80\udfff\ue000\ufeff\ufffd\ufffe\uffff\U0001f600",
    *"\U0010ffff\u0660\u0967\u0430\u0131\u212a\u00df\ufb01e\u0301é%,/\\:#=>-<'\"[]{}()*?~@+.!;&|$`",
)

_NAMES = (
    *("a", "b", "c", "cms", "deploy", "hosts", "roles", "zookeeper", "n0", "x=1", "a:80", ":"),
    *("..", ".", "->", "#", "a,b", "50%", "%2C", "é", "日本", "1.2.3.4:80", "a->b", "type"),
)
_KEYS = ("version", "type", "n", "a", "b-", "<-", ">", "é", "x.y", "on", "'", "[", "timeout")
_VALUES = (
    *("1", "-1", "0", "00", "1.5", "1e5", "1e999", "-0.0", ".5", "1_000", "0x1F", "0b2", "1j"),
    *("True", "False", "None", "true", "nan", "''", '""', "'a'", '"b"', "'1.0.0'", "u'x'"),
    *("b'x'", "r'\\d'", "f'{1}'", "'\\d'", "'\\x00'", "'\\N{DIGIT ONE}'", "'\\ud83d\\ude00'"),
    *("'a' 'b'", "'''a'b'''", "[]", "{}", "()", "[1, 2]", "{'a': [None]}", "{1: 2}", "{'a': 1,}"),
    *("[[[[]]]]", "'a' # b", "1 + 1", "-'a'", "__import__('os')", "a.b", "lambda: 0", "1 if 1"),
    *("9" * 30, "9" * 5000, "'" + "x" * 300 + "'", "'svn://h/t'", "'git://r#m'", "...", "not 1"),
)
_LINKS = ("/a", "/a b", "../b", ".", "..", "/", "a b c", "//a//", "/cust/cms version")
_INDENTATIONS = ("", "", "  ", "  ", "  ", "    ", "\t", " ", "\xa0", "\v")

_TREE_MARKS = ("/", " : ", " = ", " -> ", " => ", "\n", "\n  ", "#", "'", '"', "\\", "[", "{", "=")


def damaged(choose: Random, text: str, marks: Sequence[str]) -> str:
    """Return text with something cut, doubled, moved or put into it, once or a few times."""
    for _ in range(choose.choice((1, 1, 1, 2, 2, 4, 8))):
        at = choose.randrange(len(text) + 1)
        end = min(at + choose.choice((1, 1, 1, 2, 5, 20, 100)), len(text))
        match choose.randrange(8):
            case 0:
                text = text[:at]
            case 1:
                text = text[:at] + text[end:]
            case 2:
                text = text[:end] + text[at:]
            case 3:
                text = text[:at] + choose.choice(ODD) + text[at:]
            case 4:
                text = text[:at] + choose.choice(ODD) + text[end:]
            case 5:
                text = text[:at] + choose.choice(marks) + text[at:]
            case 6:
                text = text[:at] + text[at:end] * choose.choice((2, 3, 50)) + text[end:]
            case _:
                other = choose.randrange(len(text) + 1)
                text = text[:other] + text[at:end] + text[other:]
    return text


def flipped(choose: Random, data: bytes) -> bytes:
    """Return bytes of which some are others."""
    array = bytearray(data or b"\0")
    for _ in range(choose.choice((1, 1, 2, 8))):
        array[choose.randrange(len(array))] = choose.randrange(256)
    return bytes(array)


def tree_text(choose: Random) -> str:
    """Return what may be tree text, or nearly so."""
    drawn = choose.random()
    if drawn < 0.00005:
        return _huge(choose)
    if drawn < 0.005:
        return _deep(choose)
    text = _lines(choose)
    return text if drawn < 0.3 else damaged(choose, text, _TREE_MARKS)


def _lines(choose: Random) -> str:
    lines = []
    indentation = ""
    opened: list[str] = []
    pick = choose.choice
    for _ in range(choose.choice((1, 2, 4, 8, 16))):
        drawn = choose.random()
        if drawn < 0.5:
            type_ = f" : {pick(_KEYS)}" if drawn < 0.2 else ""
            lines.append(f"{indentation}/{pick(_NAMES)}{type_}")
            opened.append(indentation)
            indentation += pick(_INDENTATIONS)
        elif drawn < 0.8:
            lines.append(f"{indentation}{pick(_KEYS)} = {pick(_VALUES)}")
        elif drawn < 0.9:
            lines.append(f"{indentation}{pick(_KEYS)} {pick(('->', '=>'))} {pick(_LINKS)}")
        elif opened:
            indentation = opened[choose.randrange(len(opened))]
        else:
            lines.append(pick(("", "# c", "  ", "\t#")))
    return "\n".join(lines)


def _deep(choose: Random) -> str:
    depth = choose.choice((10, 100, 500))
    name = pick_name(choose) * choose.choice((1, 1, 20))
    kind = choose.randrange(3)
    if kind == 0:
        return "\n".join(f"{' ' * level}/{name}" for level in range(depth))
    brackets = choose.choice(("[]", "{}", "()", "--", "{'a':"))
    inside = brackets[0] * depth if len(brackets) == 2 else brackets * depth
    close = brackets[1] * depth if kind == 1 and len(brackets) == 2 else ""
    return f"/a\n  x = {inside}{close}\n"


def pick_name(choose: Random) -> str:
    """Return the name of a node, one of those that are used again and again."""
    return choose.choice(_NAMES)


def _huge(choose: Random) -> str:
    size = choose.choice((5_000, 100_000, 1_100_000))
    return choose.choice(
        (
            "/" + "n" * size,
            f"/a\n{' ' * size}/b",
            f"/a : {'t' * size}",
            f"/a\n  {'k' * size} = 1",
            f"/a\n  x = '{'v' * size}'",
            f"/a\n  x = '{chr(92) * size}'",
            f"/a\n  x = [{'0,' * size}]",
            f"/a\n  x = {'1+' * size}1",
            f"/a\n  x = {'9' * size}",
            f"/a\n  x = 0x{'f' * size}",
            f"/a\n  x = {'-' * size}1",
            f"/a\n  x = f'{'{a}' * size}'",
            f"/a\n  x -> {'/a' * size}",
            f"/a\n  x => {'a ' * size}",
            "/a\n" * min(size, 100_000),
            "?\n" * min(size, 100_000),
            "/a" + " " * size + ": b",
            "/a" + " :" * size,
            "/a\n  " + "-" * size,
            "/a\n  " + "=" * size,
            "\n" * size,
        )
    )


def json_value(choose: Random, depth: int = 0) -> Any:
    """Return a value as a node or a record may hold it, or nobody would write it."""
    drawn = choose.randrange(14)
    if drawn < 2 and depth < 4:
        return [json_value(choose, depth + 1) for _ in range(choose.randrange(4))]
    if drawn < 4 and depth < 4:
        count = choose.randrange(4)
        return {choose.choice(_PROPERTIES): json_value(choose, depth + 1) for _ in range(count)}
    if drawn < 8:
        return choose.choice(_STRINGS)
    if drawn < 11:
        return choose.choice((0, 1, 2, -1, 1000, 1001, 10**18, 10**400, 1.0, 1.5, 1e308, -0.0))
    return choose.choice((None, True, False))


_PROPERTIES = (
    *("version", "type", "n", "timeout", "type =>", "version =>", "n =>", "a ->", "deploy ->"),
    *("target", "deployments", "controller", "format", "serial", "at", "by", "origin", "owners"),
    *("", "a", "é", "\ud800", "x" * 300, "string_value", "host", "name", "since", "session"),
)
_STRINGS = (
    *("", "1", "1.0.0", "app", "app-1", "app sub", "app -x", "a b c", "../x", "-x", "z4m*", "é"),
    *("svn://h/t", "git://h#m", "git://ext::sh -c x#m", "git://-x#m", "file:///x", "http://x"),
    *("/a", "/a type", "../b version", "/roles/r", "/a/deploy/h1 n", "\ud800", "\udc80", "\0"),
    *(
        "1:2-3",
        "25%",
        "0.001%",
        "1" * 300,
        "x" * 5000,
        "\u202e",
        "\U0001f600",
        "2026-01-01T00:00:00Z",
        "a" * 64,
    ),
)


def json_text(choose: Random, value: Any) -> str:
    """Return JSON text of a value, or what is left of it."""
    text = json.dumps(value, ensure_ascii=choose.random() < 0.7)
    drawn = choose.random()
    if drawn < 0.4:
        return text
    if drawn < 0.42:
        depth = choose.choice((50, 99, 100, 101, 500, 900, 990, 1000, 3000, 100_000))
        opening, closing = choose.choice((("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")))
        nested = opening * depth + (closing * depth if choose.random() < 0.8 else "")
        return choose.choice((nested, text.replace("null", nested), '{"version":' + nested + "}"))
    return damaged(choose, text, _JSON_MARKS)


_JSON_MARKS = (
    *(
        '"',
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\\",
        "\\u",
        "\\ud800",
        "null",
        "true",
        "NaN",
        "Infinity",
    ),
    *("-Infinity", "1e999", "9" * 5000, "-", '"format":1', '"n":', '"version":', "\n"),
)


def as_bytes(choose: Random, text: str) -> bytes:
    """Return text as bytes that may be UTF-8."""
    data = text.encode(errors="surrogatepass" if choose.random() < 0.1 else "replace")
    return flipped(choose, data) if choose.random() < 0.1 else data
