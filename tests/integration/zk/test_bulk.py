"""Many nodes at once."""

from __future__ import annotations

import contextlib
from collections import Counter

import pytest
from kazoo.client import KazooClient
from kazoo.exceptions import (
    BadVersionError,
    ConnectionClosedError,
    ConnectionLoss,
    NoAuthError,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
)
from kazoo.protocol.states import KazooState
from kazoo.security import make_digest_acl

from zc.zk import OPEN_ACL_UNSAFE, READ_ACL_UNSAFE, ZK
from zc.zk.acls import read_acls, set_acls
from zc.zk.bulk import Bulk, Result
from zc.zk.multiread import MultiReadRequest, Reads
from zc.zk.operations import (
    MAX_BYTES,
    MAX_DATA,
    MAX_OPERATIONS,
    Check,
    Create,
    Delete,
    Set,
    batches,
)
from zc.zk.progress import Work
from zc.zkdeployment.lab.relay import MULTI_READ, TRANSACTION, Relay
from zc.zkdeployment.lab.zookeeper import Server


def test_one_request_reads_data_stat_and_children_of_many_nodes(
    zk: ZK, zookeeper_server: Server
) -> None:
    zk.bulk.write([Create("/a", b"1"), Create("/a/x"), Create("/a/y", b"\xff"), Create("/b")])
    before = zookeeper_server.received()
    a, missing, root, b = zk.bulk.read(["/a", "/missing", "/", "/b"], children=True)
    assert zookeeper_server.received() - before < 5  # a ping or two may come in between
    assert (a.data, sorted(a.children or ())) == (b"1", ["x", "y"])
    assert a.stat == zk.get("/a")[1]
    assert missing == Result("/missing")
    assert not missing.exists
    assert sorted(root.children or ()) == ["a", "b"]
    assert (b.data, b.children, b.exists) == (b"", [], True)


def test_only_what_is_asked_for_is_read(zk: ZK) -> None:
    zk.create("/a", "1")
    [data] = zk.bulk.read(["/a"])
    assert (data.data, data.children) == (b"1", None)
    [names, missing] = zk.bulk.read(["/a", "/missing"], data=False, children=True)
    assert (names.stat, names.children, names.exists) == (None, [], True)
    assert not missing.exists
    assert zk.bulk.read([]) == []


def test_a_node_without_any_data_reads_as_one_with_no_bytes(
    zk: ZK, zookeeper_server: Server, zk_connection: str
) -> None:
    zk.client.create("/null", None)
    assert zk.bulk.read(["/null"])[0].data == b""


def test_without_a_chroot_paths_are_those_of_the_server(zookeeper_server: Server) -> None:
    zk = ZK(zookeeper_server.connection_string)
    [root] = zk.bulk.read(["/"], children=True)
    zk.close()
    assert "zookeeper" in (root.children or ())


def test_a_relative_path_is_refused(zk: ZK) -> None:
    with pytest.raises(ValueError, match="'a' is no absolute path"):
        zk.bulk.read(["a"])


def test_a_node_that_may_not_be_read_is_named(zk: ZK) -> None:
    zk.create("/open")
    zk.create("/secret", acl=[make_digest_acl("somebody", "else", all=True)])
    with pytest.raises(NoAuthError, match="/secret"):
        zk.bulk.read(["/open", "/secret"])
    zk.client.add_auth("digest", "somebody:else")
    assert zk.bulk.read(["/open", "/secret"])[1].exists
    zk.delete("/secret")


def test_large_nodes_come_in_answers_of_bounded_size(zk: ZK, zookeeper_server: Server) -> None:
    paths = [f"/{number}" for number in range(60)]
    zk.bulk.write(Create(path, b"x" * 100_000) for path in paths)
    zk.bulk.read(paths[:1])
    before = zookeeper_server.received()
    results = zk.bulk.read(paths)
    assert all(len(result.data) == 100_000 for result in results)
    assert zookeeper_server.received() - before >= 10  # at 500 KB each


def test_long_paths_come_in_requests_of_bounded_size(zk: ZK) -> None:
    long = "n" * 4000
    zk.bulk.write(Create(f"/{long}{number}") for number in range(300))
    results = zk.bulk.read(f"/{long}{number}" for number in range(300))
    assert all(result.exists for result in results)


def test_a_server_that_knows_no_multi_read_is_read_all_the_same(
    zk: ZK, relay: Relay, relayed: ZK
) -> None:
    zk.bulk.write([Create("/a", b"1"), Create("/a/b", b"2")])
    relay.refuse(MULTI_READ)
    losses = _losses(relayed)
    for _ in range(3):
        a, b, missing = relayed.bulk.read(["/a", "/a/b", "/missing"], children=True)
        assert (a.data, a.children, b.data) == (b"1", ["b"], b"2")
        assert not missing.exists
    assert losses == ["SUSPENDED"]  # once, to find out


def test_a_server_that_drops_the_connection_at_each_multi_read_is_read_all_the_same(
    zk: ZK, relay: Relay, relayed: ZK
) -> None:
    zk.create("/a", "1")
    relay.lose_request(MULTI_READ, 1000)
    losses = _losses(relayed)
    assert [relayed.bulk.read(["/a"])[0].data for _ in range(5)] == [b"1"] * 5
    assert losses == ["SUSPENDED"] * 2


def _losses(zk: ZK) -> list[str]:
    """Return a list that each loss of the connection adds to."""
    losses: list[str] = []

    def listener(state: str) -> None:
        if state != KazooState.CONNECTED:
            losses.append(state)

    zk.client.add_listener(listener)
    return losses


def test_a_lost_connection_does_not_make_multi_read_be_given_up(
    zk: ZK, relay: Relay, relayed: ZK, zookeeper_server: Server
) -> None:
    paths = [f"/{number}" for number in range(200)]
    zk.bulk.write(Create(path) for path in paths)
    relayed.bulk.read(["/"])
    relay.lose_answer(MULTI_READ, 5)
    for _ in range(6):
        assert all(result.exists for result in relayed.bulk.read(paths[:3]))
    before = zookeeper_server.received()
    relayed.bulk.read(paths)
    assert zookeeper_server.received() - before < 20


def test_a_debug_log_shows_how_much_is_read_and_not_all_of_it() -> None:
    assert repr(MultiReadRequest(Reads(["/a"], ["/b"]))) == "MultiReadRequest(2 reads)"


def test_reading_through_a_closed_client_is_an_error_at_once(zk: ZK) -> None:
    zk.close()
    with pytest.raises(ConnectionClosedError):
        zk.bulk.read(["/"])


def test_a_transaction_creates_sets_checks_and_deletes(zk: ZK) -> None:
    zk.create("/old")
    zk.create("/kept")
    zk.bulk.write(
        [
            Create("/new", b"1", READ_ACL_UNSAFE),
            Create("/passing", b"2", ephemeral=True),
            Check("/kept", 0),
            Set("/kept", b"3", 0),
            Delete("/old"),
        ]
    )
    assert [result.data for result in zk.bulk.read(["/new", "/passing", "/kept"])] == [
        b"1",
        b"2",
        b"3",
    ]
    assert zk.client.get_acls("/new")[0] == READ_ACL_UNSAFE
    assert zk.is_ephemeral("/passing")
    assert not zk.exists("/old")


def test_of_a_transaction_that_fails_nothing_is_done_and_the_node_at_fault_is_named(
    zk: ZK,
) -> None:
    zk.create("/taken")
    with pytest.raises(NodeExistsError, match="/taken"):
        zk.bulk.write([Create("/new"), Create("/taken"), Create("/newer")])
    with pytest.raises(BadVersionError, match="/taken"):
        zk.bulk.write([Create("/new"), Set("/taken", b"", 7)])
    with pytest.raises(NoNodeError, match="/missing"):
        zk.bulk.write([Create("/new"), Check("/missing")])
    assert zk.get_children("/") == ["taken"]


def test_transactions_before_the_one_that_fails_are_done_and_those_after_it_are_not(
    zk: ZK,
) -> None:
    zk.create("/1999")
    with pytest.raises(NodeExistsError, match="/1999"):
        zk.bulk.write(Create(f"/{number}") for number in range(1000, 3000))
    assert len(zk.get_children("/")) == MAX_OPERATIONS + 1


def test_children_go_before_their_parents_over_many_transactions(zk: ZK) -> None:
    paths = ["/top", *(f"/top/{number}" for number in range(1200))]
    zk.bulk.write(Create(path) for path in paths)
    with pytest.raises(NotEmptyError, match="/top"):
        zk.bulk.write([Delete("/top")])
    zk.bulk.write(Delete(path) for path in reversed(paths))
    assert zk.get_children("/") == []


def test_data_too_large_for_one_node_are_refused_before_anything_is_written(zk: ZK) -> None:
    with pytest.raises(ValueError, match=f"/large: {MAX_DATA + 1} bytes are too many"):
        zk.bulk.write([Create("/small"), Create("/large", b"x" * (MAX_DATA + 1))])
    assert zk.get_children("/") == []


def test_the_largest_node_that_is_not_refused_can_be_written(zk: ZK) -> None:
    path = "/" + "n" * 10_000
    zk.bulk.write([Create(path, b"x" * MAX_DATA), Set(path, b"y" * MAX_DATA)])
    assert zk.get(path)[0] == b"y" * MAX_DATA


def test_requests_stay_far_below_the_size_that_servers_refuse() -> None:
    acl = READ_ACL_UNSAFE * 3
    operations = [Create(f"/{number}", b"x" * 100_000, acl) for number in range(12)]
    parts = list(batches(operations))
    assert [operation for part in parts for operation in part] == operations
    assert all(sum(len(o.path) + 100_000 for o in part) <= MAX_BYTES for part in parts)
    assert len(parts) == 3


def test_a_lost_answer_to_a_transaction_is_reported_and_not_repeated(
    zk: ZK, relay: Relay, relayed: ZK
) -> None:
    relay.lose_answer(TRANSACTION)
    with pytest.raises(ConnectionLoss):
        relayed.bulk.write([Create("/once")])
    assert zk.exists("/once")


def test_new_nodes_get_the_acl_that_the_client_was_made_with(zk: ZK, zk_connection: str) -> None:
    client = KazooClient(zk_connection, default_acl=READ_ACL_UNSAFE)
    client.start()
    Bulk(client, 10.0).write([Create("/node")])
    client.stop()
    client.close()
    assert zk.client.get_acls("/node")[0] == READ_ACL_UNSAFE


def test_the_acls_that_a_client_adds_by_itself_count_for_the_size_of_a_request(
    zk_connection: str,
) -> None:
    """A request that is too large looks like a lost connection, again and again."""
    known = [make_digest_acl(f"{n:0100}", "secret", all=True) for n in range(20)]
    paths = [f"/{number}" for number in range(MAX_OPERATIONS)]
    with contextlib.closing(
        ZK(zk_connection, acl_for=lambda path: [*OPEN_ACL_UNSAFE, *known])
    ) as zk:
        zk.bulk.write(map(Create, paths))
        acls = [len(found[0]) for found in read_acls(zk.bulk, paths) if found]
    assert acls == [21] * MAX_OPERATIONS


def test_an_observer_is_told_how_far_reading_and_writing_have_got(zk: ZK) -> None:
    told: list[tuple[Work, int, int | None]] = []
    zk.bulk.observer = lambda *step: told.append(step)
    paths = [f"/{number}" for number in range(MAX_OPERATIONS + 1)]
    zk.bulk.write(map(Create, paths))
    assert told == [(Work.WRITES, 0, 501), (Work.WRITES, 500, 1), (Work.WRITES, 1, 0)]
    told.clear()
    zk.bulk.read([*paths, "/"], children=True)
    done = Counter[Work]()
    for work, more, _ in told:
        done[work] += more
    assert (done[Work.NAMES], done[Work.NODES], len(told) > 3) == (502, 502, True)
    told.clear()
    set_acls(zk.bulk, dict.fromkeys(("/0", "/1", "/gone"), READ_ACL_UNSAFE))
    assert told[0] == (Work.ACLS_SET, 0, 3)
    assert told[-1] == (Work.ACLS_SET, 1, 0)
    told.clear()
    assert [bool(found) for found in read_acls(zk.bulk, ["/0", "/gone"])] == [True, False]
    assert told == [(Work.ACLS_READ, 0, 2), (Work.ACLS_READ, 1, 1), (Work.ACLS_READ, 1, 0)]


def test_what_is_not_done_is_not_told(zk: ZK) -> None:
    told: list[tuple[Work, int, int | None]] = []
    zk.bulk.observer = lambda *step: told.append(step)
    with pytest.raises(NodeExistsError):
        zk.bulk.write([Create("/a"), Create("/a")])
    assert told == [(Work.WRITES, 0, 2)]
