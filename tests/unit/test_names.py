"""What a tree may call things, and the names of files that come of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment import names
from zc.zkdeployment.errors import BadTree

# Names that ZooKeeper accepts for nodes, with what the encoding has to take care of made likely.
component = st.text(
    st.sampled_from(",%.25C") | st.characters(exclude_characters="/", exclude_categories=["C"]),
    min_size=1,
    max_size=12,
).filter(lambda name: name not in (".", ".."))
node_path = st.lists(component, min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts))


@pytest.mark.parametrize(
    ("software", "app"),
    [
        ("z4m", "z4m"),
        ("z4m-4.0.0", "z4m"),
        ("z4m-4", "z4m"),
        ("z4m-tools-4.0", "z4m-tools"),
        ("z4m-tools", "z4m-tools"),
        ("z4m-4.", "z4m-4."),
        ("z4m-4.0rc1", "z4m-4.0rc1"),
        ("-4", "-4"),
    ],
)
def test_software_of_all_versions_shares_the_directory_of_its_application(
    software: str, app: str
) -> None:
    assert names.app_of(software) == app


@pytest.mark.parametrize("name", ["z4m", "z4m-4.0.0", "a", "_x", "lib+c++", "A.b", "x" * 200])
def test_software_may_be_called_like_a_package(name: str) -> None:
    assert names.check_software(name, "/cust/cms") == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "-x", ".x", "..", "a/b", "a b", "a*", "a?", "[a]", "a\n", "é", "a\0", "~", "x.rpm"),
        "x" * 201,
    ],
)
def test_what_could_leave_opt_or_be_an_option_or_a_pattern_is_no_software(name: str) -> None:
    assert not names.is_software(name)
    with pytest.raises(BadTree, match=re.escape(f"/cust/cms: type {name[:200]!r}")):
        names.check_software(name, "/cust/cms")


@pytest.mark.parametrize("subtype", ["special", "a-b", "é", "50%", "x" * 200])
def test_subtypes_are_nearly_free(subtype: str) -> None:
    assert names.check_subtype(subtype, "/cust/cms") == subtype


@pytest.mark.parametrize(
    "subtype", ["", "-u", "a b", "a\x1b", "\x9b", "\ud800", "a\u202eb", "x" * 201]
)
def test_a_subtype_is_no_option_and_disturbs_no_terminal(subtype: str) -> None:
    with pytest.raises(BadTree, match="/cust/cms: subtype"):
        names.check_subtype(subtype, "/cust/cms")


@pytest.mark.parametrize(
    "version",
    ["1.0.0", "666", "bad", "1:1.0.0-2", "1.0~rc1^git1", "2.0+b-1", "svn://h", "git:x", "ext::sh"],
)
def test_a_version_is_that_of_a_package_or_a_url(version: str) -> None:
    assert names.check_version(version, "/cust/cms") == version


@pytest.mark.parametrize(
    "version",
    [
        *("", "-1", "1 2", "1*", "1\n", "1/2", "a:1", "git:1#x", ":1", "é", "1.rpm"),
        "x" * 201,
    ],
)
def test_what_yum_could_take_for_something_else_is_no_version(version: str) -> None:
    with pytest.raises(BadTree, match=r"/cust/cms: version .* (is neither|has more)"):
        names.check_version(version, "/cust/cms")


@pytest.mark.parametrize("version", [1, 1.0, None, True, ["1.0"]])
def test_a_number_is_no_version_because_it_would_lose_zeros(version: object) -> None:
    with pytest.raises(BadTree, match="must be a string; put it in quotes"):
        names.check_version(version, "/cust/cms")


def test_what_is_refused_is_quoted_in_part() -> None:
    long = "x" * 100_000
    for refuse in (
        lambda: names.check_software(long, "/cust/cms"),
        lambda: names.check_subtype(long, "/cust/cms"),
        lambda: names.check_version(long, "/cust/cms"),
        lambda: names.check_version(10**100_000, "/cust/cms"),
        lambda: names.check_instances(10**100_000, "/cust/cms"),
        lambda: names.check_instances([long], "/cust/cms"),
    ):
        with pytest.raises(BadTree, match=r"^/cust/cms: ") as caught:
            refuse()
        assert len(str(caught.value)) < 500


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_a_node_may_have_up_to_a_thousand_instances_on_a_host(n: int) -> None:
    assert names.check_instances(n, "/cust/cms") == n


@pytest.mark.parametrize("n", [-1, 1001, 10**9, "3", 1.0, True, None])
def test_any_other_number_of_instances_is_taken_for_a_mistake(n: object) -> None:
    with pytest.raises(BadTree, match="/cust/cms: n must be a whole number from 0 to 1000"):
        names.check_instances(n, "/cust/cms")


@pytest.mark.parametrize(
    ("path", "n", "name"),
    [
        ("/cust/someapp/cms", 0, "cust,someapp,cms.0"),
        ("/a,b/c", 1, "a%2Cb,c.1"),
        ("/a/b,c", 1, "a,b%2Cc.1"),
        ("/50%/x", 12, "50%25,x.12"),
        ("/v1.0/x", 0, "v1.0,x.0"),
    ],
)
def test_files_are_named_after_path_and_instance(path: str, n: int, name: str) -> None:
    assert names.file_name(path, n) == name
    assert names.parse_file_name(name) == (path, n)


@given(node_path, st.integers(0, 1000))
def test_the_name_of_a_file_tells_path_and_instance(path: str, n: int) -> None:
    name = names.file_name(path, n)

    assert "/" not in name
    assert names.parse_file_name(name) == (path, n)


@given(node_path, node_path, st.integers(0, 1000), st.integers(0, 1000))
def test_two_deployments_never_share_a_file(one: str, other: str, n: int, m: int) -> None:
    assert (names.file_name(one, n) == names.file_name(other, m)) == ((one, n) == (other, m))


@pytest.mark.parametrize(
    "stem",
    [
        *("", "x", "x.", ".0", "x.-1", "x.1.5a", "x.01", "x.²"),
        *("a,,b.0", ",a.0", "a,.0", "..,x.0", "a,.,b.0", "a\nb.0", "a\x9bb.0", "a\udcff.0"),
    ],
)
def test_a_file_of_another_kind_is_not_taken_for_a_deployment(stem: str) -> None:
    assert names.parse_file_name(stem) is None


def test_a_path_too_long_for_a_file_name_is_refused_before_anything_is_done() -> None:
    longest = "/" + "x" * (255 - len(".0.deployed"))
    names.check_file_name(longest, 0)

    for path, n in ((longest + "x", 0), (longest, 10), (longest[:-1] + "é", 0)):
        with pytest.raises(BadTree, match="the path is too long"):
            names.check_file_name(path, n)
