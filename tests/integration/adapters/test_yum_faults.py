"""What must hold whatever packages, yum and others do: cases of the fault laboratory.

All of them are tried by ``script/faults --row package_matrix``; here are those that only
one guard of the product each stands for.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest
from tests.faults import package_kills, package_table, package_troubles
from tests.faults.package_bench import Case

CASES = {
    case.name: case
    for case in chain(package_table.cases(), package_kills.cases(), package_troubles.cases())
}


@pytest.mark.parametrize(
    "name",
    [
        "killed in an installation at %post",
        "killed in an upgrade at %postun of 1.0, then 1.0 is wanted",
        "killed in a removal at %postun, then it is wanted",
        "rpm at work with another package",
        "yum at work for longer than is waited",
        "yum installs an older version meanwhile",
        "a version that makes the name of another package",
        "a name that names another package's version",
        "the directory is gone",
        "the database of packages is garbage",
        "the repository is gone",
        "an unknown version",
    ],
)
def test_a_package_is_whole_or_there_is_an_error(name: str, tmp_path: Path) -> None:
    case: Case = CASES[name]
    assert case.violations(tmp_path / "case") == []


@pytest.mark.parametrize(
    "name",
    [
        "killed in an upgrade at %postun of 1.0, then 1.0 is wanted",
        "yum at work for longer than is waited",
        "a version that makes the name of another package that is there",
        "%preun of the old fails in an upgrade",
        "the directory is gone",
    ],
)
def test_so_it_is_where_packages_change_at_once(name: str, tmp_path: Path) -> None:
    case: Case = CASES[name]
    assert case.violations(tmp_path / "case", "dnf") == []


def test_each_case_has_a_name_of_its_own() -> None:
    cases = [*package_table.cases(), *package_kills.cases(), *package_troubles.cases()]
    assert len(cases) == len(CASES)
