"""A node's properties and the bytes that ZooKeeper stores for them.

Bytes that are a JSON object are the properties. Any others read as the one
property ``string_value`` and are written back as they were.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from zc.zk.limits import MAX_DATA
from zc.zk.values import MAX_NESTING, nesting

_RAW = "string_value"

_SIMPLE = (str, int, float, type(None))
_LONGEST_CHARACTER = 12  # bytes, of one beyond the basic plane
_LONGEST_NUMBER = 4400  # bytes: Python reads whole numbers of up to 4300 digits


def encode(properties: Mapping[str, Any]) -> bytes:
    """Return the bytes to store; :func:`decode` reads them back as the same properties.

    Raises :exc:`TypeError` or :exc:`ValueError` for values that JSON cannot hold
    or that are nested too deeply.
    """
    raw = _encode_raw(properties)
    if raw is not None:
        return raw
    try:
        text = _encoder.encode(dict(properties))
    except RecursionError as error:
        raise _too_deep() from error
    if _nests_too_deeply(text, properties):
        raise _too_deep()
    return text.encode()


def decode(data: bytes | None) -> dict[str, Any]:
    """Return the properties that ``data`` stands for; none if there is no data, or only blanks.

    Never raises. Strict JSON counts, up to the nesting of values that the text
    format accepts: an object with ``NaN``, infinities, numbers beyond Python's
    limits or invalid UTF-8 is no JSON object. Of a name given twice the last
    value counts.
    """
    if not data or data.isspace():
        return {}
    try:
        text = data.decode()
        properties = _decoder.decode(text)
        if isinstance(properties, dict) and not _nests_too_deeply(text, properties):
            return properties
    except (ValueError, RecursionError):
        pass
    return {_RAW: data.decode(errors="surrogateescape")}


def check_size(properties: Mapping[str, Any]) -> None:
    """Raise :exc:`ValueError` if the bytes to store are more than a node can hold."""
    if _is_small(properties):
        return
    size = len(encode(properties))
    if size > MAX_DATA:
        raise ValueError(
            f"its properties are {size} bytes, but a node holds {MAX_DATA}: spread them over"
            " several nodes"
        )


def _is_small(properties: Mapping[str, Any]) -> bool:
    """Tell whether properties cannot be too many, without the work of encoding them."""
    values = properties.values()
    if not all(isinstance(value, _SIMPLE) for value in values):
        return False
    length = sum(map(len, properties)) + sum(len(v) for v in values if isinstance(v, str))
    return _LONGEST_CHARACTER * length + _LONGEST_NUMBER * len(values) < MAX_DATA


def _encode_raw(properties: Mapping[str, Any]) -> bytes | None:
    """Return the bytes that read as these properties without being JSON, if there are any."""
    if len(properties) != 1 or not isinstance(value := properties.get(_RAW), str):
        return None
    try:
        raw = value.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return None
    return raw if decode(raw) == {_RAW: value} else None


def _nests_too_deeply(text: str, properties: object) -> bool:
    # Counting brackets is fast and nearly always enough.
    return text.count("{") + text.count("[") > MAX_NESTING and nesting(properties) > MAX_NESTING


def _too_deep() -> ValueError:
    return ValueError(f"values are nested more than {MAX_NESTING} deep")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"JSON has no number {text}")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


_encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_decoder = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)
