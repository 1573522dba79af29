"""``zkdeploy tree`` as a process, on a real ZooKeeper server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from zc.zk import ZK

Zkdeploy = Callable[..., subprocess.CompletedProcess[str]]

TREE = """\
/cust
  /cms : z4m
    n = 3
    title = 'Größe'
    /deploy
      /h1
/lb : ipvs
  cms -> /cust/cms
"""


@pytest.fixture
def tree(zk: ZK) -> ZK:
    """The tree that most tests begin with."""
    zk.import_tree(TREE)
    return zk


def good(result: subprocess.CompletedProcess[str], status: int = 0) -> str:
    """Return what a command printed, which went as it should."""
    assert (result.stderr, result.returncode) == ("", status)
    return result.stdout


def bad(result: subprocess.CompletedProcess[str], status: int = 1) -> str:
    """Return what a command complained about, having done nothing else."""
    assert (result.stdout, result.returncode) == ("", status)
    return result.stderr


def test_what_was_exported_can_be_imported(zkdeploy: Zkdeploy, zk: ZK) -> None:
    assert good(zkdeploy("tree", "import", stdin=TREE)) == ""
    assert good(zkdeploy("tree", "export")) == TREE
    assert zk.export_tree() == TREE


def test_export_writes_a_file_whole_or_not_at_all(
    zkdeploy: Zkdeploy, tree: ZK, tmp_path: Path
) -> None:
    assert good(zkdeploy("tree", "export", "/cust/", "-o", "cust.zk")) == ""
    assert (tmp_path / "cust.zk").read_text(encoding="utf-8") == tree.export_tree("/cust")
    assert bad(zkdeploy("tree", "export", "/nowhere", "-o", "cust.zk")) == (
        "zkdeploy: error: there is no node /nowhere\n"
    )
    assert (tmp_path / "cust.zk").read_text(encoding="utf-8") == tree.export_tree("/cust")


def test_export_includes_ephemeral_nodes_on_request(zkdeploy: Zkdeploy, tree: ZK) -> None:
    tree.create("/cust/cms/up", b'{"pid":1}', ephemeral=True)
    assert "/up" not in good(zkdeploy("tree", "export", "/cust"))
    assert "    /up\n      pid = 1\n" in good(zkdeploy("tree", "export", "-e", "/cust"))


def test_programs_read_the_tree_as_data(zkdeploy: Zkdeploy, tree: ZK) -> None:
    tree.create("/lb/up", b"", ephemeral=True)
    link = {
        "path": "/lb",
        "ephemeral": False,
        "properties": {"type": "ipvs", "cms ->": "/cust/cms"},
    }
    up = {"path": "/lb/up", "ephemeral": True, "properties": {}}
    assert json.loads(good(zkdeploy("tree", "export", "--json", "/lb"))) == [link]
    assert json.loads(good(zkdeploy("tree", "export", "--json", "-e", "/lb"))) == [link, up]


def test_import_names_what_it_leaves_unless_told_what_to_do_with_it(
    zkdeploy: Zkdeploy, tree: ZK
) -> None:
    before = tree.export_tree()
    assert good(zkdeploy("tree", "import", "-", stdin="/cust\n")) == (
        "extra path not trimmed: /cust/cms\n"
    )
    assert good(zkdeploy("tree", "import", "--no-trim", stdin="/cust\n")) == ""
    assert tree.export_tree() == before
    assert good(zkdeploy("tree", "import", "-t", stdin="/cust\n")) == ""
    assert tree.export_tree() == "/cust\n/lb : ipvs\n  cms -> /cust/cms\n"


def test_a_dry_run_tells_and_does_nothing(zkdeploy: Zkdeploy, tree: ZK, tmp_path: Path) -> None:
    (tmp_path / "cust.zk").write_text("/cust\n  n = 1\n  /new\n")
    assert good(zkdeploy("tree", "import", "-d", "--trim", "cust.zk")).splitlines() == [
        "/cust add property n = 1",
        "would delete /cust/cms/deploy/h1.",
        "would delete /cust/cms/deploy.",
        "would delete /cust/cms.",
        "add /cust/new",
    ]
    assert tree.export_tree() == TREE


def test_a_tree_can_be_copied_to_another_place(zkdeploy: Zkdeploy, tree: ZK) -> None:
    good(
        zkdeploy(
            "tree", "import", "--path", "/lb", stdin=good(zkdeploy("tree", "export", "/cust/cms"))
        )
    )
    assert tree.get_properties("/lb/cms") == {"type": "z4m", "n": 3, "title": "Größe"}
    assert tree.get_children("/lb/cms/deploy") == ["h1"]


@pytest.mark.parametrize(("file", "name"), [("odd.zk", "odd.zk"), ("-", "standard input")])
def test_a_mistake_in_a_file_is_found_before_anything_is_written(
    zkdeploy: Zkdeploy, tree: ZK, tmp_path: Path, file: str, name: str
) -> None:
    text = "/new\n/cust\n  name = cms\n"
    (tmp_path / "odd.zk").write_text(text)
    message = bad(zkdeploy("tree", "import", file, stdin=text))
    assert message.startswith(f"zkdeploy: error: {name}:3: bad value: a value is a quoted string")
    assert tree.export_tree() == TREE


def test_a_file_that_is_not_there_is_named(zkdeploy: Zkdeploy) -> None:
    message = "zkdeploy: error: nowhere.zk: No such file or directory\n"
    assert bad(zkdeploy("tree", "import", "nowhere.zk")) == message


def test_where_nothing_differs_a_script_learns_it(
    zkdeploy: Zkdeploy, tree: ZK, tmp_path: Path
) -> None:
    (tmp_path / "all.zk").write_text(TREE, encoding="utf-8")
    tree.create("/cust/cms/up", b"", ephemeral=True)
    assert good(zkdeploy("tree", "diff", "all.zk")) == "nothing differs\n"
    assert json.loads(good(zkdeploy("tree", "diff", "--json", "all.zk"))) == {"changes": []}


def test_a_diff_begins_with_a_summary(zkdeploy: Zkdeploy, tree: ZK, tmp_path: Path) -> None:
    (tmp_path / "a.zk").write_text("/cust\n  /cms : z4m\n    n = 2\n    /deploy\n")
    (tmp_path / "b.zk").write_text("/new\n  n = 1\n")
    assert good(zkdeploy("tree", "diff", "a.zk", "b.zk"), 2).splitlines() == [
        "1 to add, 1 to change, 1 to delete",
        "  /cust/cms n change from 3 to 2",
        "  /cust/cms remove property title = Größe",
        "  would delete /cust/cms/deploy/h1.",
        "  add /new",
    ]
    assert tree.export_tree() == TREE


def test_overlays_delete_nothing(zkdeploy: Zkdeploy, tree: ZK, tmp_path: Path) -> None:
    (tmp_path / "a.zk").write_text("/lb : ipvs\n  cms -> /cust/cms\n")
    (tmp_path / "a.zkx").write_text("/lb : ipvs\n  cms -> /cust/cms\n  /pool\n/cust\n")
    assert good(zkdeploy("tree", "diff", "a.zk", "a.zkx"), 2).splitlines() == [
        "1 to add, 0 to change, 0 to delete",
        "  add /lb/pool",
    ]


def test_programs_read_a_diff_as_data(zkdeploy: Zkdeploy, tree: ZK, tmp_path: Path) -> None:
    tree.create("/cust/cms/deploy/h1/up", b"", ephemeral=True)
    tree.create("/cust/old")
    (tmp_path / "a.zk").write_text("/new\n  n = 1\n/cust\n  n = 1\n")
    (tmp_path / "below.zk").write_text("/cms : z4m\n")
    assert json.loads(good(zkdeploy("tree", "diff", "--json", "a.zk"), 2)) == {
        "changes": [
            {"action": "change", "path": "/cust", "old": {}, "new": {"n": 1}},
            {"action": "keep", "path": "/cust/cms/deploy/h1/up", "reason": "ephemeral"},
            *(
                {"action": "keep", "path": path, "reason": "above an ephemeral node"}
                for path in ("/cust/cms/deploy/h1", "/cust/cms/deploy", "/cust/cms")
            ),
            {"action": "delete", "path": "/cust/old"},
            {"action": "add", "path": "/new", "properties": {"n": 1}},
        ]
    }
    below = json.loads(good(zkdeploy("tree", "diff", "--json", "--path", "/lb", "below.zk"), 2))
    assert below == {
        "changes": [{"action": "add", "path": "/lb/cms", "properties": {"type": "z4m"}}]
    }


def test_an_error_is_not_taken_for_a_difference(
    zkdeploy: Zkdeploy, tree: ZK, tmp_path: Path
) -> None:
    (tmp_path / "odd.zk").write_text("/a\n/a\n")
    (tmp_path / "good.zk").write_text("/a\n")
    assert bad(zkdeploy("tree", "diff", "odd.zk", "good.zk")) == (
        "odd.zk:2:1: error: duplicate node 'a': '/a' [syntax]\n"
        "good.zk:1:1: error: top node /a is also in odd.zk [duplicate-node]\n"
        "zkdeploy: error: nothing was compared, because the files have problems\n"
    )
    assert bad(zkdeploy("tree", "diff", "--path", "/nowhere", "good.zk")) == (
        "zkdeploy: error: there is no node /nowhere\n"
    )
    assert "starts with a slash" in bad(zkdeploy("tree", "diff", "--path", "cust", "good.zk"))
    assert "No such option" in bad(zkdeploy("tree", "diff", "--typo", "good.zk"))


def test_set_shows_what_was_and_leaves_the_rest(zkdeploy: Zkdeploy, tree: ZK) -> None:
    args = ("/lb/cms/", "n=4", "names = ['a', \"b\"]", "type='z4m special'", "--unset", "title")
    assert good(zkdeploy("tree", "set", *args)).splitlines() == [
        "/cust/cms n: 3 -> 4",
        "/cust/cms names: not set -> ['a', 'b']",
        "/cust/cms type: 'z4m' -> 'z4m special'",
        "/cust/cms title: 'Größe' -> not set",
    ]
    expected = {"n": 4, "names": ["a", "b"], "type": "z4m special"}
    assert tree.get_properties("/cust/cms") == expected


def test_the_fleet_is_stopped_by_setting_the_version(zkdeploy: Zkdeploy, zk: ZK) -> None:
    zk.import_tree("/hosts\n  version = 3\n")
    assert good(zkdeploy("tree", "set", "/hosts", "version=None")) == "/hosts version: 3 -> None\n"
    assert zk.get_properties("/hosts") == {"version": None}


def test_a_link_can_be_unset(zkdeploy: Zkdeploy, tree: ZK) -> None:
    assert good(zkdeploy("tree", "set", "/lb", "--unset", "cms ->")) == (
        "/lb cms ->: '/cust/cms' -> not set\n"
    )
    assert tree.get_properties("/lb") == {"type": "ipvs"}


def test_there_must_be_a_node_to_set_properties_of(zkdeploy: Zkdeploy, tree: ZK) -> None:
    """A misspelled /hosts must not look like an all stop."""
    message = "zkdeploy: error: there is no node /hots; --create makes it\n"
    assert bad(zkdeploy("tree", "set", "/hots", "version=None")) == message
    assert tree.export_tree() == TREE


def test_a_fleet_begins_with_a_node_that_nobody_imported(zkdeploy: Zkdeploy, zk: ZK) -> None:
    for before, after in ("not set", "1"), ("1", "2"):
        output = good(zkdeploy("tree", "set", "--create", "/hosts", f"version={after}"))
        assert output == f"/hosts version: {before} -> {after}\n"
    assert zk.get_properties("/hosts") == {"version": 2}


def test_a_node_is_created_where_its_path_leads(zkdeploy: Zkdeploy, tree: ZK) -> None:
    assert good(zkdeploy("tree", "set", "--create", "/lb/cms/new", "n=1")) == (
        "/cust/cms/new n: not set -> 1\n"
    )
    assert tree.get_properties("/cust/cms/new") == {"n": 1}
    assert bad(zkdeploy("tree", "set", "--create", "/nowhere/new", "n=1")) == (
        "zkdeploy: error: there is no node /nowhere\n"
    )


def test_rm_does_not_take_more_than_was_named(zkdeploy: Zkdeploy, tree: ZK) -> None:
    assert bad(zkdeploy("tree", "rm", "/cust")) == (
        "zkdeploy: error: /cust has 1 child node; to delete them, too: --recursive\n"
    )
    assert tree.export_tree() == TREE
    assert good(zkdeploy("tree", "rm", "/lb")) == ""
    assert not tree.exists("/lb")


def test_rm_keeps_what_running_programs_made_unless_forced(zkdeploy: Zkdeploy, tree: ZK) -> None:
    tree.create("/cust/cms/deploy/up", b"", ephemeral=True)
    assert good(zkdeploy("tree", "rm", "-rn", "/cust")).splitlines() == [
        "would delete /cust/cms/deploy/h1.",
        "wouldn't delete /cust/cms/deploy/up because it's ephemeral.",
        "/cust/cms/deploy not deleted due to ephemeral descendent.",
        "/cust/cms not deleted due to ephemeral descendent.",
        "/cust not deleted due to ephemeral descendent.",
    ]
    assert tree.exists("/cust/cms/deploy/h1")
    kept = good(zkdeploy("tree", "rm", "-r", "/cust"))
    assert "Not deleting /cust/cms/deploy/up because it's ephemeral.\n" in kept
    assert tree.get_children("/cust/cms/deploy") == ["up"]
    assert good(zkdeploy("tree", "rm", "-r", "--force", "/cust")) == ""
    assert not tree.exists("/cust")


def test_without_zookeeper_one_line_says_so(zkdeploy: Zkdeploy) -> None:
    assert bad(zkdeploy("tree", "export", "--zookeeper", "127.0.0.1:1")) == (
        "zkdeploy: error: no ZooKeeper server answered at 127.0.0.1:1; is the address right?\n"
    )
