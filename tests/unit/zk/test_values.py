"""Values: only literals, only what JSON keeps, always a reason."""

import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.json_documents import json_values

from zc.zk.values import MAX_NESTING, check_value, nesting, read_literal, same


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'1.2.3.4:80'", "1.2.3.4:80"),
        ('"it\'s"', "it's"),
        ("''", ""),
        ("u'old'", "old"),
        ("'a' 'b'", "ab"),
        (r"'a\nb\'c'", "a\nb'c"),
        (r"'\u20ac\\'", "€\\"),
        ("'tab\there'", "tab\there"),
        ("0", 0),
        ("-7", -7),
        ("0x1f", 31),
        ("1.5e3", 1500.0),
        ("9" * 100, int("9" * 100)),
        ("True", True),
        ("None", None),
        ("[1, 'a', [None]]", [1, "a", [None]]),
        ("{'a': {'b': -1.5}}", {"a": {"b": -1.5}}),
        ("1 # why", 1),
    ],
)
def test_a_literal_has_the_value_that_it_writes(text: str, value: object) -> None:
    assert read_literal(text) == value
    assert same(read_literal(text), value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"'^\d+\.z\\d$'", r"^\d+\.z\d$"),
        (r"r'\d\n'", r"\d\n"),
        (r"['\d', R'\w', u'\w']", [r"\d", r"\w", r"\w"]),
    ],
)
def test_an_unknown_escape_stands_for_itself_without_a_warning(text: str, value: object) -> None:
    # Any warning is an error here, as it is where Python will refuse such escapes.
    assert read_literal(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "1 + 1",
        "__import__('os')",
        "[x for x in 'ab']",
        "f'{1}'",
        "'open",
        r"'\'" * 50_001,
        "[1,",
        "1; 2",
        "b'bytes'",
        "(1, 2)",
        "{1, 2}",
        "1j",
        "...",
        "{1: 'a'}",
        "{'a': {None: 1}}",
        "{[]: 1}",
        "1e999",
        "-1e999",
        "9" * 5000,
        "0x" + "f" * 5000,
        r"'\ud83d\ude00'",
        r"{'\ud83d\ude00': 1}",
        "'\ud800'",
        "'a\0'",
        "[" * (MAX_NESTING + 1) + "1" + "]" * (MAX_NESTING + 1),
        "[" * 150_000,
        "-" * 150_000 + "1",
    ],
)
def test_what_is_no_literal_or_does_not_survive_json_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_literal(text)


def test_code_in_a_tree_is_never_run(tmp_path: Any) -> None:
    target = tmp_path / "ran"
    with pytest.raises(ValueError, match="a quoted string, a number"):
        read_literal(f"open({str(target)!r}, 'w')")
    assert not target.exists()


def test_values_may_be_nested_as_far_as_can_be_written_and_no_further() -> None:
    check_value(nested(MAX_NESTING))
    assert read_literal(repr(nested(MAX_NESTING))) == nested(MAX_NESTING)
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        check_value(nested(MAX_NESTING + 1))
    assert nesting({"a": [1, {"b": 2}]}) == 3
    assert nesting(nested(500_000)) == MAX_NESTING + 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), (1,), {1: 2}, b"x", {"a": object}])
def test_values_that_json_would_change_or_refuse_are_no_properties(value: object) -> None:
    with pytest.raises(ValueError, match=r"JSON|strings"):
        check_value(value)


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (False, 0.0, False),
        (True, True, True),
        ("1", 1, False),
        ([1, [True]], [1, [True]], True),
        ([1, [True]], [1, [1]], False),
        ({"a": {"b": 0}}, {"a": {"b": False}}, False),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ((True,), (True,), True),
        (None, False, False),
    ],
)
def test_a_truth_value_is_never_the_same_as_a_number(a: object, b: object, equal: bool) -> None:
    # Else a tree that turns version 1 into True would count as unchanged.
    assert same(a, b) is equal
    assert same(b, a) is equal


@given(st.one_of(st.text(max_size=6).map(lambda s: f"'{s}'"), st.integers().map(str)))
def test_the_short_cut_for_plain_strings_and_numbers_reads_as_python_does(text: str) -> None:
    try:
        expected = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return
    assert read_literal(text) == expected


@given(json_values)
def test_every_json_value_can_be_written_as_a_literal(value: Any) -> None:
    check_value(value)
    assert same(read_literal(repr(value)), value)
    assert repr(read_literal(repr(value))) == repr(value)
