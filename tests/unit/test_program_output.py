"""What programs print of a repository is bounded and odd; no more is made of it than is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from zc.zkdeployment.adapters.git_copy import GitCopy
from zc.zkdeployment.adapters.sources import open_source
from zc.zkdeployment.errors import BadSource
from zc.zkdeployment.publication.locations import parse_location


class Printing:
    """Programs that print what they are given."""

    begun = 0
    may_run_until: float | None = None

    def __init__(self, output: str) -> None:
        self._output = output

    def run(
        self,
        argv: Iterable[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        is_query: bool = False,
    ) -> str:
        return self._output

    def end(self) -> None:
        """Nothing runs."""


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("commit\n", "commit"),
        ("warning: a b\ncommit\n", "commit"),
        ("", ""),
        (" \n\t\n", ""),
        ("x" * 500_000 + "\n" * 500_000, "x" * 500_000),
        ("x" * 1_000_000 + " y", "y"),
    ],
)
def test_the_last_word_is_found_in_time_that_grows_with_the_output(
    tmp_path: Path, output: str, kind: str
) -> None:
    assert GitCopy("https://h/r.git", Printing(output), tmp_path).kind("x") == kind


@pytest.mark.parametrize("output", ["", "x", "-1", "9" * 5000, "\u0661"])
def test_a_size_that_is_none_is_an_error(tmp_path: Path, output: str) -> None:
    with pytest.raises(BadSource, match="git told no size of x"):
        GitCopy("https://h/r.git", Printing(output), tmp_path).size("x")


_INFO = (
    '<?xml version="1.0"?>\n<info><entry kind="dir" revision="{0}">'
    '<commit revision="{1}"/></entry></info>'
)


@pytest.mark.parametrize(
    "output",
    [
        "",
        "svn: warning",
        _INFO.format("", ""),
        _INFO.format("7", ""),
        _INFO.format("7", "9" * 5000),
        _INFO.format("7", "-1"),
        _INFO.format("HEAD", "1"),
        "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]>" + _INFO.format("7", "6"),
        "<?xml version='1.0'?><a>" + "<b>" * 100_000,
    ],
)
def test_what_svn_tells_is_revisions_or_nothing(tmp_path: Path, output: str) -> None:
    source = open_source(parse_location("svn://h/t"), Printing(output), tmp_path)
    with pytest.raises(BadSource, match="svn told no"):
        source.read()


def test_a_revision_of_very_many_digits_is_none(tmp_path: Path) -> None:
    source = open_source(parse_location("svn://h/t"), Printing("9" * 5000), tmp_path)
    with pytest.raises(BadSource, match="svn told no revision"):
        source.newest()
