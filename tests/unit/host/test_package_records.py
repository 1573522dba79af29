"""What rpm and dpkg print about installed packages, and what it means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment.host.package_records import (
    PackageRecord,
    by_name,
    debian_version,
    difference,
    fits,
    in_words,
    parse_dpkg,
    parse_madison,
    parse_rpm,
    parse_simulated_removal,
    to_keep,
)
from zc.zkdeployment.tree.packages import InstalledPackage

RPM = (
    "web\t0\t2.0\t1\tnoarch\nweb\t0\t1.0\t1\tnoarch\npackage nope is not installed\n"
    "lib\t2\t1.0\t3\tx86_64\nlib\t2\t1.0\t3\ti686\n"
    "gpg-pubkey\t0\tabc\tdef\t(none)\nwarning: something\n"
)

DPKG = (
    "web\t2:1.0-a-1\tall\tinstalled\nhalf\t1.0\tamd64\thalf-configured\n"
    "gone\t1.0\tall\tconfig-files\nnever\t\t\tnot-installed\n"
    "busy\t1.0\tall\ttriggers-pending\ndpkg-query: no packages found matching nope\n"
)


def record(version: str, name: str = "web", *, cut_off: bool = False) -> PackageRecord:
    return PackageRecord(name, "noarch", InstalledPackage("0", version, "1", cut_off=cut_off))


def test_rpm_is_understood() -> None:
    assert [str(each) for each in parse_rpm(RPM)] == [
        *("web-2.0-1", "web-1.0-1", "lib-2:1.0-3", "lib-2:1.0-3"),
    ]
    found = by_name(list(parse_rpm(RPM)))
    assert str(found["web"]) == "1.0, 2.0"
    assert found["lib"].duplicates == ()  # it is there for two architectures


def test_dpkg_is_understood_and_knows_what_was_cut_off() -> None:
    found = by_name(list(parse_dpkg(DPKG)))
    assert found == {
        "web": InstalledPackage("2", "1.0-a", "1"),
        "half": InstalledPackage("0", "1.0", "", cut_off=True),
        "busy": InstalledPackage("0", "1.0", ""),
    }


@given(st.text(alphabet="a1-.:\t\n "))
def test_whatever_is_printed_is_understood_or_left_out(text: str) -> None:
    for parse in (parse_rpm, parse_dpkg):
        for found in parse(text):
            assert "\n" not in found.name
    parse_madison(text)
    parse_simulated_removal(text)


@pytest.mark.parametrize("text", ["1.0", "1.0-1", "2:1.0-1", "2:1.0", "1-2-3", "0~rc1-1+b2"])
def test_a_version_of_debian_is_the_same_again(text: str) -> None:
    assert debian_version(text).full_version == text


def test_what_apt_offers_is_the_highest_first() -> None:
    offered = parse_madison(
        "       web |      2.0-1 | file:/repo ./ Packages\n"
        "       web |      1.0-1 | file:/repo ./ Packages\n"
        "    worker |        1.0 | file:/repo ./ Packages\nN: Unable to locate package nope\n"
    )
    assert offered == {"web": ["2.0-1", "1.0-1"], "worker": ["1.0"]}


def test_what_apt_would_remove_is_found() -> None:
    assert parse_simulated_removal(
        "The following packages will be REMOVED:\n  lib needs\n"
        "Remv needs [1]\nRemv lib:amd64 [1] [needs ]\n"
    ) == {"needs", "lib"}


@pytest.mark.parametrize(
    ("versions", "wanted", "kept"),
    [
        ([], "1.0", None),
        (["1.0"], "2.0", "1.0"),
        (["2.0", "1.0", "3.0"], "1.0", "1.0"),
        (["2.0", "3.0"], "1.0", "3.0"),
        (["2.0", "3.0"], None, "3.0"),
    ],
)
def test_of_several_versions_the_wanted_one_stays(
    versions: list[str], wanted: str | None, kept: str | None
) -> None:
    found = to_keep([record(version) for version in versions], wanted)
    assert (found and found.package.version) == kept


def test_a_version_fits_whether_it_is_whole_or_not() -> None:
    assert fits("1.0", record("1.0", cut_off=True))
    assert not fits("1.0", record("2.0"))


def test_what_differs_is_told_also_if_it_is_the_same_package_twice() -> None:
    one, two = record("1.0"), record("2.0")
    assert difference([one], [one]) == ""
    assert difference([one], [two]) == "missing: web-1.0-1; too many: web-2.0-1"
    assert difference([one], [one, one]) == "too many: web-1.0-1"
    assert difference([one, two], []) == "missing: web-1.0-1, web-2.0-1"


def test_of_very_many_things_a_few_are_told() -> None:
    assert in_words([*"abcde"]) == "a, b, c, d, e"
    assert in_words([*"abcdefg"]) == "a, b, c, d, e and 2 more"
