"""What a person may write for a version."""

from __future__ import annotations

import pytest

from zc.zkdeployment.cli.versions import read_published
from zc.zkdeployment.model import Version

COMMIT = "61873e9000000000000000000000000000000000"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (None, None),
        ("7", 7),
        ("1.5", 1.5),
        ("'7'", "7"),
        ("release-7", "release-7"),
        (COMMIT, COMMIT),
        ("61873e9", "61873e9"),
        ("6187319", 6187319),
        ("0123456", "0123456"),
    ],
)
def test_text_needs_no_quotes_and_a_commit_is_no_number(
    text: str | None, version: Version
) -> None:
    found = read_published(text)
    assert (found, type(found)) == (version, type(version))
