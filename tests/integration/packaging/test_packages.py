"""What is on a machine after the package was installed, updated and removed."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from tests.integration.packaging.conftest import build, install
from tests.support.machine import Machine

SERVICES = ("agent", "notify", "sync", "web")


def test_the_program_is_there_with_all_that_it_needs(machine: Machine) -> None:
    assert re.fullmatch(r"zkdeploy, version \S+\n", machine.run("zkdeploy", "--version"))
    needed = "import kazoo, click, rich, starlette, uvicorn; print(kazoo.__file__)"
    libraries = machine.run("/usr/lib/zkdeployment/python", "-c", needed)
    assert libraries.startswith("/usr/lib/zkdeployment/lib/kazoo/")


def test_nothing_of_a_users_environment_gets_into_it(machine: Machine) -> None:
    """Root runs it: a file in a directory that a user names must not be code."""
    machine.write("/srv/click.py", "raise SystemExit('taken over')")
    done = machine.run("env", "PYTHONPATH=/srv", "--chdir=/srv", "zkdeploy", "--version")
    assert done.startswith("zkdeploy, version ")


def test_nothing_is_enabled_or_started_by_itself(machine: Machine) -> None:
    for service in SERVICES:
        unit = f"zkdeployment-{service}.service"
        assert machine.run("systemctl", "is-enabled", unit, check=False) == "disabled\n"
        assert machine.property_of(unit, "ActiveState") == "inactive"


def test_systemd_finds_no_fault_with_the_units(machine: Machine) -> None:
    units = [f"/usr/lib/systemd/system/zkdeployment-{each}.service" for each in SERVICES]
    assert machine.run("systemd-analyze", "verify", "--man=yes", *units) == ""


@pytest.mark.parametrize(
    ("service", "most"), [("agent", 90), *((each, 20) for each in SERVICES[1:])]
)
def test_services_are_as_closed_as_their_work_allows(
    machine: Machine, service: str, most: int
) -> None:
    """In tenths of what systemd calls exposure. The agent is root and installs packages."""
    unit = f"/usr/lib/systemd/system/zkdeployment-{service}.service"
    score = ("systemd-analyze", "security", "--offline=yes", f"--threshold={most}", "--no-pager")
    assert "Overall exposure" in machine.run(*score, unit)


def test_the_manual_has_a_page_for_every_command(machine: Machine) -> None:
    listed = machine.run("zkdeploy", "--help").partition("Commands:\n")[2]
    commands = re.findall(r"^  ([a-z]+) ", listed.partition("\n\n")[0], re.MULTILINE)
    assert {"agent", "tree", "sync"} < set(commands)
    pages = machine.run("man", "--where", *(f"zkdeploy-{each}" for each in commands)).split()
    assert pages == [f"/usr/share/man/man1/zkdeploy-{each}.1.gz" for each in commands]
    shown = machine.run("env", "MANWIDTH=80", "man", "--warnings", "zkdeploy-tree-set")
    for words in ("EXIT STATUS", "EXAMPLES", "zkdeploy tree set /hosts version=None", "--unset"):
        assert words in shown


COMPLETE = """
. /usr/share/bash-completion/bash_completion 2>/dev/null
. /usr/share/bash-completion/completions/zkdeploy
complete_line() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _zkdeploy_completion "$1"
    printf '%s\\n' "${COMPREPLY[*]}"
}
complete_line zkdeploy val
complete_line zkdeploy tree set --cre
complete_line zkdeploy agent --run
"""


def test_bash_completes_commands_and_options(machine: Machine) -> None:
    assert machine.run("bash", "-c", COMPLETE).split("\n") == [
        "validate",
        "--create",
        "--run-once",
        "",
    ]


def test_fish_and_zsh_find_their_completion(machine: Machine, kind: str) -> None:
    asked = ("fish", "-c", "complete --do-complete 'zkdeploy rollb'")
    assert machine.run(*asked).startswith("rollback\tPublish a revision again")
    # Debian's zsh does not look where those of other systems do.
    others = "" if kind == "deb" else "fpath+=/usr/share/zsh/site-functions; "
    found = others + "autoload -U compinit; compinit -u -D; print $_comps[zkdeploy]"
    assert machine.run("zsh", "-f", "-c", found) == "_zkdeploy\n"


HELPED = {
    "sh": """#!/bin/sh
. /usr/share/zkdeployment/zkdeploy-script.sh
deploy() {
    echo "$path" | write_file "$etc/$name.conf"
}
zkdeploy_main "$@"
""",
    "python": """#!/usr/lib/zkdeployment/python
from zc.zkdeployment.script import main
main(lambda instance: instance.write(f"{instance.name}.conf", f"{instance.path}\\n"))
""",
}


@pytest.mark.parametrize("language", HELPED)
def test_scripts_find_their_helpers(machine: Machine, language: str) -> None:
    script = f"/opt/{language}/bin/zookeeper-deploy"
    machine.run("mkdir", "-p", f"/opt/{language}/bin")
    machine.write(script, HELPED[language])
    machine.run("chmod", "755", script)
    machine.run(script, "/shop/web", "0")
    assert machine.run("cat", f"/etc/{language}/shop,web.0.conf") == "/shop/web\n"
    machine.run(script, "-u", "/shop/web", "0")
    assert machine.run("ls", f"/etc/{language}") == ""


def test_what_a_person_configured_outlives_an_update(
    machine: Machine, kind: str, built: dict[str, Path], system: Path
) -> None:
    path = "/etc/zkdeployment/agent.conf"
    mine = "[zkdeployment]\nhost-id = h1\nrun-directory = /var/lib/zkdeployment\n"
    machine.write(path, mine)
    install(machine, kind, built[kind], system)
    assert machine.run("cat", path) == mine


def test_nothing_of_the_old_program_is_run_after_an_update(
    machine: Machine, kind: str, built: dict[str, Path], system: Path
) -> None:
    """What was compiled counts for Python as long as date and size of its source are the same."""
    source = "/usr/lib/zkdeployment/lib/zc/zkdeployment/cli/__init__.py"
    machine.run("cp", "-a", source, "/srv/source")
    machine.run("sed", "-i", "s/Stop all deployments/Halt all deployments/", source)
    machine.run("touch", "-r", "/srv/source", source)
    machine.run("rm", "-rf", str(Path(source).with_name("__pycache__")))
    assert "Halt all" in machine.run(
        "/usr/lib/zkdeployment/python", "-m", "zc.zkdeployment.cli", "-h"
    )
    gone = "/usr/lib/zkdeployment/lib/gone/__pycache__"  # of a library that is not needed now
    machine.run("mkdir", "-p", gone)
    install(machine, kind, built[kind], system)
    assert "Stop all" in machine.run("zkdeploy", "--help")
    assert machine.run("ls", "-d", "/usr/lib/zkdeployment/lib/gone", check=False).startswith(
        "ls: "
    )


def test_licences_are_with_what_they_are_for(machine: Machine) -> None:
    found = machine.run(
        "sh",
        "-c",
        "ls -d /usr/lib/zkdeployment/lib/*.dist-info/licenses; ls /usr/share/doc/zkdeployment",
    )
    for library in ("kazoo", "click", "rich", "starlette", "uvicorn"):
        assert f"/{library}-" in found
    assert re.search("^(LICENSE|copyright)$", found, re.MULTILINE)


def test_a_package_leaves_nothing_behind(machine: Machine, kind: str) -> None:
    """The last one here: the machine has no package any more."""
    remove = ("dpkg", "--purge", "--no-triggers") if kind == "deb" else ("rpm", "--erase")
    machine.run(*remove, "zkdeployment")
    left = machine.run("find", "/usr", "/etc", "-xdev", "-path", "*zkdeploy*").splitlines()
    # Of an RPM, what a person had changed.
    kept = {"deb": [], "rpm": ["/etc/zkdeployment", "/etc/zkdeployment/agent.conf.rpmsave"]}
    assert left == kept[kind]


def test_a_build_can_be_repeated_byte_by_byte(built: dict[str, Path], tmp_path: Path) -> None:
    """So that whoever has the source can tell whether a package was made of it."""
    again = build(tmp_path)
    assert {kind: digest(path) for kind, path in again.items()} == {
        kind: digest(path) for kind, path in built.items()
    }


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
