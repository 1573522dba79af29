"""``zkdeploy validate``: what an editor, a pre-commit hook and a CI system get."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from zc.zkdeployment.cli import main
from zc.zkdeployment.tree.problems import RULES


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a good tree in the folder ``site``."""
    monkeypatch.chdir(tmp_path)
    site = tmp_path / "site"
    site.mkdir()
    (site / "b.zk").write_text("/b : x\n  version = '1'\n  /deploy\n    /host\n")
    (site / "a.zk").write_text("# all of a\n\n  /a: x\n    version = '1'\n  /d\n")
    (site / "a.zkx").write_text("/a : x\n  version = '1'\n  /deploy\n    /host\n")
    (site / "README").write_text("no tree\n")
    return tmp_path


def validate(*args: str, **kwargs: Any) -> Result:
    return CliRunner().invoke(main, ["validate", *args], **kwargs)


def test_a_good_folder_is_good(folder: Path) -> None:
    result = validate("site")
    assert (result.exit_code, result.output) == (0, "3 files: good\n")


def test_both_spellings_are_one_command(folder: Path) -> None:
    result = CliRunner().invoke(main, ["tree", "validate", "site/a.zk"])
    assert (result.exit_code, result.output) == (0, "1 file: good\n")


def test_a_file_given_twice_does_not_conflict_with_itself(folder: Path) -> None:
    assert validate("site/b.zk", "site").output == "3 files: good\n"


def test_the_files_together_are_one_tree_that_overlays_change(folder: Path) -> None:
    """A version overridden in one file conflicts with one in another; both lines are named."""
    (folder / "site/z.zkx").write_text("/a : x\n  version = '2'\n")
    (folder / "site/y.zkx").write_text("/a : x\n  version = '3'\n")
    result = validate("site")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "site/b.zk:2:3: error: Inconsistent versions for x on host. '1' != '2'"
        " [inconsistent-versions]",
        "    site/z.zkx:2:3: note: /a",
        "5 files: 1 error",
    ]


def test_no_file_hides_the_problems_of_another(folder: Path) -> None:
    (folder / "bad.zk").write_text("/z\n/z\n  n = x\n  ?\n")
    (folder / "latin.zk").write_bytes(b"/z\n  name = '\xe9'\n")
    (folder / "again.zk").write_text("\n/d\n/a: z\n")
    (folder / "empty").mkdir()
    result = validate("bad.zk", "latin.zk", "nowhere.zk", "empty", "site", "again.zk")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "again.zk:2:1: error: top node /d is also in site/a.zk [duplicate-node]",
        "    site/a.zk:5:3: note: /d",
        "again.zk:3:1: error: top node /a is also in site/a.zk [duplicate-node]",
        "    site/a.zk:3:3: note: /a",
        "bad.zk:2:1: error: duplicate node 'z': '/z' [syntax]",
        "bad.zk:3:3: error: bad value: a value is a quoted string, a number, True, False or None,"
        " or a list or a dict of them: 'n = x' [syntax]",
        "bad.zk:4:3: error: not understood; expected /node, name = value, name -> path or"
        " name => path: '?' [syntax]",
        "empty: error: there is no *.zk or *.zkx file in this directory [unreadable]",
        "latin.zk: error: byte 14 is no UTF-8 text [unreadable]",
        "nowhere.zk: error: No such file or directory [unreadable]",
        "7 files: 8 errors",
    ]


def test_a_folder_that_cannot_be_listed_is_a_problem(folder: Path) -> None:
    name = "s" * 300
    result = validate(name)
    assert (result.exit_code, result.output.splitlines()) == (
        1,
        [f"{name}: error: File name too long [unreadable]", "0 files: 1 error"],
    )


def test_a_mistake_in_the_text_does_not_make_the_rest_look_missing(folder: Path) -> None:
    """A version that was not understood is not reported as missing too."""
    (folder / "c.zk").write_text(
        "/c : x\n  version = 1.0.0\n  /deploy\n    /h\n"
        "/d : y\n  version = 2\n  /deploy\n    /h\n  l => /c version\n"
    )
    assert validate("c.zk").output.splitlines() == [
        "c.zk:2:3: error: bad value: a value is a quoted string, a number, True, False or None,"
        " or a list or a dict of them: 'version = 1.0.0' [syntax]",
        "c.zk:6:3: error: /d: version 2 must be a string; put it in quotes [bad-version]",
        "1 file: 2 errors",
    ]


def test_the_hook_for_pre_commit_checks_the_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file alone may look bad, or good, where all together are not."""
    hook = Path(__file__).parents[3].joinpath(".pre-commit-hooks.yaml").read_text()
    settings = dict(line.strip(" -").split(": ", 1) for line in hook.splitlines())
    monkeypatch.chdir("site")
    command = [*settings["entry"].split(), *settings["args"].strip("[]").split(", ")]
    assert command[0] == "zkdeploy"
    assert CliRunner().invoke(main, command[1:]).output == "3 files: good\n"
    assert settings["pass_filenames"] == "false"
    triggers = [name for name in ("a.zk", "a.zkx", "zk") if re.search(settings["files"], name)]
    assert triggers == ["a.zk", "a.zkx"]


def test_standard_input_can_be_checked() -> None:
    result = validate("-", input="/a\n  l -> /b\n")
    assert (result.exit_code, result.output.splitlines()[0]) == (
        1,
        "-:2:3: error: symbolic link /a: l -> /b: there is no such node [symbolic-link]",
    )


def test_warnings_are_shown_and_fail_nothing(folder: Path) -> None:
    (folder / "hosts").write_text("# all\n\n42 another cache  # see http://example.com\n43 ho\n")
    result = validate("--hosts", "hosts", "site")
    assert (result.exit_code, result.output.splitlines()) == (
        0,
        [
            "site/a.zkx:4:5: warning: /a/deploy/host: no host has 'host' as its identifier,"
            " name or role [unknown-target]",
            "site/b.zk:4:5: warning: /b/deploy/host: no host has 'host' as its identifier,"
            " name or role [unknown-target]",
            "3 files: 2 warnings",
        ],
    )


def test_the_list_of_hosts_is_named_where_it_is_one_side_of_a_conflict(folder: Path) -> None:
    (folder / "hosts").write_text("\n42 host cache\n")
    assert validate("--hosts", "hosts", "site/b.zk").output.splitlines() == [
        "site/b.zk:4:5: error: Found a host-based deployment at /b/deploy/host"
        " but the host has a role, cache. [host-and-role]",
        "    hosts:2:1: note: in the list of hosts",
        "1 file: 1 error",
    ]


@pytest.mark.parametrize("line", ["42", "42 host role more", "1 x\n1 y", "42 a/b"])
def test_a_list_of_hosts_with_mistakes_is_not_used(folder: Path, line: str) -> None:
    (folder / "hosts").write_text(f"7 seven\n{line}\n")
    result = validate("--hosts", "hosts", "site")
    assert result.exit_code == 2
    assert "expected IDENTIFIER NAME [ROLE], each identifier once, no slashes" in " ".join(
        result.stderr.split()
    )


def test_a_list_of_hosts_that_is_not_there_is_wrong_usage(folder: Path) -> None:
    result = validate("--hosts", "nowhere", "site")
    assert result.exit_code == 2
    assert "'nowhere' cannot be read" in result.stderr


def test_without_a_path_nothing_was_checked() -> None:
    assert validate().exit_code == 2


@pytest.mark.parametrize("args", [["--json"], ["--format", "json"]])
def test_programs_get_the_problems_as_data(folder: Path, args: list[str]) -> None:
    (folder / "c.zk").write_text(
        "/b : x\n  version = '2'\n  /deploy\n    /host\n/d\n  l => /b n\n"
    )
    (folder / "site/b.zk").rename(folder / "b.zk")
    (folder / "b.zk").write_text("/e : x\n  version = '1'\n  /deploy\n    /host\n")
    result = validate(*args, "b.zk", "c.zk", "nowhere.zk")
    assert result.exit_code == 1
    assert json.loads(result.output) == {
        "files": 3,
        "problems": [
            {
                "severity": "error",
                "rule": "inconsistent-versions",
                "message": "Inconsistent versions for x on host. '1' != '2'",
                "places": [
                    {"file": "b.zk", "line": 2, "column": 3, "node": "/e"},
                    {"file": "c.zk", "line": 2, "column": 3, "node": "/b"},
                ],
            },
            {
                "severity": "error",
                "rule": "unreadable",
                "message": "No such file or directory",
                "places": [{"file": "nowhere.zk", "line": None, "column": None, "node": None}],
            },
        ],
    }


def test_ci_systems_get_sarif(folder: Path) -> None:
    (folder / "site/c d.zk").write_text("/c : x\n  version = '2'\n  /deploy\n    /host\n")
    result = validate("--format", "sarif", "site/b.zk", "site/c d.zk", str(folder / "nowhere.zk"))
    assert result.exit_code == 1
    log = json.loads(result.output)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("/sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "zkdeploy validate"
    assert [rule["id"] for rule in rules] == list(RULES)
    assert all(rule["shortDescription"]["text"].endswith(".") for rule in rules)
    assert {rule["defaultConfiguration"]["level"] for rule in rules} == {"error", "warning"}
    unreadable, inconsistent = run["results"]
    assert unreadable == {
        "ruleId": "unreadable",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": "No such file or directory"},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": f"file://{folder}/nowhere.zk"}}}
        ],
    }
    assert rules[inconsistent["ruleIndex"]]["id"] == inconsistent["ruleId"]
    assert inconsistent["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "site/c%20d.zk"},
                "region": {"startLine": 2, "startColumn": 3},
            },
            "logicalLocations": [{"fullyQualifiedName": "/c"}],
        }
    ]
    assert inconsistent["relatedLocations"] == [
        {
            "id": 1,
            "message": {"text": "/b"},
            "physicalLocation": {
                "artifactLocation": {"uri": "site/b.zk"},
                "region": {"startLine": 2, "startColumn": 3},
            },
            "logicalLocations": [{"fullyQualifiedName": "/b"}],
        }
    ]


def test_sarif_of_good_files_says_that_nothing_was_found(folder: Path) -> None:
    """Without a list of results a CI system takes the run for one that failed."""
    result = validate("--format", "sarif", "site")
    assert result.exit_code == 0
    assert json.loads(result.output)["runs"][0]["results"] == []


def test_a_file_without_an_end_does_not_fill_the_memory(folder: Path) -> None:
    """A link in a repository may lead anywhere."""
    (folder / "zero.zk").symlink_to("/dev/zero")
    result = validate("zero.zk", "site")
    assert result.exit_code == 1
    assert result.output.startswith(
        "zero.zk: error: has more than 16 MiB; is it a tree file? [unreadable]\n"
    )
    result = CliRunner().invoke(main, ["tree", "import", "zero.zk", "--zookeeper", "nowhere:1"])
    assert result.exit_code != 0
    assert "has more than 64 MiB" in f"{result.output}{result.exception}"
