"""What dnf and rpm said, as it was recorded, and what it means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment.host.package_output import (
    busy,
    failed_scriptlets,
    no_answer,
    overtaken,
    ran_transaction,
    reason,
    says_already_installed,
    says_interrupted,
    says_protected,
    unmatched,
    unreadable,
)

TESTED = """\
Running transaction check
Transaction check succeeded.
Running transaction test
Transaction test succeeded.
"""

INSTALLED = f"""\
{TESTED}Running transaction
  Preparing        :                                                        1/1
  Installing       : a-1.0-1.noarch                                         1/1

Complete!
"""

NOTHING_TO_DO = """\
Last metadata expiration check: 0:00:01 ago on Tue Nov 24 11:56:51 2026.
Package a-4.0-1.noarch is already installed.
Dependencies resolved.
Nothing to do.
Complete!
"""

PRE_FAILED = f"""\
{TESTED}Running transaction
  Running scriptlet: a-3.0-1.noarch                                         1/2
error: lua script failed: [string "%prein(a-3.0-1.noarch)"]:1: no disk

Error in PREIN scriptlet in rpm package a
  Verifying        : a-3.0-1.noarch                                         1/2

Failed:
  a-1.0-1.noarch                         a-3.0-1.noarch

Error: Transaction failed
"""

UNSATISFIED = """\
(try to add '--skip-broken' to skip uninstallable packages)
Error:
 Problem: conflicting requests
  - nothing provides nowhere needed by req-1-1.noarch
"""

CONFLICT = """\
Running transaction test
Error: Transaction test error:
  file /opt/x from install of a-3.0-1.noarch conflicts with file from package a-2.0-1.noarch


"""

LOCKED = f"""\
{TESTED}Running transaction
RPM: error: can't create transaction lock on /rpm/.rpm.lock (Resource temporarily unavailable)
Error: Could not run transaction.
"""

OVERTAKEN = f"""\
Running transaction check
Waiting for process with pid 5830 to finish.
Transaction check succeeded.
{CONFLICT}"""

NO_REPOSITORY = """\
lab                                             0.0  B/s |   0  B     00:00
Errors during downloading metadata for repository 'lab':
  - Curl error (37): Couldn't read a file:// file for file:///x [Couldn't open file /x]
Error: Failed to download metadata for repo 'lab': Cannot download repomd.xml
"""

GARBAGE = """\
error: sqlite failure: CREATE TABLE IF NOT EXISTS 'Packages': file is not a database
error: cannot open Packages index using sqlite - No such file or directory (2)
error: cannot open Packages database in
"""


@pytest.mark.parametrize(
    ("output", "why"),
    [
        pytest.param("Error: Couldn't find package squid-bad\n", "", id="yum finds nothing"),
        pytest.param(
            "No match for argument: a-9\nError: Unable to find a match: a-9\n", "", id="nor dnf"
        ),
        pytest.param(
            "Failed to resolve the transaction:\nNo match for argument: a-9\n", "", id="nor dnf5"
        ),
        pytest.param("Error: No matching Packages to list\n", "", id="nothing is installed"),
        pytest.param("", "", id="silence"),
        pytest.param("what now?\n\n", "what now?", id="something else"),
        pytest.param(
            PRE_FAILED,
            'error: lua script failed: [string "%prein(a-3.0-1.noarch)"]:1: no disk; '
            "Error in PREIN scriptlet in rpm package a; Error: Transaction failed",
            id="a scriptlet",
        ),
        pytest.param(
            UNSATISFIED,
            "Problem: conflicting requests; - nothing provides nowhere needed by req-1-1.noarch",
            id="a dependency",
        ),
        pytest.param(
            CONFLICT,
            "Error: Transaction test error: file /opt/x from install of a-3.0-1.noarch "
            "conflicts with file from package a-2.0-1.noarch",
            id="a file",
        ),
        pytest.param(
            NO_REPOSITORY,
            "- Curl error (37): Couldn't read a file:// file for file:///x "
            "[Couldn't open file /x]; "
            "Error: Failed to download metadata for repo 'lab': Cannot download repomd.xml",
            id="a repository",
        ),
        pytest.param(
            "Package a-1.0-1.noarch.rpm is not signed\nError: GPG check FAILED\n",
            "Package a-1.0-1.noarch.rpm is not signed; Error: GPG check FAILED",
            id="no signature",
        ),
        pytest.param(
            "[Errno 28] No space left on device\n",
            "[Errno 28] No space left on device",
            id="no room",
        ),
        pytest.param(
            "Error: Transaction test error:\n"
            "  At least 4MB more space needed on the / filesystem.\n\n"
            "Error Summary\n-------------\n",
            "Error: Transaction test error: At least 4MB more space needed on the / filesystem.; "
            "Error Summary",
            id="no room for a package",
        ),
    ],
)
def test_a_failure_is_told_in_a_line(output: str, why: str) -> None:
    assert reason(output) == why


@given(st.text() | st.sampled_from([PRE_FAILED, UNSATISFIED, GARBAGE]).map(lambda text: text * 99))
def test_a_reason_is_one_line_and_bounded(output: str) -> None:
    assert len(reason(output)) <= 500
    assert len(reason(output).splitlines()) <= 1


@pytest.mark.parametrize(
    ("output", "ran"),
    [
        (INSTALLED, True),
        (PRE_FAILED, True),
        (INSTALLED.replace("Running transaction\n", "Running Transaction\n"), True),
        (NOTHING_TO_DO, False),
        (TESTED, False),
        (CONFLICT, False),
        (LOCKED, False),
        ("yum -y install squid-1.0\n", False),
    ],
)
def test_whether_packages_may_have_changed(output: str, ran: bool) -> None:
    assert ran_transaction(output) is ran


def test_what_keeps_dnf_from_working_is_told_apart_from_failures() -> None:
    lock = "can't create transaction lock on /rpm/.rpm.lock"
    assert (busy(LOCKED) or "").startswith(lock)
    assert overtaken(OVERTAKEN)
    assert unreadable(GARBAGE) == GARBAGE.splitlines()[0]
    for output in (INSTALLED, NOTHING_TO_DO, PRE_FAILED, CONFLICT, NO_REPOSITORY):
        assert busy(output) is None
        assert unreadable(output) is None
        assert not overtaken(output)
    assert not overtaken(f"Waiting for process with pid 1 to finish.\n{PRE_FAILED}")


def test_that_nothing_was_done_is_seen() -> None:
    assert says_already_installed(NOTHING_TO_DO)
    assert says_already_installed('Package "a-1.0-1.noarch" is already installed.\n')
    assert not says_already_installed(INSTALLED)
    assert not says_already_installed("GPG key at file:///k (0x86) is already installed\n")


def test_scriptlets_that_failed_are_found() -> None:
    assert list(failed_scriptlets(PRE_FAILED)) == ["Error in PREIN scriptlet in rpm package a"]
    assert list(failed_scriptlets(INSTALLED)) == []


APT_POST_FAILED = """\
Reading package lists...
Preparing to unpack .../post_1_all.deb ...
Unpacking post (1) ...
Setting up post (1) ...
dpkg: error processing package post (--configure):
 installed post package post-installation script subprocess returned error exit status 1
Errors were encountered while processing:
 post
E: Sub-process /usr/bin/dpkg returned an error code (1)
"""

APT_LOCKED = """\
E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4242 (apt-get)
E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend)
"""


def test_apt_is_understood() -> None:
    assert ran_transaction(APT_POST_FAILED)
    assert reason(APT_POST_FAILED) == (
        "dpkg: error processing package post (--configure): installed post package"
        " post-installation script subprocess returned error exit status 1;"
        " E: Sub-process /usr/bin/dpkg returned an error code (1)"
    )
    assert not ran_transaction(APT_LOCKED)
    assert (busy(APT_LOCKED) or "").startswith("Could not get lock /var/lib/dpkg/lock-frontend")
    assert says_interrupted("E: dpkg was interrupted, you must manually run 'dpkg --configure -a'")
    assert not says_interrupted(APT_LOCKED)


def test_what_there_is_not_is_named() -> None:
    said = (
        "No match for argument: a-9\nNo match for argument: b\nError: Unable to find a match: a-9"
    )
    assert unmatched(said) == ["a-9", "b"]
    assert unmatched(PRE_FAILED) == []


def test_that_something_protected_would_go_is_seen() -> None:
    said = "Error:\n Problem: The operation would result in removing the following protected"
    assert (says_protected(f"{said} packages: web\n") or "").endswith("protected packages: web")
    assert says_protected(CONFLICT) is None


def test_an_answer_is_told_from_none() -> None:
    assert no_answer("package web is not installed\n") is None
    assert no_answer("dpkg-query: no packages found matching web\n") is None
    assert no_answer("error: cannot open Packages database in /rpm\n") is not None
    assert no_answer("dpkg-query: error: parsing file 'status'\n") is not None
