"""A host goes back to an old revision only when a person wants it to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.integration.adapters.conftest import names_in
from tests.integration.adapters.test_durable import no_file_larger_than

from zc.zkdeployment.adapters.accepted import Accepted
from zc.zkdeployment.errors import BadRevision

A, B = "a1" * 32, "b2" * 32


def next_step(run: Path, serial: int) -> str:
    return (
        "; somebody may have put something old or forged in its place. If ZooKeeper was set up"
        f" anew, publish with 'zkdeploy sync --serial N' where N is above {serial}, or remove"
        f" {run}/accepted by hand"
    )


@pytest.fixture
def accepted(tmp_path: Path) -> Accepted:
    """What a host knows that accepted serial 7 with digest A."""
    Accepted(str(tmp_path)).keep(7, A)
    return Accepted(str(tmp_path))


def test_a_new_host_accepts_any_revision_and_remembers_it(tmp_path: Path) -> None:
    run = tmp_path / "var/run"
    accepted = Accepted(str(run))
    accepted.check(0, A)
    assert not run.exists()
    accepted.keep(3, A)
    assert json.loads((run / "accepted").read_text()) == {"serial": 3, "digest": A}
    assert names_in(run) == ["accepted"]


@pytest.mark.parametrize(("serial", "digest"), [(7, A), (8, A), (8, B), (10**30, B)])
def test_the_same_revision_and_newer_ones_are_good(
    accepted: Accepted, serial: int, digest: str
) -> None:
    accepted.check(serial, digest)
    accepted.keep(serial, digest)
    accepted.check(serial, digest)


@pytest.mark.parametrize("digest", [A, B])
def test_an_older_revision_is_refused_with_the_next_step(
    accepted: Accepted, tmp_path: Path, digest: str
) -> None:
    with pytest.raises(BadRevision) as caught:
        accepted.check(6, digest)
    assert str(caught.value) == (
        "serial 6 is older than serial 7, which this host accepted last" + next_step(tmp_path, 7)
    )


def test_another_revision_with_the_same_serial_is_refused(
    accepted: Accepted, tmp_path: Path
) -> None:
    with pytest.raises(BadRevision) as caught:
        accepted.check(7, B)
    assert str(caught.value) == (
        f"serial 7 has digest {B}, but this host accepted serial 7 with digest {A}"
        + next_step(tmp_path, 7)
    )


@pytest.mark.parametrize(("serial", "digest"), [(6, B), (7, B), (7, A)])
def test_what_is_remembered_only_grows(
    accepted: Accepted, tmp_path: Path, serial: int, digest: str
) -> None:
    before = (tmp_path / "accepted").stat()
    accepted.keep(serial, digest)
    after = (tmp_path / "accepted").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    accepted.check(7, A)


def test_a_person_can_make_a_running_agent_forget(accepted: Accepted, tmp_path: Path) -> None:
    (tmp_path / "accepted").unlink()
    accepted.check(1, B)
    accepted.keep(1, B)
    accepted.check(1, B)


def test_a_full_disk_does_not_forget(accepted: Accepted, tmp_path: Path) -> None:
    with no_file_larger_than(10), pytest.raises(OSError, match="File too large"):
        accepted.keep(8, B)
    accepted.check(7, A)
    assert names_in(tmp_path) == ["accepted"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"7",
        b"[7]",
        b"[" * 4096,
        b"1" * 4096,
        b'{"serial": 7}',
        b'{"serial": true, "digest": "a1"}',
        b'{"serial": 7.0, "digest": "a1"}',
        b'{"serial": "7", "digest": "a1"}',
        b'{"serial": 7, "digest": null}',
        b'{"serial": 7, "digest": ""}',
        b'{"serial": 7, "digest": "A1"}',
        b'{"serial": 7, "digest": "a1"}' + b" " * 4096,
    ],
)
def test_a_damaged_memory_accepts_nothing_until_a_person_looks(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "accepted").write_bytes(content)
    accepted = Accepted(str(tmp_path))
    for use in (accepted.check, accepted.keep):
        with pytest.raises(BadRevision, match=f"{tmp_path}/accepted is damaged. Compare what is"):
            use(8, A)
    assert (tmp_path / "accepted").read_bytes() == content


def test_a_memory_that_cannot_be_read_accepts_nothing(tmp_path: Path) -> None:
    (tmp_path / "accepted").mkdir()
    with pytest.raises(BadRevision, match=f"{tmp_path}/accepted cannot be read: .*Is a directory"):
        Accepted(str(tmp_path)).check(8, A)


def test_a_newer_release_may_remember_more(tmp_path: Path) -> None:
    (tmp_path / "accepted").write_text(json.dumps({"serial": 7, "digest": A, "at": "today"}))
    Accepted(str(tmp_path)).check(7, A)
