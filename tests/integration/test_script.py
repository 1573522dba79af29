"""The Python helper for deployment scripts, at the moments that an agent brings about seldom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from zc.zk import ZK
from zc.zkdeployment.script import Failed, Instance, main


@pytest.fixture
def root(tmp_path: Path, zk_connection: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TEST_ROOT", str(tmp_path))
    monkeypatch.setenv("ZC_ZK_CONNECTION_STRING", zk_connection)
    monkeypatch.setenv("ZKDEPLOY_VERSION", "7")
    return tmp_path


def run(
    root: Path,
    *arguments: str,
    deploy: Callable[[Instance], object] = print,
    undeploy: Callable[[Instance], object] | None = None,
) -> object:
    """Run a script of the software web-2.0; return what it exits with."""
    program = str(root / "opt/web-2.0/bin/zookeeper-deploy")
    with pytest.raises(SystemExit) as ended:
        main(deploy, undeploy, argv=[program, *arguments])
    return ended.value.code


def test_an_instance_knows_its_places(root: Path) -> None:
    seen: list[Instance] = []
    assert run(root, "-r", "big", "/a,b/web", "3", deploy=seen.append) == 0
    (instance,) = seen
    assert (instance.app, instance.path, instance.n) == ("web", "/a,b/web", 3)
    assert (instance.subtype, instance.version, instance.name) == ("big", "7", "a%2Cb,web.3")
    assert instance.home == root / "opt/web-2.0"
    assert instance.configuration == root / "etc/web"
    assert (root / "etc/web/a%2Cb,web.3.deployed").read_text() == ""


def test_properties_come_from_any_node(root: Path, zk: ZK) -> None:
    zk.import_tree("/web : web\n  size => /other size\n/other\n  size = 3\n")
    seen: list[object] = []

    def deploy(instance: Instance) -> None:
        seen.extend([dict(instance.properties()), dict(instance.properties("/other"))])

    assert run(root, "/web", "0", deploy=deploy) == 0
    assert seen == [{"type": "web", "size": 3}, {"size": 3}]


@pytest.mark.parametrize(
    ("path", "configuration", "error"),
    [
        ("/none", None, "there is no node /none in ZooKeeper"),
        ("/broken", None, "cannot read /broken: "),
        ("/", "/etc/none.ini", "cannot read /: "),
    ],
)
def test_what_cannot_be_read_is_one_line(
    root: Path,
    zk: ZK,
    capsys: pytest.CaptureFixture[str],
    path: str,
    configuration: str | None,
    error: str,
) -> None:
    zk.import_tree("/broken\n  size => /nowhere size\n")

    def deploy(instance: Instance) -> None:
        instance.properties(path, configuration=configuration)

    assert run(root, "/web", "0", deploy=deploy) == 1
    shown = capsys.readouterr().err
    assert shown.startswith(f"zookeeper-deploy: {error}")
    assert shown.count("\n") == 1


def test_without_a_server_the_error_names_the_address(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZC_ZK_CONNECTION_STRING", "127.0.0.1:1")
    assert run(root, "/web", "0", deploy=Instance.properties) == 1
    assert "no ZooKeeper server answered at 127.0.0.1:1" in capsys.readouterr().err


def test_a_file_is_touched_only_if_it_differs(root: Path) -> None:
    changes: list[bool] = []
    place = root / "etc/web/web.0.conf"

    def deploy(instance: Instance) -> None:
        changes.append(instance.write("web.0.conf", "a", 0o640))
        changes.append(instance.changed)

    run(root, "/web", "0", deploy=deploy)
    before = place.stat()
    run(root, "/web", "0", deploy=deploy)
    assert place.stat().st_mtime_ns == before.st_mtime_ns
    place.chmod(0o644)  # somebody opened it: it is closed again
    run(root, "/web", "0", deploy=deploy)
    place.unlink()
    place.symlink_to("/etc/passwd")  # what is behind a link is never written to
    run(root, "/web", "0", deploy=deploy)
    assert changes == [True, True, False, False, True, True, True, True]
    assert (place.is_symlink(), place.read_text(), place.stat().st_mode & 0o777) == (
        False,
        "a",
        0o640,
    )


def test_what_failed_before_its_restart_is_restarted_and_removed_whole(root: Path) -> None:
    def failing(instance: Instance) -> None:
        instance.write(root / "srv/one", "1")
        raise Failed("no")

    seen: list[bool] = []
    assert run(root, "/web", "0", deploy=failing) == 1
    run(root, "/web", "0", deploy=lambda instance: seen.append(instance.changed))
    assert seen == [True]
    assert not (root / "srv/one").exists()  # the one that succeeded did not write it
    assert run(root, "/web", "0", deploy=failing) == 1
    assert run(root, "-u", "/web", "0") == 0
    assert not (root / "srv/one").exists()
    assert list((root / "etc/web").iterdir()) == []


def test_nothing_outside_of_the_root_is_written_or_removed(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A list that somebody tampered with must not make root remove files."""
    (root / "etc/web").mkdir(parents=True)
    outside = root.parent / f"{root.name}-outside"
    outside.write_text("mine")
    (root / "etc/web/web.0.deployed").write_text(f"../{outside.name}\n{outside}\n")
    assert run(root, "-u", "/web", "0") == 0
    assert outside.read_text() == "mine"
    assert run(root, "/web", "0", deploy=lambda it: it.write(outside, "theirs")) == 1
    assert "cannot be a file of an instance" in capsys.readouterr().err
    assert outside.read_text() == "mine"


def test_a_root_may_be_relative(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a person who tries a script by hand says it."""
    monkeypatch.chdir(root.parent)
    monkeypatch.setenv("TEST_ROOT", root.name)

    def deploy(instance: Instance) -> None:
        instance.write(instance.configuration / "web.conf", "a")

    assert run(root, "/web", "0", deploy=deploy) == 0
    assert (root / "etc/web/web.conf").read_text() == "a"
    assert (root / "etc/web/web.0.deployed").read_text() == "etc/web/web.conf\n"


@pytest.mark.parametrize(
    "arguments",
    [(), ("/x",), ("x", "0"), ("/x", "-1"), ("/x", "1_0"), ("/x", "+1"), ("-q", "/x", "0")],
)
def test_wrong_usage_is_status_2(root: Path, arguments: tuple[str, ...]) -> None:
    assert run(root, *arguments) == 2


def test_a_disk_that_is_full_leaves_the_old_file(root: Path) -> None:
    place = root / "etc/web/web.0.conf"
    run(root, "/web", "0", deploy=lambda instance: instance.write("web.0.conf", "old"))
    (root / "etc/web/.web.0.conf.new").mkdir()  # in the way, as a full disk would be
    assert run(root, "/web", "0", deploy=lambda it: it.write("web.0.conf", "new")) == 1
    assert place.read_text() == "old"
