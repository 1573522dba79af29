"""What people see of a host, event by event."""

from __future__ import annotations

from zc.zkdeployment.errors import CommandFailed, InstallFailed
from zc.zkdeployment.reports.installed_software import InstalledSoftware, seen_software
from zc.zkdeployment.reports.report import (
    MOST_LINES,
    MOST_RESULTS,
    Activity,
    Drift,
    Report,
    Result,
)
from zc.zkdeployment.reports.reporting import Account, Now, last_lines, output_of


def now(seconds: float) -> Now:
    return Now(f"at {seconds:g}", seconds)


IDLE = Account(Report(Activity.IDLE, 1))
FAILURE = CommandFailed(("/opt/web/bin/zookeeper-deploy", "/x", "0"), "", "one\ntwo\n")


def test_a_deployment_is_told_from_step_to_step() -> None:
    account = IDLE.begins(2, now(10))
    assert account.report == Report(
        Activity.DEPLOYING, 2, "deploying", since="at 10", began="at 10"
    )

    account = account.step("update software", now(11)).step("installing web 2", now(12))
    assert account.report.results == (), "what passes leaves no result"
    assert (account.report.step, account.report.since) == ("installing web 2", "at 12")

    account = account.step("deploying /x 0", now(15))
    assert account.report.results == (Result("installing web 2", True, 3.0, "at 15"),)

    ended = account.reached(2, now(15.25)).report
    assert ended == Report(
        Activity.IDLE,
        2,
        since="at 15.25",
        began="at 10",
        seconds=5.25,
        results=(
            Result("installing web 2", True, 3.0, "at 15"),
            Result("deploying /x 0", True, 0.25, "at 15.25"),
        ),
    )


def test_the_software_is_told_until_it_is_looked_at_again() -> None:
    seen = seen_software("at 1", [InstalledSoftware("web", "1-1")])
    account = IDLE.has(seen).begins(2, now(2)).step("deploying /x 0", now(3))
    assert account.report.software == seen
    assert account.failed(FAILURE, now(4)).report.software == seen
    assert account.reached(2, now(4)).report.software == seen
    assert account.has(None).report.software is None


def test_who_waits_says_for_what_and_since_when() -> None:
    account = IDLE.begins(2, now(0)).step("update software", now(0)).waits("/x", now(1))
    assert account.report.activity is Activity.WAITING
    assert (account.report.waits_for, account.report.since) == ("/x", "at 1")
    assert account.waits("/x", now(5)) is account, "it still waits for the same"

    other = account.waits("/y", now(6))
    assert (other.report.waits_for, other.report.since) == ("/y", "at 6")

    goes_on = other.step("deploying /y 0", now(9)).report
    assert (goes_on.activity, goes_on.waits_for) == (Activity.DEPLOYING, None)
    assert [(r.step, r.seconds) for r in goes_on.results] == [
        ("waiting for the lock of /x", 5.0),
        ("waiting for the lock of /y", 3.0),
    ]


def test_a_failure_keeps_step_message_and_output() -> None:
    report = IDLE.begins(2, now(0)).step("deploying /x 0", now(1)).failed(FAILURE, now(3)).report
    assert report.activity is Activity.FAILED
    assert report.failure is not None
    assert (report.failure.step, report.failure.at) == ("deploying /x 0", "at 3")
    assert report.failure.message == "Command failed: /opt/web/bin/zookeeper-deploy /x 0"
    assert report.failure.output == ("one", "two")
    assert report.results == (Result("deploying /x 0", False, 2.0, "at 3"),)
    assert report.seconds == 3.0


def test_a_step_that_passes_is_told_where_it_fails() -> None:
    report = IDLE.begins(2, now(0)).failed(ValueError("bad tree"), now(1)).report
    assert report.results == (Result("deploying", False, 1.0, "at 1"),)
    assert report.failure is not None
    assert (report.failure.step, report.failure.output) == ("deploying", ())


def test_a_failure_is_over_when_the_next_deployment_begins_or_there_is_nothing_to_do() -> None:
    failed = IDLE.begins(2, now(0)).failed(FAILURE, now(1))
    again = failed.begins(3, now(2)).report
    assert (again.failure, again.results) == (None, ())
    rests = failed.rests(1, now(2)).report
    assert (rests.activity, rests.version, rests.failure) == (Activity.IDLE, 1, None)


def test_rest_goes_on_unchanged() -> None:
    assert IDLE.rests(1, now(5)) is IDLE


def test_a_deployment_that_was_left_says_so() -> None:
    report = IDLE.begins(2, now(0)).step("deploying /x 0", now(1)).abandoned(now(2)).report
    assert (report.activity, report.step) == (Activity.ABANDONED, "deploying /x 0")
    assert report.results[-1] == Result("deploying /x 0", True, 1.0, "at 2")


def test_the_hook_after_a_deployment_is_a_step_of_it() -> None:
    account = IDLE.begins(2, now(0)).reached(2, now(1)).step("running after hook", now(1))
    assert account.report.activity is Activity.DEPLOYING
    report = account.rests(2, now(4)).report
    assert report.results == (Result("running after hook", True, 3.0, "at 4"),)
    assert report.seconds == 4.0


def test_drift_stays_until_a_deployment_is_done_or_nothing_is_found() -> None:
    drift = Drift("at 1", ("package web is not installed",))
    drifted = IDLE.verified(drift)
    assert drifted.begins(2, now(2)).report.drift == drift
    assert drifted.begins(2, now(2)).reached(2, now(3)).report.drift is None
    assert drifted.verified(Drift("at 4")).report.drift == Drift("at 4")


def test_drift_that_cannot_be_repaired_is_no_failure_of_the_host() -> None:
    account = IDLE.begins(1, now(0)).step("deploying /x 0", now(0)).unrepaired(FAILURE, now(1))
    assert (account.report.activity, account.report.step) == (Activity.IDLE, None)
    assert account.report.failure is not None
    assert account.report.failure.output == ("one", "two")
    assert account.rests(1, now(2)) is account
    assert account.verified(Drift("at 3")).report.failure is None, "it was mended by hand"


def test_only_the_last_results_are_kept() -> None:
    account = IDLE.begins(2, now(0))
    for n in range(1000):
        account = account.step(f"deploying /x {n}", now(n))
    assert len(account.report.results) == MOST_RESULTS
    assert account.report.results[-1].step == "deploying /x 998"


def test_the_output_of_a_failure_is_found_behind_it() -> None:
    failed = InstallFailed("Failed to install web-2")
    failed.__cause__ = FAILURE
    assert output_of(failed) == ("one", "two")
    assert output_of(ValueError("no program")) == ()


def test_the_last_lines_are_few_and_short() -> None:
    assert last_lines("") == ()
    assert last_lines("\n \n") == ()
    assert last_lines("one\n\ntwo\n\n") == ("one", "", "two")
    many = last_lines("".join(f"{n} {'x' * 1000}\n" for n in range(100)))
    assert len(many) == MOST_LINES
    assert many[-1].startswith("99 ")
    assert max(map(len, many)) == 200
