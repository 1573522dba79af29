"""What a version asks for, and whether a host has it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment.errors import BadTree
from zc.zkdeployment.tree.packages import (
    Checkout,
    InstalledPackage,
    checkout,
    other_readings,
    package_spec,
    parse_list_installed,
    satisfies,
)

ONE = InstalledPackage("0", "1.0.0", "1")
EPOCH = InstalledPackage("2", "1.0.0", "1.el9")

NODE = "/cust/rewriter"


@pytest.mark.parametrize(
    ("version", "repository", "ref"),
    [
        ("git://git@example.com:e/rewriter#stage", "git@example.com:e/rewriter", "stage"),
        ("git:///srv/git/x.git#v1.0", "/srv/git/x.git", "v1.0"),
        ("git://file:///srv/x.git#0123abcd", "file:///srv/x.git", "0123abcd"),
        ("git://https://example.com/x#feature/y", "https://example.com/x", "feature/y"),
        ("git://ssh://git@example.com:22/x.git#main", "ssh://git@example.com:22/x.git", "main"),
        ("git://host/path.git#1-2_3+4", "host/path.git", "1-2_3+4"),
        ("git://git://host/x#main", "git://host/x", "main"),
        ("git:///srv/odd#name#main", "/srv/odd#name", "main"),
    ],
)
def test_git_versions_name_any_repository_and_what_to_check_out(
    version: str, repository: str, ref: str
) -> None:
    assert checkout(version, NODE) == Checkout("git", repository, ref)


@pytest.mark.parametrize(
    "version",
    [
        "svn://example.com/repos/x",
        "svn+ssh://user@svn.example.com/repos/main/pywrite/trunk",
        "svn+http://example.com/x@42",
        "file:///srv/svn/x/trunk",
    ],
)
def test_svn_versions_are_urls(version: str) -> None:
    assert checkout(version, NODE) == Checkout("svn", version, None)


@pytest.mark.parametrize("version", ["1.0", "666", "bad", "1:2.0-3"])
def test_a_version_without_a_scheme_is_that_of_a_package(version: str) -> None:
    assert checkout(version, NODE) is None


@pytest.mark.parametrize(
    "version",
    [
        "http://example.com/x",
        "ftp://example.com/x",
        "git:git@example.com:e/rewriter#stage",
        "ext::sh -c id",
        "svn:x",
        "svn:///path",
        "svn://",
        "svn+ssh://-oProxyCommand=id/x",
        "svn+ssh://me@-oProxyCommand=id/x",
        "svn://example.com/a b",
        "svn://example.com/a\nb",
        "file://host",
        "file:///",
        "git://",
        "git://repository",
        "git://repository#",
        "git://#main",
        "git://-u#main",
        "git://ssh://-oProxyCommand=id/x#main",
        "git://me@-oProxyCommand=id:x#main",
        "git://ext::id#main",
        "git://fd::17#main",
        "git://ftp://example.com/x#main",
        "git:///srv/x#-f",
        "git:///srv/x#a..b",
        "git:///srv/x#@{-1}",
        "git:///srv/x#@",
        "git:///srv/x#main~1",
        "git:///srv/x#main^",
        "git:///srv/x#a:b",
        "git:///srv/x#a*",
        "git:///srv/x#a//b",
        "git:///srv/x#a/.b",
        "git:///srv/x#.a",
        "git:///srv/x#/a",
        "git:///srv/x#a/",
        "git:///srv/x#a.",
        "git:///srv/x#a.lock",
        "git:///srv/x#a.lock/b",
        "git:///srv/x#a\\b",
        "git:///srv/\x1b[1m#main",
        "git:///srv/\ud800#main",
        "svn://example.com/" + "x" * 2000,
    ],
)
def test_what_is_no_checkout_is_refused_with_the_forms_that_are(version: str) -> None:
    with pytest.raises(BadTree, match=re.escape(NODE)) as refused:
        checkout(version, NODE)

    assert "git://REPOSITORY#REF" in str(refused.value)
    assert "svn+ssh://" in str(refused.value)
    assert len(str(refused.value)) < 2300


@given(st.sampled_from(["git://", "svn://", "svn+ssh://", "file://", ""]), st.text())
def test_no_version_becomes_an_option_or_a_helper_program(scheme: str, rest: str) -> None:
    try:
        wanted = checkout(scheme + rest, NODE)
    except BadTree:
        return
    for argument in (wanted.url, wanted.ref or "x") if wanted else ():
        assert not argument.startswith("-")
        assert "://-" not in argument
        assert not re.match(r"[a-z]+::", argument)
        assert argument.isprintable() or not re.search(r"[\s\x00-\x1f\x7f]", argument)


@pytest.mark.parametrize(
    ("wanted", "installed", "satisfied"),
    [
        (None, ONE, True),
        ("1.0.0", ONE, True),
        ("1.0.0-1", ONE, True),
        ("0:1.0.0", ONE, True),
        ("1.0", ONE, False),
        ("1.0.0-2", ONE, False),
        ("1:1.0.0", ONE, False),
        ("1.0.0", EPOCH, True),
        ("2:1.0.0", EPOCH, True),
        ("2:1.0.0-1.el9", EPOCH, True),
        ("1.0.0-1", EPOCH, False),
        ("1:1.0.0-1.el9", EPOCH, False),
        ("1.0.0", InstalledPackage("0", "1.0.0", "1", (ONE,)), False),
        (None, InstalledPackage("0", "1.0.0", "1", (ONE,)), False),
        ("1.0.0", InstalledPackage("0", "1.0.0", "1", cut_off=True), False),
        (None, InstalledPackage("0", "1.0.0", "1", cut_off=True), False),
    ],
)
def test_epoch_and_release_count_where_they_are_named(
    wanted: str | None, installed: InstalledPackage, satisfied: bool
) -> None:
    assert satisfies(wanted, installed) is satisfied


def test_an_installed_package_reads_as_its_version() -> None:
    assert str(EPOCH) == "1.0.0"
    assert (ONE.full_version, EPOCH.full_version) == ("1.0.0-1", "2:1.0.0-1.el9")
    assert str(InstalledPackage("0", "2.0", "1", (ONE,))) == "2.0, 1.0.0"


@pytest.mark.parametrize(
    ("name", "version", "spec"),
    [("z4m", None, "z4m"), ("z4m", "1.0.0", "z4m-1.0.0"), ("z4m", "1:1.0-2", "z4m-1:1.0-2")],
)
def test_a_package_is_named_with_its_version(name: str, version: str | None, spec: str) -> None:
    assert package_spec(name, version) == spec


@pytest.mark.parametrize(
    ("name", "version"), [("-y", None), ("z4m*", None), ("z4m", "1*"), ("z4m", "git:///x#main")]
)
def test_no_package_is_an_option_a_pattern_or_a_checkout(name: str, version: str | None) -> None:
    with pytest.raises(BadTree):
        package_spec(name, version)


@pytest.mark.parametrize(
    ("name", "readings"),
    [
        ("web", []),
        ("web-1", [("web", "1")]),
        ("web-1.0-2", [("web-1.0", "2"), ("web", "1.0-2")]),
        ("a-b-c-d", [("a-b-c", "d"), ("a-b", "c-d")]),
        ("-1", []),
        ("web-", [("web", "")]),
    ],
)
def test_a_name_may_be_read_as_another_package_and_its_version(
    name: str, readings: list[tuple[str, str]]
) -> None:
    assert list(other_readings(name)) == readings


LONG = "a-very-long-package-name-for-the-sake-of-a-wrapped-line"


@pytest.mark.parametrize(
    ("output", "name", "installed"),
    [
        pytest.param(
            "Installed Packages\nz4m.noarch        1.0.0-1        @local\n",
            "z4m",
            ONE,
            id="dnf",
        ),
        pytest.param(
            "Installed Packages\nz4m \t1.0.0-1 \tinstalled\n", "z4m", ONE, id="without arch"
        ),
        pytest.param("z4m.noarch 1.0.0-1 @local", "z4m", ONE, id="without header"),
        pytest.param(
            "Paquets installés\nz4m.x86_64 2:1.0.0-1.el9 @System\n", "z4m", EPOCH, id="localized"
        ),
        pytest.param(
            f"Installed Packages\n{LONG}.noarch\n                 1.0.0-1        @local\n",
            LONG,
            ONE,
            id="wrapped after the name",
        ),
        pytest.param(
            f"{LONG}.noarch 1.0.0-1\n                           @a-long-repository-name\n",
            LONG,
            ONE,
            id="wrapped after the version",
        ),
        pytest.param(
            "z4m-4.0.0.noarch  9-1 @local\nz4mmonitor.noarch 1.1.0-1 @local\nz4m.x.noarch 3-1 @l",
            "z4m",
            None,
            id="others only",
        ),
        pytest.param(
            "z4m-4.0.0.noarch  4.0.0-1 @local\n",
            "z4m-4.0.0",
            InstalledPackage("0", "4.0.0", "1"),
            id="version in the name",
        ),
        pytest.param(
            "z4m.i686 1.0.0-1 @l\nz4m.x86_64 1.0.0-1 @l\n", "z4m", ONE, id="two architectures"
        ),
        pytest.param(
            "z4m.noarch 1.0.0-1 @l\nz4m.noarch 2.0-1 @l\n",
            "z4m",
            InstalledPackage("0", "2.0", "1", (ONE,)),
            id="two versions",
        ),
        pytest.param(
            "Installed Packages\nz4m \t1.0.0 \tinstalled\n",
            "z4m",
            InstalledPackage("0", "1.0.0", ""),
            id="no release",
        ),
        pytest.param(
            "Installed packages\nz4m.noarch 2:1.0.0-1.el9 lab\n", "z4m", EPOCH, id="dnf5"
        ),
        pytest.param(
            "Installed packages\nz4m.noarch 1.0.0-1 <unknown>\n\n"
            "Available packages\nz4m.noarch 2.0-1 lab\nz4m.noarch 3.0-1 lab\n",
            "z4m",
            ONE,
            id="dnf5, which lists what is available too",
        ),
        pytest.param(
            "Available packages\nz4m.noarch 2.0-1 lab\n", "z4m", None, id="dnf5, available only"
        ),
        pytest.param(
            f"Installed Packages\n{LONG}.x86_64\n                 2:1.0.0-1.el9\n"
            f"                           @@System\n{LONG}.x86_64\n"
            "                 1.0.0-1        @local\n",
            LONG,
            InstalledPackage("0", "1.0.0", "1", (EPOCH,)),
            id="two versions, wrapped differently",
        ),
        pytest.param(
            "z4m.noarch 1.0~rc1-1 @l\n",
            "z4m",
            InstalledPackage("0", "1.0~rc1", "1"),
            id="a release candidate",
        ),
        pytest.param(
            "z4m.noarch 1.0^git1-0.1.el9 @l\n",
            "z4m",
            InstalledPackage("0", "1.0^git1", "0.1.el9"),
            id="a snapshot",
        ),
        pytest.param(
            "c++.tool_x.noarch 1.0.0-1 @l\n", "c++.tool_x", ONE, id="dots and plus in the name"
        ),
        pytest.param(
            "z4m.noarch 1.0.0-1 @l\nz4m.noarch 1:1.0.0-1 @l\n",
            "z4m",
            InstalledPackage("1", "1.0.0", "1", (ONE,)),
            id="two epochs",
        ),
        pytest.param("", "z4m", None, id="nothing"),
        pytest.param("Error: No matching Packages to list\n", "z4m", None, id="error"),
        pytest.param("z4m.noarch", "z4m", None, id="cut off"),
        pytest.param("z4m is locked - waiting\nz4m 12 kB", "z4m", None, id="prose"),
    ],
)
def test_yums_list_is_read_whatever_its_layout(
    output: str, name: str, installed: InstalledPackage | None
) -> None:
    assert parse_list_installed(output, name) == installed


word = st.text("abz09_.+~", min_size=1, max_size=8)


@given(
    name=word.filter(lambda name: name[0] not in ".+~"),
    epoch=st.integers(0, 99).map(str),
    version=word.map(lambda version: "1" + version),
    release=word,
    gaps=st.lists(st.sampled_from([" ", "\t", "\n", "   \n  "]), min_size=2, max_size=2),
)
def test_what_yum_lists_is_what_is_installed(
    name: str, epoch: str, version: str, release: str, gaps: list[str]
) -> None:
    package = InstalledPackage(epoch, version, release)
    line = f"{name}.noarch{gaps[0]}{package.full_version}{gaps[1]}@local"

    assert parse_list_installed(f"Installed Packages\n{line}\n", name) == package
    assert satisfies(package.full_version, package)
    assert satisfies(version, package)
