"""The private servers that every other test of ZooKeeper stands on."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from kazoo.exceptions import ConnectionLoss

import zc.zk
from zc.zkdeployment.lab.ensemble import Ensemble
from zc.zkdeployment.lab.free_ports import free_ports
from zc.zkdeployment.lab.java import NoZooKeeper, Runtime, find_runtime
from zc.zkdeployment.lab.relay import SET, Relay
from zc.zkdeployment.lab.zookeeper import NotStarted, PortTaken, Server


def _which(program: str) -> str:
    return f"/usr/bin/{program}"


def test_a_missing_java_is_named_with_the_package_that_has_it() -> None:
    with pytest.raises(NoZooKeeper, match=r"'java'.*apt-get install default-jre-headless"):
        find_runtime({}, which=lambda _: None)


def test_a_missing_zookeeper_is_named_with_the_package_that_has_it(tmp_path: Path) -> None:
    with pytest.raises(NoZooKeeper, match=r"apt-get install .*zookeeper.*ZOOKEEPER_HOME"):
        find_runtime({}, which=_which, jars=tmp_path)


def test_the_jar_files_of_the_debian_package_are_found(tmp_path: Path) -> None:
    for name in ("zookeeper", "slf4j-api", "unrelated"):
        (tmp_path / f"{name}.jar").touch()
    runtime = find_runtime({}, which=_which, jars=tmp_path)
    assert runtime == Runtime(
        "/usr/bin/java", f"{tmp_path}/zookeeper.jar{os.pathsep}{tmp_path}/slf4j-api.jar"
    )


def test_an_unpacked_release_goes_before_the_installed_package(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "zookeeper-3.9.jar").touch()
    runtime = find_runtime({"ZOOKEEPER_HOME": str(tmp_path)}, which=_which)
    assert runtime.classpath == f"{tmp_path}/lib/zookeeper-3.9.jar"


def test_an_empty_release_directory_is_an_error_and_not_a_java_stack_trace(
    tmp_path: Path,
) -> None:
    with pytest.raises(NoZooKeeper, match=f"ZOOKEEPER_HOME={tmp_path}"):
        find_runtime({"ZOOKEEPER_HOME": str(tmp_path)}, which=_which)


def test_a_class_path_that_is_given_is_taken_as_it_is() -> None:
    assert find_runtime({"ZOOKEEPER_CLASSPATH": "a:b"}, which=_which) == Runtime(
        "/usr/bin/java", "a:b"
    )


def test_data_are_still_there_after_a_crash_and_a_restart(tmp_path: Path) -> None:
    with Server.start(tmp_path / "server") as server:
        with contextlib.closing(zc.zk.ZK(server.connection_string)) as zk:
            zk.create("/kept", "as it was")
        server.kill()
        assert server.pid is None
        server.restart()
        with contextlib.closing(zc.zk.ZK(server.connection_string)) as zk:
            assert zk.get("/kept")[0] == b"as it was"
    assert server.pid is None
    server.stop()  # harmless


def test_requests_are_counted(zookeeper_server: Server, zk: zc.zk.ZK) -> None:
    before = zookeeper_server.received()
    for _ in range(20):
        zk.exists("/")
    # Pings of other clients may come in between; the questions themselves do not count.
    assert 20 <= zookeeper_server.received() - before < 30


def test_a_server_that_is_down_has_no_count_and_no_answer(tmp_path: Path) -> None:
    with Server.start(tmp_path) as server:
        pass
    assert server.ask("ruok") == ""
    with pytest.raises(NotStarted, match="does not serve"):
        server.received()


def test_another_server_on_the_same_port_is_not_mistaken_for_ones_own(
    tmp_path: Path, zookeeper_server: Server
) -> None:
    impostor = Server(tmp_path, zookeeper_server.port, find_runtime())
    impostor.launch()
    try:
        with pytest.raises(PortTaken):
            impostor.wait()
    finally:
        impostor.kill()


def test_a_port_that_something_else_took_is_an_error_that_names_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken.listen()
        server = Server(tmp_path, taken.getsockname()[1], find_runtime())
        stop = threading.Event()

        def slam_the_door() -> None:
            taken.settimeout(0.1)
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    taken.accept()[0].close()

        thread = threading.Thread(target=slam_the_door)
        thread.start()
        server.launch()
        try:
            with pytest.raises(PortTaken, match="Address already in use"):
                server.wait()
        finally:
            server.kill()
            stop.set()
            thread.join()


def test_a_server_takes_another_port_where_one_was_taken_meanwhile(
    tmp_path: Path, zookeeper_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = iter([[zookeeper_server.port], free_ports(1)])
    monkeypatch.setattr("zc.zkdeployment.lab.zookeeper.free_ports", lambda _: next(ports))
    with Server.start(tmp_path) as server:
        assert server.port != zookeeper_server.port
        assert server.pid


def test_a_server_that_finds_no_port_in_several_attempts_is_an_error(
    tmp_path: Path, zookeeper_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = [zookeeper_server.port]
    monkeypatch.setattr("zc.zkdeployment.lab.zookeeper.free_ports", lambda _: taken)
    with pytest.raises(PortTaken, match=zookeeper_server.connection_string):
        Server.start(tmp_path)


def test_ports_are_free_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    [taken, free] = free_ports(2)
    assert taken != free
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", taken))
        monkeypatch.setattr("zc.zkdeployment.lab.free_ports._PORTS", [taken, free])
        for _ in range(20):
            assert free_ports(1) == [free]


def test_a_server_that_does_not_end_when_asked_to_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = tmp_path / "java"
    os.mkfifo(tmp_path / "ready")
    deaf.write_text(
        f"#!/bin/sh\ntrap '' TERM\necho > {tmp_path}/ready\nread _ < {tmp_path}/ready\n"
    )
    deaf.chmod(0o755)
    monkeypatch.setattr("zc.zkdeployment.lab.zookeeper._ENDING", 0.1)
    server = Server(tmp_path / "server", free_ports(1)[0], Runtime(str(deaf), ""))
    server.launch()
    (tmp_path / "ready").read_text()
    assert server.pid
    server.stop()
    assert server.pid is None


def test_a_server_that_was_never_started_can_be_stopped(tmp_path: Path) -> None:
    server = Server(tmp_path, free_ports(1)[0], find_runtime())
    server.stop()
    server.kill()
    server.pause()
    server.resume()
    assert server.pid is None


def test_a_server_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match="QuorumPeerMain"):
        Server.start(tmp_path, runtime=Runtime(find_runtime().java, str(tmp_path)))


def test_a_process_that_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    server = Server(tmp_path / "gone", free_ports(1)[0], find_runtime())
    shutil.rmtree(server.directory)
    with pytest.raises(FileNotFoundError, match="gone"):
        server.launch()


def test_a_server_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    with Server.start(tmp_path) as server:
        thread = threading.Thread(target=server.restart)
        thread.start()
        thread.join()
        server.wait()


def test_a_killed_test_run_leaves_no_server(tmp_path: Path) -> None:
    program = f"""if True:
        import os, pathlib, signal
        from zc.zkdeployment.lab.zookeeper import Server
        print(Server.start(pathlib.Path({str(tmp_path)!r})).pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    run = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=False
    )
    assert run.returncode == -signal.SIGKILL
    with contextlib.suppress(ProcessLookupError):  # gone already
        descriptor = os.pidfd_open(int(run.stdout))
        try:
            ended, _, _ = select.select([descriptor], [], [], 10.0)
            assert ended
        finally:
            os.close(descriptor)


def test_an_ensemble_serves_on_without_its_leader(tmp_path: Path) -> None:
    with (
        Ensemble.start(tmp_path) as ensemble,
        contextlib.closing(zc.zk.ZK(ensemble.connection_string, 4.0)) as zk,
    ):
        zk.create("/before", "1")
        leader = ensemble.leader()
        leader.kill()
        assert zk.get("/before")[0] == b"1"
        for server in ensemble.servers:
            if server is not leader:
                server.wait()
        assert ensemble.leader() is not leader
        leader.restart()
    with pytest.raises(NotStarted, match="No leader"):
        ensemble.leader()


def test_a_paused_server_is_silent_and_then_goes_on(tmp_path: Path) -> None:
    with (
        Server.start(tmp_path) as server,
        contextlib.closing(zc.zk.ZK(server.connection_string)) as zk,
    ):
        for _ in range(3):
            server.pause()
            answer = zk.client.exists_async("/")
            assert not answer.wait(0.1)
            server.resume()
            assert answer.get(timeout=10.0) is not None
        server.kill()
        server.pause()  # harmless


def test_a_relay_loses_the_answer_to_a_write_that_was_done(
    zookeeper_server: Server, zk: zc.zk.ZK, zk_connection: str
) -> None:
    chroot = zk_connection.partition("/")[2]
    zk.create("/node")
    with (
        Relay(zookeeper_server) as relay,
        contextlib.closing(zc.zk.ZK(f"{relay.connection_string}/{chroot}")) as relayed,
    ):
        relay.lose_answer(SET)
        with pytest.raises(ConnectionLoss):
            relayed.set("/node", "done")
        assert zk.get("/node")[0] == b"done"
        relay.lose_request(SET)
        with pytest.raises(ConnectionLoss):
            relayed.set("/node", "not done")
        assert zk.get("/node")[0] == b"done"
        relayed.set("/node", "done again")
        assert zk.get("/node")[0] == b"done again"
