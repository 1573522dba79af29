"""Connecting, and requests about single nodes."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from kazoo.client import KazooClient
from kazoo.exceptions import BadVersionError, ConnectionClosedError, NodeExistsError, NoNodeError
from kazoo.security import CREATOR_ALL_ACL

import zc.zk
from zc.zk import ZK, connect
from zc.zk.operations import MAX_DATA
from zc.zkdeployment.lab.free_ports import free_ports
from zc.zkdeployment.lab.relay import Relay
from zc.zkdeployment.lab.zookeeper import Server


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up connecting soon."""
    monkeypatch.setattr(connect, "_PATIENCE", 0.2)


@contextlib.contextmanager
def _no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert {thread for thread in threading.enumerate() if thread.name != "relay"} <= before


@pytest.mark.usefixtures("impatient")
def test_no_server_is_an_error_that_names_it_and_leaves_no_thread() -> None:
    servers = f"127.0.0.1:{free_ports(1)[0]}"
    with _no_thread_left(), pytest.raises(zc.zk.FailedConnect, match=servers):
        ZK(servers)


@pytest.mark.usefixtures("impatient")
def test_waiting_for_a_server_says_so_until_there_is_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Server.start(tmp_path) as server:
        server.stop()
        said = threading.Event()

        class Listener(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                assert record.levelno == logging.CRITICAL
                said.set()

        logger = logging.getLogger("zc.zk")
        listener = Listener()
        logger.addHandler(listener)

        def launch() -> None:
            said.wait(10.0)
            server.launch()

        restart = threading.Thread(target=launch)
        restart.start()
        try:
            ZK(server.connection_string, wait=True).close()
        finally:
            logger.removeHandler(listener)
            restart.join()
    message = f"Can't connect to ZooKeeper at '{server.connection_string}'"
    assert ("zc.zk", logging.CRITICAL, message) in caplog.record_tuples


def test_the_environment_names_the_servers(
    zk_connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZC_ZK_CONNECTION_STRING", zk_connection)
    with contextlib.closing(ZK()) as zk:
        zk.create("/here")
    with contextlib.closing(ZK(zk_connection)) as zk:
        assert zk.exists("/here")


@pytest.mark.usefixtures("impatient")
def test_without_a_word_the_server_on_this_host_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZC_ZK_CONNECTION_STRING", raising=False)
    monkeypatch.setattr("zc.zk.client._SERVERS", f"127.0.0.1:{free_ports(1)[0]}")
    with pytest.raises(zc.zk.FailedConnect, match=r"127\.0\.0\.1"):
        ZK()


def test_sessions_time_out_as_asked(zk_connection: str) -> None:
    with contextlib.closing(ZK(zk_connection)) as zk:
        assert zk.session_timeout == 10.0
    with contextlib.closing(ZK(zk_connection, 4)) as zk:
        assert zk.session_timeout == 4.0
        assert zk.timeout == 12.0


def test_closing_twice_is_harmless_and_leaves_no_thread(zk_connection: str) -> None:
    with _no_thread_left():
        zk = ZK(zk_connection)
        zk.properties("/")
        zk.ephemerals.create("/passing")
        zk.close()
        zk.close()
    with pytest.raises(ConnectionClosedError):
        zk.get("/")


def test_a_client_that_was_given_is_used_and_not_closed(zk_connection: str) -> None:
    client = connect.new_client(zk_connection, 8.0)
    connect.start(client, zk_connection)
    zk = ZK(client)
    assert zk.client is client
    assert zk.session_timeout == 8.0
    children = zk.children("/")
    zk.ephemerals.create("/passing")
    zk.close()
    client.create("/node")
    assert "node" not in children  # they are as they were
    assert client.exists("/passing")
    connect.stop(client)


def test_a_client_finds_its_servers_again_soon_after_a_long_outage() -> None:
    """kazoo's own delays between attempts grow up to an hour."""
    client = connect.new_client("127.0.0.1:1", 10.0)
    assert isinstance(client, KazooClient)
    retry = client._connection.retry_sleeper
    assert retry.max_delay <= 1.0
    assert retry.max_tries == -1


def test_a_debug_log_shows_neither_passwords_nor_data(
    zk_connection: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with contextlib.closing(ZK(zk_connection)) as zk:
        zk.client.add_auth("digest", "user:hunter2")
        zk.create("/node", "private")
        zk.get("/node")
    assert "hunter2" not in caplog.text
    assert "private" not in caplog.text
    assert "Zookeeper connection established" in caplog.text


def test_closing_while_the_servers_are_silent_comes_to_an_end(
    relay: Relay, zk_connection: str
) -> None:
    chroot = zk_connection.partition("/")[2]
    with _no_thread_left():
        zk = ZK(f"{relay.connection_string}/{chroot}", 2.0)
        zk.ephemerals.create("/host")
        zk.children("/")
        relay.hold()
        zk.close()


def test_an_interrupt_while_a_request_is_handed_over_is_not_a_lost_connection(
    zk_connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(ZK(zk_connection)) as zk:
        connection = zk.client._connection
        wake = connection._write_sock

        class Interrupted:
            """What wakes the connection's thread; Ctrl-C comes as it is called."""

            def send(self, data: bytes) -> None:
                wake.send(data)
                monkeypatch.setattr(connection, "_write_sock", wake)
                raise KeyboardInterrupt

        monkeypatch.setattr(connection, "_write_sock", Interrupted())
        with pytest.raises(KeyboardInterrupt):
            zk.get("/")
        assert zk.exists("/")


def test_with_tls_the_name_in_the_certificate_is_checked() -> None:
    assert connect.new_client("127.0.0.1:1", 10.0, use_ssl=True).check_hostname
    client = connect.new_client("127.0.0.1:1", 10.0, use_ssl=True, check_hostname=False)
    assert not client.check_hostname


def test_single_nodes(zk: ZK) -> None:
    assert zk.create("/node", "ä") == "/node"
    assert zk.get("/node")[0] == "ä".encode()
    stat = zk.set("/node", b"\xff", 0)
    assert zk.exists("/node") == stat
    assert zk.get("/node") == (b"\xff", stat)
    with pytest.raises(BadVersionError, match="/node"):
        zk.set("/node", "", 7)
    with pytest.raises(BadVersionError, match="/node"):
        zk.delete("/node", 7)
    assert zk.create("/node/a/b", makepath=True) == "/node/a/b"
    assert zk.get_children("/node") == ["a"]
    assert zk.create("/node/n-", sequence=True) == "/node/n-0000000001"
    assert zk.create("/node/e", ephemeral=True)
    assert zk.is_ephemeral("/node/e")
    assert not zk.is_ephemeral("/node")
    zk.delete("/node/e")
    zk.delete("/node", recursive=True)
    assert zk.exists("/node") is None
    zk.delete("/node", recursive=True)


def test_errors_name_the_node(zk: ZK) -> None:
    for request in (zk.get, zk.get_children, zk.delete, zk.get_properties, zk.is_ephemeral):
        with pytest.raises(NoNodeError, match=r"^/missing$"):
            request("/missing")
    zk.create("/there")
    with pytest.raises(NodeExistsError, match=r"^/there$"):
        zk.create("/there")


def test_a_node_created_without_any_data_reads_as_empty(zk: ZK) -> None:
    zk.client.create("/null", None)
    assert zk.get("/null")[0] == b""
    assert zk.get_properties("/null") == {}


def test_more_than_a_node_can_hold_is_refused_and_not_tried_for_ever(zk: ZK) -> None:
    zk.create("/node")
    large = b"x" * (MAX_DATA + 1)
    for write in (zk.create, zk.set, zk.ephemerals.create):
        with pytest.raises(ValueError, match=r"/node: .* bytes are too many"):
            write("/node", large)


def test_properties_of_a_node_are_read_as_they_are_written(zk: ZK) -> None:
    zk.import_tree("/a\n  n = 1\n  x => /b\n/b\n  x = 2\n")
    assert zk.get_properties("/a") == {"n": 1, "x =>": "/b"}


def test_watches_are_called_once(zk: ZK) -> None:
    zk.create("/node")
    events = []
    changed = threading.Semaphore(0)

    def watch(event: object) -> None:
        events.append(event)
        changed.release()

    zk.exists("/new", watch)
    zk.get("/node", watch)
    zk.get_children("/node", watch)
    zk.create("/new")
    zk.create("/node/child")
    zk.set("/node", "1")
    zk.set("/node", "2")
    for _ in range(3):
        assert changed.acquire(timeout=10.0)
    assert [event.path for event in events] == ["/new", "/node", "/node"]  # type: ignore[attr-defined] # they are of one kind


LINKS = """
/top
  /a
    top -> /top
    loop -> /top/a/b/loop
    up -> ../z
    /b
      loop -> /top/a/loop
  /z
"""


def test_links_are_followed(zk: ZK) -> None:
    zk.import_tree(LINKS)
    assert zk.resolve("/top/a/top/a/b") == "/top/a/b"
    assert zk.resolve("/top/a/up") == "/top/z"
    with pytest.raises(zc.zk.LinkLoop):
        zk.resolve("/top/a/loop")
    with pytest.raises(NoNodeError, match="/top/a/top/missing"):
        zk.resolve("/top/a/top/missing")


def test_links_are_made(zk: ZK) -> None:
    zk.import_tree("/databases\n  /main\n/service\n  n = 1\n")
    zk.ln("/databases/main", "/service/db")
    zk.ln("/databases/", "/service/main")
    assert zk.get_properties("/service") == {
        "n": 1,
        "db ->": "/databases/main",
        "main ->": "/databases/main",
    }
    assert zk.resolve("/service/db") == "/databases/main"
    zk.ln("/databases/main", "/shortcut")
    assert zk.resolve("/shortcut") == "/databases/main"


def test_services_are_registered(zk: ZK) -> None:
    zk.import_tree("/a\n  providers -> /b\n/b\n")
    zk.register("/a/providers", ("192.0.2.1", 8080), color="red")
    zk.register("/", "192.0.2.1:1")
    zk.register("/b", ":81", acl=zc.zk.OPEN_ACL_UNSAFE)
    properties = {"pid": os.getpid()}
    assert zk.get_properties("/b/192.0.2.1:8080") == {"color": "red", **properties}
    assert zk.get_properties("/192.0.2.1:1") == properties
    assert zk.is_ephemeral("/192.0.2.1:1")
    assert zk.client.get_acls("/192.0.2.1:1")[0] == zc.zk.READ_ACL_UNSAFE
    own = [name for name in zk.get_children("/b") if name.endswith(":81")]
    assert own
    assert zk.client.get_acls(f"/b/{own[0]}")[0] == zc.zk.OPEN_ACL_UNSAFE


def test_paths_are_created_with_data_at_their_end(zk: ZK) -> None:
    acl = [*zc.zk.READ_ACL_UNSAFE, *CREATOR_ALL_ACL]
    zk.client.add_auth("digest", "somebody:else")
    zk.create_recursive("/a/b/c", "1", acl)
    assert [zk.get(path)[0] for path in ("/a", "/a/b", "/a/b/c")] == [b"", b"", b"1"]
    assert len(zk.client.get_acls("/a/b")[0]) == 2
    zk.create_recursive("/a/b/c", b"2")
    assert zk.get("/a/b/c")[0] == b"2"
    with pytest.raises(ValueError, match=r"/d/e: .* bytes are too many"):
        zk.create_recursive("/d/e", "x" * (MAX_DATA + 1))
    assert not zk.exists("/d")
    zk.delete("/a", recursive=True)
