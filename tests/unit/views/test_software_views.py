"""People see at once which software of a host is not what is wanted there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment.model import Manifest, Software, TargetDeployment
from zc.zkdeployment.reports.installed_software import (
    MOST_SOFTWARE,
    InstalledSoftware,
    SoftwareSeen,
    decode_software,
    encode_software,
    seen_software,
)
from zc.zkdeployment.views.software_views import SoftwareState, software_of

AT = "2030-01-02T03:04:05Z"

S = SoftwareState


def wanted(version: str | None, name: str = "web", n: int = 1) -> Manifest:
    return Manifest("h1", (TargetDeployment("/app", name, None, version, n),))


def seen(*software: InstalledSoftware, total: int | None = None) -> SoftwareSeen:
    return SoftwareSeen(AT, software, len(software) if total is None else total)


@pytest.mark.parametrize(
    ("version", "there", "state"),
    [
        ("1.0", "1.0-3", S.AS_WANTED),
        ("1.0-3", "1.0-3", S.AS_WANTED),
        ("2:1.0", "2:1.0-3", S.AS_WANTED),
        (None, "1.0-3", S.AS_WANTED),
        ("1.0", "1.0", S.AS_WANTED),
        ("1.0-4", "1.0-3", S.DIFFERENT),
        ("1.0", "1.0.1-3", S.DIFFERENT),
        ("1.0", "1.0-3, 1.1-1", S.DIFFERENT),
        (None, "1.0-3, 1.1-1", S.DIFFERENT),
        ("1.0", None, S.DIFFERENT),
        ("1.0", "git://x/web#main", S.DIFFERENT),
        ("git://x/web#main", "git://x/web#main", S.AS_WANTED),
        ("git://x/web#main", "git://x/web#main@1", S.DIFFERENT),
        ("git://x/web#main", "1.0-3", S.DIFFERENT),
        ("svn://x/a b@7", "svn://x/a%20b", S.AS_WANTED),
        ("svn://x/web/", "svn://x/web", S.AS_WANTED),
        ("svn://x/web", "svn://x/other", S.DIFFERENT),
    ],
)
def test_what_is_installed_is_compared_with_what_is_wanted(
    version: str | None, there: str | None, state: SoftwareState
) -> None:
    [view] = software_of(seen(InstalledSoftware("web", there)), [wanted(version)])
    assert (view.wanted, view.installed, view.state) == (version, there, state)


def test_what_was_cut_off_is_not_whole_whatever_its_version() -> None:
    [view] = software_of(seen(InstalledSoftware("web", "1.0-3", whole=False)), [wanted("1.0")])
    assert view.state is S.NOT_WHOLE


def test_a_long_url_is_compared_as_far_as_it_is_told() -> None:
    url = "git://" + "x" * 900 + "#main"
    told = decode_software(encode_software(seen(InstalledSoftware("web", url))))
    [view] = software_of(told, [wanted(url)])
    assert view.state is S.AS_WANTED


def test_more_and_less_than_wanted_and_what_nobody_knows() -> None:
    web = InstalledSoftware("web", "1.0-3")
    assert [v.state for v in software_of(seen(), [wanted("1.0")])] == [S.MISSING]
    assert [v.state for v in software_of(None, [wanted("1.0")])] == [S.UNKNOWN]
    assert [v.state for v in software_of(seen(total=70), [wanted("1.0")])] == [S.UNKNOWN]
    assert [v.state for v in software_of(seen(web), [])] == [S.NOT_WANTED]
    assert [v.state for v in software_of(seen(web), [wanted("1.0", n=0)])] == [S.NOT_WANTED]
    assert [v.state for v in software_of(seen(web), None)] == [S.UNKNOWN]
    controller = Manifest("role", (), Software("web", "1.0"))
    assert [v.state for v in software_of(seen(web), [controller])] == [S.AS_WANTED]


def test_of_much_software_the_first_is_told_and_how_much_there_is() -> None:
    many = [InstalledSoftware(f"web{number:03}", "1-1") for number in range(120)]
    told = seen_software(AT, many)
    assert told == decode_software(encode_software(told))
    assert (len(told.installed), told.total) == (MOST_SOFTWARE, 120)


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
_item = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("name", "version", "commit", "whole"), _anything)
)
_software = st.fixed_dictionaries(
    {}, optional={"at": _anything, "total": _anything, "installed": st.lists(_item) | _anything}
)


@given(_software | _anything, st.text(max_size=400) | st.none())
def test_whatever_stands_in_a_node_something_bounded_is_told(
    value: Any, version: str | None
) -> None:
    told = decode_software(value)
    views = software_of(told, [wanted(version)])
    assert len(views) <= MOST_SOFTWARE + 1
    assert all(len(view.name) <= 300 and len(view.installed or "") <= 300 for view in views)
