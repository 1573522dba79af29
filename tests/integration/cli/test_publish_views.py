"""What the commands that publish print: text for people, documents for programs."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zc.zk import ZK
from zc.zkdeployment.lab.repositories import GitRepository

Zkdeploy = Callable[..., subprocess.CompletedProcess[str]]

TREE = "/a : web\n  version = '1'\n  /deploy\n    /h1\n      n = 2\n"
CONTROLLER = "/roles\n  /cache : controller\n    version = '1'\n/role-locks\n  /cache\n"
AT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"

CHANGE_KEYS = {"kind", "what", "target", "old", "new", "moved_from"}
PUBLICATION_KEYS = {"serial", "version", "kind", "at", "by", "origin", "changes", "was", "reason"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/a.zk").write_text(TREE)
    return tmp_path / "site"


@pytest.fixture
def fleet(zkdeploy: Zkdeploy, site: Path, environ: dict[str, str]) -> Zkdeploy:
    """A fleet to which alice published versions 1 and 2; the files are those of version 2."""
    environ["SUDO_USER"] = "alice"
    zkdeploy("sync", "--version", "1", "site")
    (site / "a.zk").write_text(TREE.replace("'1'", "'2'"))
    (site / "b.zkx").write_text("/b\n")
    zkdeploy("sync", "--version", "2", "site")
    return zkdeploy


def good(result: subprocess.CompletedProcess[str], status: int = 0) -> str:
    assert (result.stderr, result.returncode) == ("", status)
    return result.stdout


def document(result: subprocess.CompletedProcess[str], status: int = 0) -> Any:
    assert result.returncode == status, result.stderr
    return json.loads(result.stdout)


def documented(zkdeploy: Zkdeploy, command: str) -> set[str]:
    """Return the names that the help of a command gives to parts of its document."""
    text = good(zkdeploy(command, "--help"))
    return set(re.findall(r"`(\w+)`", text[text.index("With --json") :]))


def test_a_plan_for_the_fleet_shows_what_each_target_and_the_live_tree_would_get(
    zkdeploy: Zkdeploy, site: Path, zk: ZK
) -> None:
    expected = (
        "index 0: version 'initial' -> 1\n"
        "1 appears, at 1 target\n"
        "\nh1\n"
        "  + /a  web 1 n=2\n"
        "\nThe live tree\n"
        "  add /a\n"
        "  add /a/deploy\n"
        "  add /a/deploy/h1\n"
    )
    assert good(zkdeploy("plan", "--fleet", "--version", "1", "site"), 2) == expected
    assert zk.get_children("/") == []


def test_a_plan_that_changes_nothing_is_told_by_its_status(fleet: Zkdeploy) -> None:
    """A script asks whether there is anything to publish."""
    plan = fleet("plan", "--fleet", "--version", "2", "site")
    assert good(plan) == "index 2: version 2 -> 2\nno deployment changes\n"
    plan = fleet("plan", "--fleet", "--version", "3", "site")
    assert good(plan, 2).startswith("index 2: version 2 -> 3\n"), "the version changes at least"


def test_programs_read_a_plan(fleet: Zkdeploy) -> None:
    found = document(fleet("plan", "--fleet", "--version", "1", "--json", "site"), 2)
    assert found.keys() == {"index", "was", "version", "diff", "live"}
    assert found.keys() <= documented(fleet, "plan")
    assert (found["index"], found["was"], found["version"]) == (2, 2, 1)
    assert found["diff"] == {"counts": {}, "before": 1, "changes": []}


def test_a_dry_run_shows_what_would_be_done(fleet: Zkdeploy, site: Path, zk: ZK) -> None:
    (site / "a.zk").write_text(f"/a : web\n  version = '3'\n  /deploy\n    /h2\n{CONTROLLER}")
    result = fleet("sync", "--dry-run", "--version", "3", "site")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert lines[:8] == [
        "would publish 3, is 2",
        "1 appears, 1 moves, at 2 targets",
        "",
        "cache",
        "  + controller controller 1",
        "",
        "h2",
        "  > /a  web 2 n=2 -> web 3  from h1",
    ]
    assert result.stderr.endswith("INFO Importing b.zkx (dry run, no action taken)\n")
    found = document(fleet("sync", "-n", "--version", "3", "--json", "site"))
    assert found.keys() == {"state", "was", "version", "reason", "diff", "live"}
    assert found.keys() <= documented(fleet, "sync")
    assert (found["state"], found["was"], found["version"]) == ("dry run", 2, 3)
    assert {change["what"] for change in found["diff"]["changes"]} == {"controller", "deployment"}
    assert "add /roles" in found["live"]
    assert zk.get_properties("/hosts") == {"version": 2}


def test_a_diff_shows_what_changes_from_one_tree_to_the_other(
    fleet: Zkdeploy, tmp_path: Path
) -> None:
    (tmp_path / "file.zk").write_text("/a : web special\n  version = '1'\n  /deploy\n    /h1\n")
    assert good(fleet("diff", "@1", "@"), 2) == (
        "1 changes, at 1 target\n\nh1\n  ~ /a  web 1 n=2 -> web 2 n=2\n"
    )
    assert good(fleet("diff", "live", "@2")) == "no deployment changes\n"
    assert "  ~ /a  web 2 n=2 -> web special 1\n" in good(fleet("diff", "@", "file.zk"), 2)
    assert good(fleet("diff", "file.zk", "site"), 2).startswith("1 changes, at 1 target\n")
    empty = "/a\n"
    (tmp_path / "file.zk").write_text(empty)
    assert "\nh1\n  - /a  web 2 n=2\n" in good(fleet("diff", "site", "file.zk"), 2)


def test_programs_read_a_diff(fleet: Zkdeploy) -> None:
    found = document(fleet("diff", "--json", "@1", "@2"), 2)
    assert found.keys() == {"counts", "before", "changes"}
    [change] = found["changes"]
    assert change.keys() == CHANGE_KEYS
    assert found.keys() | change.keys() <= documented(fleet, "diff")
    assert change["new"] == {
        "node": "/a",
        "software": "web",
        "subtype": None,
        "version": "2",
        "n": 2,
        "timeout": None,
        "max_parallel": None,
    }
    assert document(fleet("diff", "--json", "@2", "live"))["changes"] == []


def test_the_history_marks_where_the_fleet_is_and_what_is_bad(fleet: Zkdeploy) -> None:
    reason = fleet("rollback", "--reason", "pool 3\nfails \x1b[31mbadly")
    assert good(reason) == "rolled back to 1, was 2: 1 changes\n"
    title, header, *rows = good(fleet("history")).splitlines()
    assert title == "Published"
    assert header.split() == ["Version", "When", "By", "What", "Changes", "From"]
    assert re.fullmatch(
        rf"  \*  1 +{AT}  alice@\S+ +rollback: pool 3 fails \[31mbadly  1 changes +\S+/site",
        rows[0],
    )
    assert re.fullmatch(rf"  !  2 +{AT}  alice@\S+ +publish +1 changes +\S+/site", rows[1])
    assert re.fullmatch(rf"     1 +{AT}  alice@\S+ +publish +1 appears +\S+/site", rows[2])
    assert len(rows) == 3
    assert len(good(fleet("history", "--limit", "1")).splitlines()) == 3


def test_programs_read_the_history_and_a_rollback(fleet: Zkdeploy) -> None:
    made = document(fleet("rollback", "--json", "--reason", "it fails"))
    assert made.keys() == PUBLICATION_KEYS <= documented(fleet, "rollback")
    newest, *_ = entries = document(fleet("history", "--json"))
    assert newest.keys() == PUBLICATION_KEYS | {"current", "kept", "bad"}
    assert newest.keys() | newest["origin"].keys() <= documented(fleet, "history")
    assert newest["origin"].keys() == {"source", "commit", "author", "subject"}
    assert {key: newest[key] for key in PUBLICATION_KEYS} == made
    assert [entry["serial"] for entry in entries] == [3, 2, 1]
    assert [entry["serial"] for entry in document(fleet("history", "--json", "--limit", "2"))] == [
        3,
        2,
    ]


def test_before_anything_was_published_that_is_what_is_told(zkdeploy: Zkdeploy, zk: ZK) -> None:
    zk.import_tree("/hosts\n  version = 'initial'\n")
    assert good(zkdeploy("history")) == "nothing was published yet\n"
    assert document(zkdeploy("history", "--json")) == []


def test_a_revision_is_shown_in_full(zkdeploy: Zkdeploy, tmp_path: Path) -> None:
    repository = GitRepository(tmp_path / "git")
    commit = repository.commit({"a.zk": TREE, "b.zkx": "/b\n"})
    zkdeploy("keygen", "fleet.key")
    location = f"git://{repository.url}#main"
    zkdeploy("sync", "--sign", "fleet.key", "--valid-for", "30", location)
    repository.commit({"a.zk": TREE.replace("'1'", "'2'")})
    zkdeploy("sync", "--sign", "fleet.key", location)
    zkdeploy("rollback", "--sign", "fleet.key", "--valid-for", "1")
    facts, _, diff = good(zkdeploy("show", commit[:7])).partition("\n\n")
    lines = facts.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "version",
        "published",
        "earlier",
        "source",
        "commit",
        "author",
        "subject",
        "signed",
        "files",
        "deploys",
    ]
    assert {len(re.match(r"\w+: +", line)[0]) for line in lines} == {12}  # type: ignore[index]
    assert lines[0] == f"version:    '{commit}'"
    assert lines[3] == f"source:     {location}"
    assert re.fullmatch(rf"signed:     with key [0-9a-f]{{16}}, until {AT}", lines[7])
    assert lines[8:] == ["files:      a.zk, b.zkx", "deploys:    1 to 1 targets"]
    assert diff == "1 changes, at 1 target\n\nh1\n  ~ /a  web 2 n=2 -> web 1 n=2\n"


def test_programs_read_a_revision_and_get_its_files(fleet: Zkdeploy, tmp_path: Path) -> None:
    found = document(fleet("show", "--json", "2", "--output", "out"))
    assert found.keys() <= documented(fleet, "show")
    assert found["files"] == {"a.zk": TREE.replace("'1'", "'2'"), "b.zkx": "/b\n"}
    assert {each.name: each.read_text() for each in (tmp_path / "out").iterdir()} == found["files"]
    assert (found["bad"], found["key"], found["expires"]) == (None, None, None)
    assert found["targets"]["h1"]["deployments"][0]["n"] == 2
    assert found["diff"]["counts"] == {"change": 1}
    fleet("rollback", "--reason", "it fails")
    assert document(fleet("show", "--json", "2"))["bad"].endswith(": it fails")
