"""What the demo and the tests build on: scripts and packages that do what real ones do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zc.zkdeployment import names
from zc.zkdeployment.lab.packages import Package, PackageRepository, run, write_file, yum_launcher
from zc.zkdeployment.lab.scripts import application, deploy_script


@pytest.mark.parametrize(
    ("software", "app"),
    [("z4m", "z4m"), ("z4m-4.0.0", "z4m"), ("z4m-4.", "z4m-4."), ("z4m-tools", "z4m-tools")],
)
@pytest.mark.parametrize("path", ["/cust/someapp/cms", "/cust", "/a,b/50%/c d/*"])
def test_a_script_keeps_the_file_that_agents_look_for(
    tmp_path: Path, software: str, app: str, path: str
) -> None:
    script = tmp_path / "opt" / software / "bin/zookeeper-deploy"
    write_file(script, deploy_script())
    (tmp_path / "etc" / app).mkdir(parents=True)
    deployed = tmp_path / "etc" / app / f"{names.file_name(path, 3)}.deployed"
    environment = {"TEST_ROOT": str(tmp_path)}

    run(str(script), "-r", "special", path, "3", env=environment)
    assert list(deployed.parent.iterdir()) == [deployed]
    run(str(script), "-u", path, "3", env=environment)
    assert list(deployed.parent.iterdir()) == []


def test_a_script_can_be_made_to_fail(tmp_path: Path) -> None:
    script = tmp_path / "opt/cranky/bin/zookeeper-deploy"
    write_file(script, deploy_script("echo waaa; exit 1"))

    with pytest.raises(RuntimeError, match=r"zookeeper-deploy /x 0 failed:\nwaaa"):
        run(str(script), "/x", "0")


def test_a_yum_of_the_lab_installs_what_the_repository_offers(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    repository = PackageRepository(tmp_path / "repository")
    one, two = Package("web", "1.0"), Package("web", "2.0", files=application("echo two"))
    repository.add(one, two)
    yum = str(yum_launcher(tmp_path / "programs", root, repository))
    script = root / "opt/web/bin/zookeeper-deploy"

    run(yum, "-y", "install", "web")
    assert script.read_text() == two.files["bin/zookeeper-deploy"]
    assert os.access(script, os.X_OK)

    run(yum, "-y", "remove", "web")
    repository.withdraw(two)
    run(yum, "-y", "clean", "all")
    run(yum, "-y", "install", "web")
    assert script.read_text() == one.files["bin/zookeeper-deploy"]
