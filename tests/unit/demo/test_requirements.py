"""Where the demo cannot run, one message says all that has to be done."""

from __future__ import annotations

import pytest

from zc.zkdeployment.demo.errors import DemoFailed
from zc.zkdeployment.demo.requirements import check_requirements


def test_a_machine_that_has_it_all_will_do() -> None:
    check_requirements(user=lambda: 0)


def test_all_that_is_missing_is_named_at_once() -> None:
    """Nobody wants to learn of one missing program at a time."""
    with pytest.raises(DemoFailed) as failed:
        check_requirements(which=lambda _: None, user=lambda: 1000)
    text = str(failed.value)
    for word in ("rpmbuild", "createrepo_c", "dnf", "svnadmin", "git", "java", "as root"):
        assert word in text
    assert "apt-get install --no-install-recommends createrepo-c dnf git rpm subversion" in text


def test_what_is_there_is_not_asked_for() -> None:
    with pytest.raises(DemoFailed) as failed:
        check_requirements(
            which=lambda name: None if name == "git" else f"/bin/{name}", user=lambda: 0
        )
    assert "No git on PATH" in str(failed.value)
    assert "java" not in str(failed.value)
