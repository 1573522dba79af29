"""The sh helper for deployment scripts, in the shells that a host may have as ``/bin/sh``."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import zc.zkdeployment.script

_HELPER = Path(zc.zkdeployment.script.__file__).with_name("script.sh")


class Script:
    """A ``zookeeper-deploy`` of the software web-2.0, which a shell runs."""

    def __init__(self, root: Path, shell: list[str], path: str) -> None:
        self.root = root
        self.configuration = root / "etc/web"
        self._program = root / "opt/web-2.0/bin/zookeeper-deploy"
        self._program.parent.mkdir(parents=True)
        self._shell = shell
        self._environment = {"PATH": path, "TEST_ROOT": str(root)}

    def run(self, deploy: str, *arguments: str) -> tuple[int, str]:
        """Run it with these lines as ``deploy``; return its exit status and what it printed."""
        self._program.write_text(f'. "{_HELPER}"\ndeploy() {{\n{deploy}\n}}\nzkdeploy_main "$@"\n')
        done = subprocess.run(
            [*self._shell, str(self._program), *(arguments or ("/shop/web", "0"))],
            env=self._environment,
            cwd=self.root.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=30,
        )
        return done.returncode, done.stdout

    def files(self) -> dict[str, str]:
        """Return what is below the configuration of the application."""
        found = sorted(each for each in self.configuration.rglob("*") if each.is_file())
        return {str(each.relative_to(self.configuration)): each.read_text() for each in found}


@pytest.fixture(params=["sh", "bash", "busybox"])
def script(request: pytest.FixtureRequest, tmp_path: Path) -> Script:
    shell, path = [request.param], os.environ["PATH"]
    if request.param == "busybox":  # with its own grep, stat and so on
        path = str(tmp_path / "bin")
        (tmp_path / "bin").mkdir()
        subprocess.run(["busybox", "--install", "-s", path], check=True)
        shell = [f"{path}/sh"]
    (tmp_path / "root").mkdir()
    return Script(tmp_path / "root", shell, path)


def test_what_is_written_is_there_and_goes_away(script: Script) -> None:
    one, two = 'echo 1 | write_file "$etc/$name.1"', 'echo 2 | write_file "$etc/a b" 600'
    tell = "if changed; then echo changed; fi"
    assert script.run(f"{one}\n{two}\n{tell}") == (0, "changed\n")
    assert (script.configuration / "a b").stat().st_mode & 0o777 == 0o600
    assert script.run(f"{one}\n{two}\n{tell}") == (0, "")
    assert script.run(f"{one}\n{tell}") == (0, "")
    deployed = "shop,web.0.deployed"
    assert script.files() == {deployed: "etc/web/shop,web.0.1\n", "shop,web.0.1": "1\n"}
    assert script.run(":") == (0, "")
    assert script.files() == {deployed: ""}
    assert script.run(one) == (0, "")
    assert script.run(":", "-u", "/shop/web", "0") == (0, "")
    assert script.files() == {}


def test_a_path_may_be_said_in_several_ways(script: Script) -> None:
    """The file must not be taken for another one, which goes away."""
    for path in ("$etc/a.conf", "a.conf", "$etc//a.conf", "$etc/././/a.conf"):
        assert script.run(f'echo 1 | write_file "{path}"') == (0, ""), path
        assert script.files() == {"a.conf": "1\n", "shop,web.0.deployed": "etc/web/a.conf\n"}


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/outside/web.conf", "cannot be a file of an instance"),
        ("$etc/../other/web.conf", "cannot be a file of an instance"),
        ("$etc/a\nb", "cannot be a file of an instance"),
        ("$etc", "is a directory"),
        ("$home/bin/zookeeper-deploy/x", "cannot write"),
    ],
)
def test_what_cannot_be_removed_again_is_not_written(
    script: Script, path: str, error: str
) -> None:
    """Also in a condition, where a shell passes over errors."""
    script.run(":")
    status, printed = script.run(f'if echo 1 | write_file "{path}"; then echo done; fi\nfalse')
    assert status == 1
    assert error in printed
    assert "done" not in printed
    assert script.files() == {"shop,web.0.deployed": ""}


def test_nothing_is_written_to_where_a_link_leads(script: Script) -> None:
    elsewhere = script.root / "elsewhere"
    elsewhere.mkdir()
    script.configuration.mkdir(parents=True)
    (script.configuration / "web.conf").symlink_to(elsewhere)
    assert script.run("echo 1 | write_file web.conf") == (0, "")
    assert list(elsewhere.iterdir()) == []
    assert script.files()["web.conf"] == "1\n"


def test_a_root_may_be_relative(script: Script) -> None:
    """As a person who tries a script by hand says it."""
    script._environment["TEST_ROOT"] = "root/"
    assert script.run("echo 1 | write_file web.conf") == (0, "")
    assert script.files()["shop,web.0.deployed"] == "etc/web/web.conf\n"
