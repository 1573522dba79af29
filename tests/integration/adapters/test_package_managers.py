"""Which package manager an agent uses where nobody said, and where somebody did."""

from __future__ import annotations

from pathlib import Path

import pytest

from zc.zkdeployment.adapters.package_managers import package_manager
from zc.zkdeployment.lab.packages import write_file

YUM, DNF, APT = ("yum",), ("dnf", "rpm"), ("apt-get", "dpkg-query")


@pytest.mark.parametrize(
    ("setting", "programs", "debian", "expected"),
    [
        (None, (*YUM, *DNF), False, "yum"),
        (None, (*YUM, *APT), True, "yum"),
        (None, DNF, False, "dnf"),
        (None, APT, True, "apt"),
        (None, (), False, "yum"),
        ("auto", (*YUM, *DNF), False, "dnf"),
        ("auto", YUM, False, "yum"),
        ("auto", ("dnf",), False, "yum"),
        ("auto", (*DNF, *APT), True, "apt"),
        ("auto", (*DNF, *APT), False, "dnf"),
        ("auto", DNF, True, "dnf"),
        ("auto", APT, False, "apt"),
        ("auto", (), True, "yum"),
        ("yum", (*DNF, *APT), True, "yum"),
        ("dnf", YUM, False, "dnf"),
        ("apt", YUM, False, "apt"),
    ],
)
def test_what_was_said_counts_then_yum_then_what_the_host_has(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    setting: str | None,
    programs: tuple[str, ...],
    debian: bool,
    expected: str,
) -> None:
    for program in programs:
        write_file(tmp_path / "bin" / program, "#!/bin/sh\n")
    if debian:
        write_file(tmp_path / "etc/debian_version", "12.0\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    assert package_manager(setting, str(tmp_path)) == expected
