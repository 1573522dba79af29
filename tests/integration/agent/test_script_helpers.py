"""Scripts that are written with the helpers, in sh and in Python, run by a real agent."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.host import Host, running_host

import zc.zk
import zc.zkdeployment
from zc.zkdeployment.lab.packages import Package, PackageRepository

_HERE = Path(zc.zkdeployment.__file__).parent

SH = f"""#!/bin/sh
. {_HERE}/script.sh

deploy() {{
    read_properties
    write_file "$etc/$name.conf" <<EOF
port ${{zk_port:-8080}}
greeting ${{zk_greeting}}
subtype $subtype
EOF
    if [ "${{zk_extra:-}}" ]; then echo "$zk_extra" | write_file "$root/srv/$app/$n" 600; fi
    if changed; then echo "restart $name $ZKDEPLOY_VERSION" >>"$root/log"; fi
    if [ -e "$root/fail" ]; then fail "it is too late"; fi
}}

undeploy() {{
    echo "stop $name" >>"$root/log"
}}

zkdeploy_main "$@"
"""

PYTHON = f"""#!{sys.executable}
from zc.zkdeployment.script import Failed, Instance, main

def log(instance, text):
    with (instance.root / "log").open("a") as file:
        file.write(text + "\\n")

def deploy(instance: Instance) -> None:
    found = instance.properties()
    subtype = instance.subtype or ""
    port, greeting = found.get("port", 8080), found["greeting"]
    text = f"port {{port}}\\ngreeting {{greeting}}\\nsubtype {{subtype}}\\n"
    instance.write(f"{{instance.name}}.conf", text)
    if "extra" in found:
        place = instance.root / "srv" / instance.app / str(instance.n)
        instance.write(place, found["extra"] + "\\n", 0o600)
    if instance.changed:
        log(instance, f"restart {{instance.name}} {{instance.version}}")
    if (instance.root / "fail").exists():
        raise Failed("it is too late")

def undeploy(instance: Instance) -> None:
    log(instance, f"stop {{instance.name}}")

main(deploy, undeploy)
"""

SCRIPTS = {"sh": SH, "python": PYTHON}
PACKAGES = [
    Package(f"{name}-1.0", "1", files={"bin/zookeeper-deploy": text})
    for name, text in SCRIPTS.items()
]


@pytest.fixture(scope="module")
def helped(tmp_path_factory: pytest.TempPathFactory) -> PackageRepository:
    made = PackageRepository(tmp_path_factory.mktemp("helped") / "repository")
    made.add(*PACKAGES)
    return made


@dataclass(frozen=True)
class Application:
    """An application that is deployed by a script in one of the languages."""

    host: Host
    name: str

    def deploy(
        self, version: str, properties: str = "", *, n: int = 1, sub: str = ""
    ) -> list[str]:
        """Deploy it; return what the agent logged."""
        tree = f"""
            /defaults
              hello = "it's `hostname` $HOME"
            /a,b
              /web : {self.name}-1.0 {sub}
                greeting => /defaults hello
                {properties}
                /deploy
                  /host42
                    n = {n}
            """
        return self.host.deploy(version, tree)

    def files(self) -> dict[str, str]:
        """Return what is below /etc/APP and /srv, but for the agent's own."""
        root = self.host.root
        found = [*root.glob(f"etc/{self.name}/*"), *root.glob("srv/*/*")]
        return {
            str(path.relative_to(root)): path.read_text()
            for path in found
            if path.suffix != ".script"
        }

    def log(self) -> list[str]:
        path = self.host.root / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines


@pytest.fixture(params=SCRIPTS)
def app(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    zk: zc.zk.ZK,
    zk_connection: str,
    helped: PackageRepository,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Application]:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    with running_host(tmp_path, zk, zk_connection, helped, monkeypatch) as host:
        host.start()
        yield Application(host, request.param)


def conf(port: int = 8080, subtype: str = "") -> str:
    return f"port {port}\ngreeting it's `hostname` $HOME\nsubtype {subtype}\n"


def test_configuration_is_written_and_what_changed_is_restarted(app: Application) -> None:
    app.deploy("1.1", "port = 90", n=2)
    etc = f"etc/{app.name}/a%2Cb,web"
    files = {f"{etc}.0.conf": conf(90), f"{etc}.0.deployed": f"{etc}.0.conf\n"}
    files |= {f"{etc}.1.conf": conf(90), f"{etc}.1.deployed": f"{etc}.1.conf\n"}
    assert app.files() == files
    assert app.log() == ["restart a%2Cb,web.0 1.1", "restart a%2Cb,web.1 1.1"]

    app.deploy("1.2", "port = 90", n=2)
    assert (app.files(), app.log()) == (files, [])  # nothing differs: no restart

    app.deploy("1.3", "extra = 'more'", sub="special")
    place = f"srv/{app.name}/0"
    assert app.files() == {
        f"{etc}.0.conf": conf(subtype="special"),
        f"{etc}.0.deployed": f"{etc}.0.conf\n{place}\n",
        place: "more\n",
    }
    assert app.log() == ["stop a%2Cb,web.1", "restart a%2Cb,web.0 1.3"]
    assert (app.host.root / place).stat().st_mode & 0o777 == 0o600

    app.deploy("1.4", sub="special")  # what is written no more goes away
    assert place not in app.files()

    app.host.deploy("1.5", "/a,b\n")
    assert app.files() == {}
    assert app.log()[-1] == "stop a%2Cb,web.0"
    assert not (app.host.root / "etc" / app.name).exists()


def test_a_restart_that_was_missed_is_due_the_next_time(app: Application) -> None:
    """Else the new configuration would stay without effect for as long as nothing changes."""
    (app.host.root / "fail").touch()
    log = app.deploy("1.1")
    assert log[-1] == "CRITICAL FAILED deploying version 1.1"
    assert app.log() == ["restart a%2Cb,web.0 1.1"]
    assert not [name for name in app.files() if name.endswith(".deployed")]
    (app.host.root / "fail").unlink()
    app.deploy("1.2")
    assert app.log() == ["restart a%2Cb,web.0 1.2"]
    assert [name for name in app.files() if name.endswith(".changed")] == []


@pytest.fixture(params=SCRIPTS)
def script(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "opt/web/bin/zookeeper-deploy"
    path.parent.mkdir(parents=True)
    path.write_text(SCRIPTS[request.param])
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "arguments", [(), ("/x",), ("x", "0"), ("/x", "one"), ("-q", "/x", "0"), ("/x", "0", "1")]
)
def test_wrong_usage_is_told(script: Path, arguments: tuple[str, ...]) -> None:
    done = subprocess.run([str(script), *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "usage: zookeeper-deploy [-u] [-r SUBTYPE] PATH N"


def test_a_node_that_is_not_there_is_one_clear_error(
    script: Path, zk_connection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    monkeypatch.setenv("ZC_ZK_CONNECTION_STRING", zk_connection)
    monkeypatch.setenv("TEST_ROOT", str(tmp_path))
    done = subprocess.run([str(script), "/x", "0"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "there is no node /x" in done.stderr


def test_a_list_that_somebody_tampered_with_removes_nothing_else(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root removes what is listed there."""
    root = tmp_path / "root"
    (root / "etc/web").mkdir(parents=True)
    outside, inside = tmp_path / "outside", root / "srv/inside"
    inside.parent.mkdir()
    for path in (outside, inside):
        path.write_text("mine")
    listed = f"../outside\n{outside}\nsrv//../../outside\n\nsrv/inside\n"
    (root / "etc/web/x.0.deployed").write_text(listed)
    monkeypatch.setenv("TEST_ROOT", str(root))
    subprocess.run([str(script), "-u", "/x", "0"], check=True)
    assert outside.read_text() == "mine"
    assert not inside.exists()
    assert list((root / "etc/web").iterdir()) == []
