"""What an agent finds on its host, what it leaves there, and what it never touches."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.adapters.conftest import Host, Story, names_in
from tests.integration.adapters.test_durable import no_file_larger_than

from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.model import Deployment, Installed, UnversionedDeployment, Version

CMS = Deployment("z4m", None, "1.0.0", "z4m", "/cust/someapp/cms", 0)


def install(host: Host, name: str) -> None:
    write_file(host.opt / name / "bin/zookeeper-deploy", "#!/bin/sh\n")


def deploy(host: Host, app: str, stem: str, by: str | None = None) -> None:
    """Leave what a script and an agent leave; ``by`` is the software whose script it was."""
    write_file(host.etc / app / f"{stem}.deployed", "")
    if by:
        write_file(host.etc / app / f"{stem}.script", f"{host.opt}/{by}/bin/zookeeper-deploy")


def found(host: Host) -> list[UnversionedDeployment]:
    return list(host.files.installed().deployments)


# Removes software, and is killed when it removes the first directory.
CUT_OFF = """
import os, signal, sys
from zc.zkdeployment.adapters.host_state import HostFiles
def hook(event, _):
    if event == "os.rmdir":
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
HostFiles(sys.argv[1], sys.argv[2]).remove_software(sys.argv[3])
"""


def test_a_new_host_has_nothing(host: Host) -> None:
    assert host.files.installed() == Installed()


def test_software_is_what_has_a_script_and_deployments_are_what_etc_says(host: Host) -> None:
    install(host, "z4m")
    install(host, "z4mmonitor")
    (host.opt / "other").mkdir()
    deploy(host, "z4m", "cust,someapp,cms.0")
    deploy(host, "z4m", "cust2,someapp,cms.2")
    deploy(host, "other", "cust,x.0")
    write_file(host.etc / "z4m" / "zope.conf", "")

    assert host.files.installed() == Installed(
        (
            UnversionedDeployment("z4m", "z4m", "/cust/someapp/cms", 0),
            UnversionedDeployment("z4m", "z4m", "/cust2/someapp/cms", 2),
        ),
        frozenset({"z4m", "z4mmonitor"}),
        frozenset(),
    )


def test_a_role_controller_is_known_by_its_script(host: Host) -> None:
    write_file(host.opt / "lb" / "bin/starting-deployments", "#!/bin/sh\n")

    assert host.files.installed() == Installed((), frozenset(), frozenset({"lb"}))


def test_of_two_versions_only_the_recorded_one_owns_a_deployment(host: Host) -> None:
    install(host, "z4m")
    install(host, "z4m-4.0.0")
    deploy(host, "z4m", "cust,cms.0", by="z4m-4.0.0")
    deploy(host, "z4m", "cust2,cms.0", by="z4m")

    assert found(host) == [
        ("z4m", "z4m", "/cust2/cms", 0),
        ("z4m", "z4m-4.0.0", "/cust/cms", 0),
    ]


def test_a_deployment_that_was_never_recorded_belongs_to_what_could_have_made_it(
    host: Host,
) -> None:
    install(host, "z4m-4.0.0")
    deploy(host, "z4m", "cust,cms.0")

    assert found(host) == [("z4m", "z4m-4.0.0", "/cust/cms", 0)]


def test_versioned_software_with_a_version_of_its_own_is_found_in_its_own_directory(
    host: Host,
) -> None:
    install(host, "z4m-4")
    deploy(host, "z4m-4", "cust,cms.0", by="z4m-4")
    deploy(host, "z4m-4", "cust,other.0")

    assert found(host) == [("z4m-4", "z4m-4", "/cust/cms", 0)]


def test_software_with_a_dash_and_no_number_is_found_in_the_directory_of_its_application(
    host: Host,
) -> None:
    install(host, "z4m")
    install(host, "z4m-tools")
    deploy(host, "z4m", "cust,tools.0", by="z4m-tools")
    deploy(host, "z4m", "cust,cms.0")

    assert found(host) == [
        ("z4m", "z4m", "/cust/cms", 0),
        ("z4m", "z4m-tools", "/cust/tools", 0),
    ]


def test_files_of_other_kinds_are_passed_over_with_one_warning(host: Host, story: Story) -> None:
    install(host, "z4m")
    for stem in ("no-number", "cust,cms.01", "cust,,cms.0", "x\udcff.0"):
        deploy(host, "z4m", stem)
    install(host, "not a name")
    (host.opt / ".cache").mkdir()
    files = host.files

    assert files.installed().deployments == ()
    assert files.installed().applications == {"z4m"}
    assert story() == [
        f"WARNING Passing over {host.opt}/not a name: no software may have such a name",
        *(
            f"WARNING Passing over {host.etc}/z4m/{stem}.deployed:"
            " it is not called PATH.N.deployed"
            for stem in ("cust,,cms.0", "cust,cms.01", "no-number", "x\\udcff.0")
        ),
    ]


def test_a_checkout_is_known_by_its_metadata(host: Host) -> None:
    for name, kind in (("a", ".svn"), ("b", ".git"), ("c", "bin")):
        (host.opt / name / kind).mkdir(parents=True)
    files = host.files

    assert [files.checkout_kind(name) for name in "abcd"] == ["svn", "git", None, None]
    assert [files.has_software(name) for name in "abcd"] == [True, True, True, False]


def test_software_is_removed_and_a_link_is_not_followed(host: Host) -> None:
    precious = host.root / "srv/z4m/bin/zookeeper-deploy"
    write_file(precious, "")
    host.opt.mkdir()
    (host.opt / "link").symlink_to(host.root / "srv/z4m")
    (host.opt / "dangling").symlink_to("nowhere")
    write_file(host.opt / "z4m/deep/er", "")
    (host.opt / "z4m/deep/link").symlink_to(host.root / "srv")
    write_file(host.opt / "file", "")

    for name in ("link", "dangling", "z4m", "file", "missing"):
        host.files.remove_software(name)

    assert names_in(host.opt) == []
    assert precious.exists()


@pytest.mark.parametrize("name", ["", ".", "..", "../etc", "/etc", "a/b", "a\0b"])
def test_nothing_outside_opt_and_etc_can_be_named(host: Host, name: str) -> None:
    files = host.files
    for action in (
        files.software_path,
        files.remove_software,
        files.has_software,
        files.remove_configuration,
    ):
        with pytest.raises(ValueError, match="is not the name of anything in"):
            action(name)
    with pytest.raises(ValueError, match="is not the name of anything in"):
        files.prepare_deployment(CMS._replace(app=name))


def test_a_checkout_that_was_cut_off_is_known_to_the_next_agent(host: Host) -> None:
    host.files.change_begins("pywrite")

    assert host.files.is_cut_off("pywrite")
    assert not host.files.is_cut_off("z4m")
    host.files.change_done("pywrite")
    host.files.change_done("pywrite")
    assert not host.files.is_cut_off("pywrite")


def test_a_checkout_that_was_cut_off_goes_away_when_nothing_needs_it(host: Host) -> None:
    host.files.change_begins("pywrite")
    host.files.change_begins("gone")
    (host.opt / "pywrite").mkdir()

    assert host.files.installed().applications == {"pywrite", "gone"}
    for name in ("pywrite", "gone"):
        host.files.remove_software(name)
        assert not host.files.is_cut_off(name)
    assert host.files.installed().applications == frozenset()


def test_a_removal_that_was_cut_off_leaves_nothing_that_is_taken_for_software(host: Host) -> None:
    install(host, "pywrite")
    argv = [sys.executable, "-c", CUT_OFF, str(host.root), str(host.run), "pywrite"]
    assert subprocess.run(argv, check=False).returncode == -signal.SIGKILL
    assert names_in(host.opt) == ["pywrite"]

    assert host.files.is_cut_off("pywrite")
    assert host.files.installed().applications == {"pywrite"}


def test_a_deployment_is_recorded_with_its_script_and_forgotten_with_all_its_files(
    host: Host,
) -> None:
    files = host.files
    files.prepare_deployment(CMS)
    files.prepare_deployment(CMS)
    write_file(host.etc / "z4m/cust,someapp,cms.0.deployed", "")
    files.record_deployment(CMS)

    script = host.etc / "z4m/cust,someapp,cms.0.script"
    assert script.read_text() == f"{host.opt}/z4m/bin/zookeeper-deploy"
    assert names_in(host.etc / "z4m") == [
        "cust,someapp,cms.0.deployed",
        "cust,someapp,cms.0.script",
    ]

    for _ in range(2):
        files.forget_deployment(UnversionedDeployment("z4m", "z4m", CMS.path, 0))
        assert names_in(host.etc / "z4m") == []


def test_what_is_recorded_already_is_not_written_again(host: Host) -> None:
    files = host.files
    files.prepare_deployment(CMS)
    files.record_deployment(CMS)
    script = host.etc / "z4m/cust,someapp,cms.0.script"
    first = script.stat().st_ino
    files.record_deployment(CMS)
    assert script.stat().st_ino == first

    files.record_deployment(CMS._replace(rpm_name="z4m-4.0.0"))
    assert script.read_text().endswith("/opt/z4m-4.0.0/bin/zookeeper-deploy")


def test_a_configuration_directory_goes_if_it_is_empty(host: Host) -> None:
    host.files.prepare_deployment(CMS)
    write_file(host.etc / "z4m/junk", "")
    with pytest.raises(OSError, match="Directory not empty"):
        host.files.remove_configuration("z4m")

    (host.etc / "z4m/junk").unlink()
    host.files.remove_configuration("z4m")
    host.files.remove_configuration("z4m")
    assert not (host.etc / "z4m").exists()


@pytest.mark.parametrize(
    ("version", "text"),
    [(21, "21"), ("string-version-a", '"string-version-a"'), (1.5, "1.5"), (None, "null")],
)
def test_the_version_survives_a_restart(host: Host, version: Version, text: str) -> None:
    host.files.write_version(version)

    assert (host.run / "host_version").read_text() == text
    assert host.files.read_version() == version


def test_a_new_host_has_no_version(host: Host, story: Story) -> None:
    assert host.files.read_version() is None
    assert story() == []
    assert not host.run.exists()


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\xff\xfe", b'{"version": 1}', b"[1]", b"NaN", b"1e999", b"12 13"),
        *(b"[" * 50_000, b"1" * 5000, b'"' + b"x" * 70_000 + b'"'),
    ],
)
def test_a_version_that_cannot_be_read_is_set_aside(
    host: Host, story: Story, content: bytes
) -> None:
    path = host.run / "host_version"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)

    assert host.files.read_version() is None
    assert not path.exists()
    assert (host.run / "host_version.corrupt").exists()
    (line,) = story()
    assert line.startswith(f"WARNING Setting aside {path} as host_version.corrupt: ")

    host.files.write_version(3)
    assert host.files.read_version() == 3


def test_a_version_that_can_neither_be_read_nor_set_aside_is_none(
    host: Host, story: Story
) -> None:
    write_file(host.run / "host_version", "?")
    (host.run / "host_version.corrupt").mkdir()

    assert host.files.read_version() is None
    assert story()[1].startswith("WARNING Cannot set it aside: ")


def test_a_full_disk_keeps_the_old_version_and_says_so(host: Host) -> None:
    host.files.write_version("old")
    with no_file_larger_than(4), pytest.raises(OSError, match="File too large"):
        host.files.write_version("a longer version")

    assert host.files.read_version() == "old"


def test_the_status_tells_when_who_what_and_how_far(host: Host) -> None:
    before = time.time()
    host.files.save_status(22, "installing z4m\n1.0")
    after = time.time()

    when, process, version, status = (host.run / "status").read_text().split(None, 3)
    assert before <= float(when) <= after
    assert (process, version, status) == (str(os.getpid()), "22", "installing z4m 1.0")
    assert host.run.stat().st_mode & 0o777 == 0o755


def test_a_status_that_cannot_be_written_stops_no_deployment(host: Host, story: Story) -> None:
    files = host.files
    files.save_status(22, "done")
    with no_file_larger_than(4):
        files.save_status(23, "deploying")
        files.save_status(23, "got deployments")

    assert story() == ["WARNING Cannot write the status file: [Errno 27] File too large"]
    assert (host.run / "status").read_text().endswith("22 done")


def test_paths_are_below_the_root(host: Host, tmp_path: Path) -> None:
    assert host.files.software_path("z4m", "bin", "x") == f"{tmp_path}/root/opt/z4m/bin/x"


def test_a_version_that_was_begun_is_unfinished_until_it_is_reached(host: Host) -> None:
    """Over a restart, too: only a finished version may be taken for the state of a host."""
    assert not host.files.is_unfinished()
    host.files.begin_version(2)
    assert host.files.is_unfinished()
    host.files.write_version(2)
    assert not host.files.is_unfinished()
    assert host.files.read_version() == 2


def test_what_was_removed_but_not_forgotten_is_forgotten_later(host: Host) -> None:
    """An agent that is killed right after a script took an instance away leaves its record."""
    script = f"{host.opt}/web/bin/zookeeper-deploy"
    write_file(host.etc / "web/a.0.script", script)
    write_file(host.etc / "worker/a.0.script", script)
    write_file(host.etc / "worker/a.0.deployed", "")
    write_file(host.etc / "worker/b.0.script", script)
    write_file(host.etc / "other/a.0.script", "#!/bin/sh\n")
    write_file(host.etc / "other/start.script", script)
    host.files.forget_removed()
    left = sorted(str(path.relative_to(host.etc)) for path in host.etc.glob("*/*"))
    assert left == [
        "other/a.0.script",
        "other/start.script",
        "worker/a.0.deployed",
        "worker/a.0.script",
    ]
    assert not (host.etc / "web").exists()


def test_a_record_that_blocks_whoever_reads_it_is_none(host: Host) -> None:
    """An application may own its directory below ``/etc``."""
    install(host, "z4m-4.0.0")
    deploy(host, "z4m", "cust,cms.0")
    os.mkfifo(host.etc / "z4m/cust,cms.0.script")

    assert found(host) == [("z4m", "z4m-4.0.0", "/cust/cms", 0)]
    host.files.record_deployment(Deployment("z4m", None, None, "z4m-4.0.0", "/cust/cms", 0))
    recorded = (host.etc / "z4m/cust,cms.0.script").read_text()
    assert recorded.endswith("/z4m-4.0.0/bin/zookeeper-deploy")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_a_version_that_is_no_file_is_set_aside(
    host: Host, make: Callable[[Path], None], tmp_path: Path
) -> None:
    host.files.write_version(3)
    path = next(tmp_path.rglob("host_version"))
    path.unlink()
    make(path)

    assert host.files.read_version() is None
    assert os.path.lexists(path.with_name("host_version.corrupt"))
