"""Node data: every property survives, every byte survives, nothing makes reading fail."""

import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.json_documents import any_text, json_values

from zc.zk.codec import decode, encode
from zc.zk.values import MAX_NESTING, same


@pytest.mark.parametrize(
    ("properties", "data"),
    [
        ({}, b"{}"),
        ({"a": 1, "b ->": "/c"}, b'{"a":1,"b ->":"/c"}'),
        ({"n": None, "t": True, "f": 1.0}, b'{"n":null,"t":true,"f":1.0}'),
        ({"name": "é"}, b'{"name":"\\u00e9"}'),
        ({"string_value": "192.168.0.42:8080"}, b"192.168.0.42:8080"),
        ({"string_value": "né\ud800"}, b'{"string_value":"n\\u00e9\\ud800"}'),
        ({"string_value": "n\xe9\udcff"}, b"n\xc3\xa9\xff"),
        ({"string_value": "[1]"}, b"[1]"),
        ({"string_value": " "}, b'{"string_value":" "}'),
        ({"string_value": ""}, b'{"string_value":""}'),
        ({"string_value": '{"a": 1}'}, b'{"string_value":"{\\"a\\": 1}"}'),
        ({"string_value": 1}, b'{"string_value":1}'),
        ({"string_value": "a", "b": 1}, b'{"string_value":"a","b":1}'),
    ],
)
def test_properties_are_stored_as_programs_in_the_field_expect(
    properties: dict[str, Any], data: bytes
) -> None:
    assert encode(properties) == data
    assert encode(MappingProxyType(properties)) == data
    assert same(decode(data), properties)


@pytest.mark.parametrize(
    ("data", "properties"),
    [
        (None, {}),
        (b"", {}),
        (b" \n\t", {}),
        (b"{}", {}),
        (b' {"a": [1, {"b": null}]}\n', {"a": [1, {"b": None}]}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"null", {"string_value": "null"}),
        (b'"text"', {"string_value": '"text"'}),
        (b"{a: 1}", {"string_value": "{a: 1}"}),
        (b'{"a": NaN}', {"string_value": '{"a": NaN}'}),
        (b'{"a": -Infinity}', {"string_value": '{"a": -Infinity}'}),
        (b'{"a": 1e999}', {"string_value": '{"a": 1e999}'}),
        (b'{"a": "\xff"}', {"string_value": '{"a": "\udcff"}'}),
        (b"\xef\xbb\xbf{}", {"string_value": "\ufeff{}"}),
        ("{}".encode("utf-16"), {"string_value": "\udcff\udcfe{\0}\0"}),
        (b"\x80\x04\x95pickle", {"string_value": "\udc80\x04\udc95pickle"}),
        (b'{"a": %s}' % (b"9" * 5000), {"string_value": '{"a": %s}' % ("9" * 5000)}),
    ],
)
def test_data_of_other_programs_can_be_read_and_written_back(
    data: bytes | None, properties: dict[str, Any]
) -> None:
    assert decode(data) == properties
    if "string_value" in properties:
        assert encode(properties) == data


@given(st.dictionaries(any_text, json_values, max_size=4))
@example({"string_value": "\udcc3\udca9"})  # as bytes these would be an e with an accent
def test_no_property_is_lost_or_changed_by_storing_it(properties: dict[str, Any]) -> None:
    assert same(decode(encode(properties)), properties)


@given(any_text)
def test_any_text_is_kept_as_raw_data_or_as_json(text: str) -> None:
    assert decode(encode({"string_value": text})) == {"string_value": text}


@given(st.binary(max_size=40) | st.text('{}[]"a:1, ').map(str.encode))
def test_any_bytes_read_as_properties_and_foreign_ones_are_kept_exactly(data: bytes) -> None:
    properties = decode(data)
    assert same(decode(encode(properties)), properties)
    try:
        is_object = isinstance(json.loads(data.decode()), dict)
    except ValueError:
        is_object = False
    if data.strip() and not is_object:
        assert encode(properties) == data


@pytest.mark.parametrize("depth", [MAX_NESTING + 1, 100_000])
def test_deeply_nested_data_is_text_that_no_reader_can_choke_on(depth: int) -> None:
    data = b'{"a":' * depth + b"1" + b"}" * depth
    assert decode(data) == {"string_value": data.decode()}
    assert encode(decode(data)) == data


def test_values_are_nested_as_far_as_they_can_be_read_back() -> None:
    value: Any = 1
    for _ in range(MAX_NESTING - 1):
        value = [value]
    assert decode(encode({"a": value})) == {"a": value}
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        encode({"a": [value]})
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        encode({"a": value})


def test_many_brackets_side_by_side_are_not_deep() -> None:
    properties = {"a": [[] for _ in range(1000)], "b": "[" * 1000}
    assert decode(encode(properties)) == properties


@pytest.mark.parametrize(
    ("value", "error"),
    [(float("nan"), ValueError), (float("inf"), ValueError), (b"x", TypeError)],
)
def test_what_json_cannot_hold_is_refused_before_it_is_stored(
    value: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        encode({"a": value})
