"""Versions in a browser lose nothing, and people write them as they like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment.model import Version
from zc.zkdeployment.web.versions import NoVersion, literal, read_literal, shown

_versions: st.SearchStrategy[Version] = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(), max_size=20),
)


@given(_versions)
def test_a_page_that_gives_a_literal_back_means_that_version(version: Version) -> None:
    found = read_literal(literal(version))
    assert (found, type(found)) == (version, type(version))
    assert literal(version).isascii()  # an address can hold it


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("42", 42),
        (" -7 ", -7),
        ("9007199254740993", 9007199254740993),
        ("1.5", 1.5),
        ("'42'", "42"),
        ('"42"', "42"),
        ("61873e9", "61873e9"),
        ("4f2a91c0", "4f2a91c0"),
        ("release 4", "release 4"),
        ("'None'", "None"),
    ],
)
def test_people_need_no_quotes_but_for_what_is_like_a_number(text: str, version: Version) -> None:
    found = read_literal(text)
    assert (found, type(found)) == (version, type(version))


@pytest.mark.parametrize(
    "text",
    ["", "None", "False", "true", "null", "NaN", "1e+999", "[1]", '{"a": 1}', '"half', "[" * 2000],
)
def test_what_is_no_version_is_said_to_be_none(text: str) -> None:
    with pytest.raises(NoVersion, match="no version"):
        read_literal(text)


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (None, None),
        (False, False),
        (True, "True"),
        (0, "0"),
        (2**53 + 1, "9007199254740993"),
        ("4f2a", "4f2a"),
        ({"a": [1]}, "{'a': [1]}"),
    ],
)
def test_whatever_hosts_write_as_version_is_shown_as_text(version: object, text: object) -> None:
    assert shown(version) is text or shown(version) == text


def test_what_is_shown_is_bounded() -> None:
    assert len(str(shown("x" * 10**6))) == len(str(shown(["x" * 10**6]))) == 300
