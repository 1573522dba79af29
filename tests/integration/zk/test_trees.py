"""Trees are imported, exported, deleted and walked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import pytest
from kazoo.exceptions import (
    BadVersionError,
    ConnectionClosedError,
    ConnectionLoss,
    NoAuthError,
    NoNodeError,
)
from kazoo.security import CREATOR_ALL_ACL, make_digest_acl

import zc.zk
from zc.zk import OPEN_ACL_UNSAFE, READ_ACL_UNSAFE, ZK, trees
from zc.zk.bulk import Bulk
from zc.zk.multiread import Znode
from zc.zk.operations import Check, Operation
from zc.zk.scan import scan
from zc.zkdeployment.lab.relay import TRANSACTION, Relay
from zc.zkdeployment.lab.zookeeper import Server

TREE = """\
/cust : customer
  name = 'Acme'
  /cms : z4m
    version = '1.0.0'
    db -> /databases/main
    threads => /defaults threads
    /deploy
      /host1
/databases
  /main
"""


def test_a_tree_comes_back_as_it_was_imported(zk: ZK) -> None:
    zk.import_tree(TREE)
    assert zk.export_tree() == TREE
    assert zc.zk.parse_tree(zk.export_tree()) == zc.zk.parse_tree(TREE)


def test_a_part_of_a_tree_is_exported_under_its_name_or_another(zk: ZK) -> None:
    zk.import_tree(TREE)
    assert zk.export_tree("/cust/cms/deploy") == "/deploy\n  /host1\n"
    assert zk.export_tree("/databases", name="db") == "/db\n  /main\n"
    zk.set("/", '{"a": 1}')
    assert zk.export_tree("/", name="top").startswith("/top\n  a = 1\n  /cust : customer\n")
    assert zk.export_tree().startswith("/cust : customer\n")
    with pytest.raises(NoNodeError, match="/missing"):
        zk.export_tree("/missing")


def test_an_empty_tree_has_an_empty_text(zk: ZK, capsys: pytest.CaptureFixture[str]) -> None:
    assert zk.export_tree() == ""
    zk.print_tree()
    assert capsys.readouterr().out == ""


def test_ephemeral_nodes_are_printed_and_exported_only_if_asked_for(
    zk: ZK, capsys: pytest.CaptureFixture[str]
) -> None:
    zk.import_tree("/hosts\n  version = 1\n")
    zk.create("/hosts/h", '{"name": "host42"}', ephemeral=True)
    assert zk.export_tree() == "/hosts\n  version = 1\n"
    text = "/hosts\n  version = 1\n  /h\n    name = 'host42'\n"
    assert zk.export_tree(ephemeral=True) == text
    zk.print_tree("/hosts")
    assert capsys.readouterr().out == text


def test_an_import_goes_below_a_node_that_exists(zk: ZK) -> None:
    zk.create("/top")
    zk.import_tree("/a\n  /b\n", "/top/")
    assert zk.export_tree() == "/top\n  /a\n    /b\n"
    with pytest.raises(NoNodeError, match="/missing"):
        zk.import_tree("/a\n", "/missing")


def test_a_text_with_an_error_changes_nothing(zk: ZK) -> None:
    with pytest.raises(zc.zk.TreeSyntaxError, match="line 2"):
        zk.import_tree("/a\n  b = c()\n")
    assert zk.get_children("/") == []


def test_what_the_text_lacks_is_named_or_trimmed_or_passed_over(
    zk: ZK, capsys: pytest.CaptureFixture[str]
) -> None:
    zk.import_tree("/a\n  /x\n    /y\n  /z\n/b\n")
    zk.import_tree("/a\n  /z\n")
    assert capsys.readouterr().out == "extra path not trimmed: /a/x\n"
    zk.import_tree("/a\n  /z\n", trim=False)
    zk.import_tree("/a\n  /z\n", trim=True, dry_run=True)
    assert capsys.readouterr().out == "would delete /a/x/y.\nwould delete /a/x.\n"
    assert zk.exists("/a/x/y")
    zk.import_tree("/a\n  /z\n", trim=True)
    assert capsys.readouterr().out == ""
    assert zk.export_tree() == "/a\n  /z\n/b\n"


def test_trimming_keeps_ephemeral_nodes_and_what_is_above_them(zk: ZK) -> None:
    zk.import_tree("/a\n  /x\n    /y\n  /z\n")
    zk.create("/a/x/up", ephemeral=True)
    zk.import_tree("/a\n", trim=True)
    assert zk.export_tree(ephemeral=True) == "/a\n  /x\n    /up\n"


def test_a_dry_run_tells_what_would_change(zk: ZK, capsys: pytest.CaptureFixture[str]) -> None:
    zk.import_tree("/a\n  n = 1\n  l -> /x\n")
    zk.import_tree("/a\n  n = 2\n  l -> /y\n  /b\n", dry_run=True, acl=READ_ACL_UNSAFE)
    assert capsys.readouterr().out == (
        "/a l link change from /x to /y\n/a n change from 1 to 2\nadd /a/b\n"
    )
    assert zk.export_tree() == "/a\n  n = 1\n  l -> /x\n"
    assert zk.client.get_acls("/a")[0] == OPEN_ACL_UNSAFE


def test_an_import_writes_only_what_differs(zk: ZK) -> None:
    zk.import_tree(TREE)
    before = {path: node.stat for path, node in _scan(zk).items()}
    zk.import_tree(TREE, trim=True)
    assert {path: node.stat for path, node in _scan(zk).items()} == before
    zk.import_tree(TREE.replace("1.0.0", "2.0.0"), trim=True)
    after = {path: node.stat for path, node in _scan(zk).items()}
    assert {path for path in after if after[path] != before[path]} == {"/cust/cms"}


def test_ten_thousand_nodes_are_imported_in_few_requests(zk: ZK, zookeeper_server: Server) -> None:
    lines = []
    for customer in range(100):
        lines += [f"/cust{customer}", "  /app"]
        for number in range(33):
            lines += [
                f"    /n{number} : z4m",
                "      version = '1'",
                "      /deploy",
                "        /h",
            ]
    text = "\n".join(lines)
    counts = []
    for changed in (text, text, text.replace("'1'", "'2'", 1)):
        before = zookeeper_server.received()
        zk.import_tree(changed)
        counts.append(zookeeper_server.received() - before)
    first, unchanged, one = counts
    assert first <= 30
    assert unchanged <= 30
    assert one <= 31


def test_acls_stay_unless_others_are_given(zk: ZK) -> None:
    acl = [*READ_ACL_UNSAFE, *CREATOR_ALL_ACL]
    zk.client.add_auth("digest", "somebody:else")
    zk.create("/a", acl=acl)
    zk.import_tree("/a\n  n = 1\n  /b\n/c\n")
    assert len(zk.client.get_acls("/a")[0]) == 2
    assert zk.client.get_acls("/a/b")[0] == OPEN_ACL_UNSAFE
    zk.import_tree("/a\n  /b\n  /d\n", acl=READ_ACL_UNSAFE)
    for path in ("/a", "/a/b", "/a/d"):
        assert zk.client.get_acls(path)[0] == READ_ACL_UNSAFE
    zk.import_tree("/a\n  /b\n  /d\n", acl=READ_ACL_UNSAFE)  # nothing to set, nor allowed
    assert zk.client.get_acls("/c")[0] == OPEN_ACL_UNSAFE


def test_an_acl_that_may_not_be_set_is_an_error_that_names_the_node(zk: ZK) -> None:
    zk.import_tree("/a\n")
    somebody = make_digest_acl("somebody", "else", all=True)
    zk.client.set_acls("/a", [somebody, *READ_ACL_UNSAFE])
    with pytest.raises(NoAuthError, match="/a"):
        zk.import_tree("/a\n", acl=OPEN_ACL_UNSAFE)


def test_nodes_that_somebody_deletes_meanwhile_keep_no_acl_from_being_set(zk: ZK) -> None:
    class Deleting(Bulk):
        def write(self, operations: Iterable[Operation], guard: Check | None = None) -> list[Any]:
            done = super().write(operations, guard)
            zk.delete("/a")
            return done

    zk.import_tree("/a\n/b\n")
    bulk = Deleting(zk.client, zk.timeout)
    tree = zc.zk.parse_tree("/a\n/b\n")
    trees.import_tree(bulk, tree, "/", trim=None, acl=READ_ACL_UNSAFE, dry_run=False, tell=print)
    assert zk.client.get_acls("/b")[0] == READ_ACL_UNSAFE


class _Disturbed(Bulk):
    """Writes after somebody else did: before each of the first writes, there is a change."""

    def __init__(self, zk: ZK, changes: Iterable[Callable[[], object]]) -> None:
        super().__init__(zk.client, zk.timeout)
        self._changes = iter(changes)

    def write(self, operations: Iterable[Operation], guard: Check | None = None) -> list[Any]:
        next(self._changes, lambda: None)()
        return super().write(operations, guard)


def _import(bulk: Bulk, text: str, told: list[str]) -> None:
    trees.import_tree(
        bulk, zc.zk.parse_tree(text), "/", trim=None, acl=None, dry_run=False, tell=told.append
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda zk: zk.create("/a/new"),
        lambda zk: zk.set("/a/old", '{"n": 5}'),
        lambda zk: zk.delete("/a/old"),
        lambda zk: zk.delete("/a", recursive=True),
    ],
    ids=["create", "set", "delete", "delete all"],
)
def test_an_import_copes_with_others_that_write_meanwhile(
    zk: ZK, change: Callable[[ZK], object]
) -> None:
    text = "/a\n  /new\n    /below\n  /old\n    n = 2\n"
    told: list[str] = []
    zk.import_tree("/a\n  /extra\n  /old\n    n = 1\n")
    _import(_Disturbed(zk, [partial(change, zk)]), text, told)
    assert zk.export_tree("/a/new") == "/new\n  /below\n"
    assert zk.get_properties("/a/old") == {"n": 2}
    assert told == ["extra path not trimmed: /a/extra"]  # once


def test_an_import_gives_up_where_others_never_stop_writing(zk: ZK) -> None:
    zk.import_tree("/a\n  n = 1\n")

    def changes() -> Iterable[Callable[[], object]]:
        for number in range(1000):
            yield partial(zk.set, "/a", f'{{"n": {number + 10}}}')

    with pytest.raises(BadVersionError, match="/a"):
        _import(_Disturbed(zk, changes()), "/a\n  n = 2\n", [])


@pytest.mark.parametrize("lose", ["lose_answer", "lose_request"])
def test_an_import_goes_on_where_the_connection_was_lost(
    zk: ZK, relay: Relay, relayed: ZK, lose: str
) -> None:
    getattr(relay, lose)(TRANSACTION)
    relayed.import_tree(TREE)
    assert zc.zk.parse_tree(zk.export_tree()) == zc.zk.parse_tree(TREE)
    getattr(relay, lose)(TRANSACTION, 1)
    relayed.delete_recursive("/cust")
    assert zk.get_children("/") == ["databases"]


def test_an_import_gives_up_where_every_connection_is_lost(relay: Relay, relayed: ZK) -> None:
    relay.lose_request(TRANSACTION, 1000)
    with pytest.raises(ConnectionLoss):
        relayed.import_tree("/a\n")


def test_a_closed_tree_is_not_imported_into(zk: ZK) -> None:
    bulk = _Disturbed(zk, [zk.close])
    with pytest.raises(ConnectionClosedError):
        _import(bulk, "/a\n", [])


def test_deleting_keeps_ephemeral_nodes_and_says_so(
    zk: ZK, capsys: pytest.CaptureFixture[str]
) -> None:
    zk.import_tree("/a\n  /b\n    /c\n  /d\n")
    zk.create("/a/b/up", ephemeral=True)
    zk.delete_recursive("/a", dry_run=True)
    assert capsys.readouterr().out == (
        "would delete /a/b/c.\n"
        "wouldn't delete /a/b/up because it's ephemeral.\n"
        "/a/b not deleted due to ephemeral descendent.\n"
        "would delete /a/d.\n"
        "/a not deleted due to ephemeral descendent.\n"
    )
    zk.delete_recursive("/a")
    assert capsys.readouterr().out == (
        "Not deleting /a/b/up because it's ephemeral.\n"
        "/a/b not deleted due to ephemeral descendent.\n"
        "/a not deleted due to ephemeral descendent.\n"
    )
    assert sorted(_scan(zk)) == ["/", "/a", "/a/b", "/a/b/up"]
    zk.delete_recursive("/a/b/up", ignore_if_ephemeral=True)
    assert capsys.readouterr().out == ""
    zk.delete_recursive("/a", force=True)
    assert sorted(_scan(zk)) == ["/"]


def test_what_cannot_be_deleted_is_an_error(zk: ZK) -> None:
    with pytest.raises(NoNodeError, match="/missing"):
        zk.delete_recursive("/missing")
    with pytest.raises(ValueError, match="The root cannot be deleted"):
        zk.delete_recursive("/")


@pytest.mark.parametrize("change", ["create", "delete", "delete all"])
def test_deleting_copes_with_others_that_write_meanwhile(zk: ZK, change: str) -> None:
    zk.import_tree("/a\n  /b\n    /c\n")
    changes: dict[str, Callable[[], object]] = {
        "create": partial(zk.create, "/a/b/new"),
        "delete": partial(zk.delete, "/a/b/c"),
        "delete all": partial(zk.delete, "/a", recursive=True),
    }
    trees.delete_all(_Disturbed(zk, [changes[change]]), "/a")
    assert not zk.exists("/a")


def test_many_trees_are_deleted_in_few_requests(zk: ZK, zookeeper_server: Server) -> None:
    """A publication may take hundreds of top nodes away."""
    tops = [f"/old{number}" for number in range(300)]
    zk.import_tree("".join(f"{top}\n  /a\n    /b\n" for top in tops) + "/other\n")
    zk.create("/old7/a/ephemeral", ephemeral=True)
    told: list[str] = []
    before = zookeeper_server.received()
    trees.delete_trees(
        zk.bulk,
        [*tops, "/missing"],
        dry_run=False,
        force=False,
        ignore_if_ephemeral=True,
        tell=told.append,
    )
    assert zookeeper_server.received() - before <= 30
    assert sorted(zk.get_children("/")) == ["old7", "other"]
    assert told == [
        "Not deleting /old7/a/ephemeral because it's ephemeral.",
        "/old7/a not deleted due to ephemeral descendent.",
        "/old7 not deleted due to ephemeral descendent.",
    ]


def test_walking_goes_parents_first_and_by_name(zk: ZK) -> None:
    zk.import_tree("/b\n/a\n  /y\n  /x\n")
    zk.create("/a/up", ephemeral=True)
    assert list(zk.walk()) == ["/", "/a", "/a/up", "/a/x", "/a/y", "/b"]
    assert list(zk.walk("/a", ephemeral=False)) == ["/a", "/a/x", "/a/y"]
    assert list(zk.walk("/missing")) == []


def test_walking_does_not_visit_the_names_that_are_taken_out(zk: ZK) -> None:
    zk.import_tree("/a\n  /skipped\n    /z\n  /x\n")
    seen = []
    for path, names in zk.walk("/a", children=True):
        seen.append((path, list(names)))
        if "skipped" in names:
            names.remove("skipped")
    assert seen == [("/a", ["skipped", "x"]), ("/a/x", [])]


def test_what_is_deleted_while_walking_is_passed_over(zk: ZK) -> None:
    zk.import_tree("/a\n  /b\n    /c\n  /d\n")
    seen = []
    for path in zk.walk("/a"):
        seen.append(path)
        if path == "/a":
            zk.delete_recursive("/a/b")
            zk.create("/a/d/new")
    assert seen == ["/a", "/a/d", "/a/d/new"]


def test_a_tree_is_read_as_properties_of_its_persistent_nodes(zk: ZK) -> None:
    zk.import_tree(TREE)
    zk.create("/cust/up", ephemeral=True)
    tree = zk.read_tree(skip={"/databases"})
    assert sorted(tree) == [
        "/",
        "/cust",
        "/cust/cms",
        "/cust/cms/deploy",
        "/cust/cms/deploy/host1",
    ]
    assert tree["/cust"] == {"type": "customer", "name": "Acme"}
    assert sorted(zk.read_tree("/databases")) == ["/databases", "/databases/main"]


def test_two_imports_at_a_time_both_get_done(zk: ZK, zk_connection: str) -> None:
    other = ZK(zk_connection)
    texts = [
        "".join(f"/{name}{number}\n  n = 1\n  /shared\n" for number in range(300)) + "/both\n"
        for name in ("a", "b")
    ]
    failures: list[BaseException] = []

    def run() -> None:
        try:
            other.import_tree(texts[1])
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    zk.import_tree(texts[0])
    thread.join()
    other.close()
    assert not failures
    assert len(_scan(zk)) == 1202


def _scan(zk: ZK) -> Mapping[str, Znode]:
    return scan(zk.bulk)
