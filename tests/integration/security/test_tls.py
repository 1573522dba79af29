"""Connections that are encrypted: to whom they are made, and to whom not."""

from __future__ import annotations

import contextlib
import logging
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as pem

import zc.zk
from zc.zk.tls import TlsHandler
from zc.zk.whoami import who_am_i
from zc.zkdeployment.connection import connect, tls_context
from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.lab.tls import Authority, Certified, SecureEnsemble, SecureServer
from zc.zkdeployment.settings.zookeeper_settings import ZooKeeperSettings

LIMIT = 60  # seconds until a test that waits has failed

TLS_13 = (
    "ssl.protocol=TLSv1.3",
    "ssl.enabledProtocols=TLSv1.3",
    "ssl.ciphersuites=TLS_AES_128_GCM_SHA256",
)


def settings_for(
    server: SecureServer, authority: Authority, own: Certified | None = None
) -> ZooKeeperSettings:
    return ZooKeeperSettings(
        servers=server.secure_connection_string,
        tls=True,
        ca_file=str(authority.file),
        certificate=str(own.certificate) if own else None,
        key=str(own.key) if own else None,
    )


@contextlib.contextmanager
def connected(settings: ZooKeeperSettings) -> Iterator[zc.zk.ZK]:
    with contextlib.closing(connect(settings)) as zk:
        yield zk


def refused(settings: ZooKeeperSettings, why: str) -> None:
    with pytest.raises(BadConfiguration, match=f"^no trusted connection to ZooKeeper: .*{why}"):
        connect(settings)


def test_a_tree_is_read_and_written_through_tls(
    secure_server: SecureServer, authority: Authority
) -> None:
    """Answers that come together must not be waited for one by one."""
    with connected(settings_for(secure_server, authority)) as zk:
        assert zk.client._connection._socket.version() in ("TLSv1.2", "TLSv1.3")
        zk.import_tree(
            "/through\n  /tls\n    a = 1\n  /many\n"
            + "".join(map("    /n{}\n".format, range(500)))
        )
        assert len(zk.read_tree("/through")) == 503
        found = zk.bulk.calls.read_all(
            partial(zk.client.get_async, f"/through/many/n{n}") for n in range(500)
        )
        assert len(found) == 500


def test_a_server_certified_by_somebody_else_is_refused(
    secure_server: SecureServer, stranger: Authority
) -> None:
    refused(settings_for(secure_server, stranger), "its certificate is refused: unable to get")


def test_authorities_of_the_system_count_only_where_none_is_named(
    secure_server: SecureServer,
    authority: Authority,
    stranger: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Any of the many could certify somebody else's server."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    refused(settings_for(secure_server, stranger), "its certificate is refused")
    with connected(replace(settings_for(secure_server, stranger), ca_file=None)) as zk:
        assert zk.get_children("/")


def test_a_server_that_is_called_otherwise_is_refused_unless_told(
    tmp_path: Path, authority: Authority
) -> None:
    other = authority.issue("other.example")
    with SecureServer.start_secure(tmp_path, authority, other) as server:
        settings = settings_for(server, authority)
        refused(settings, "Hostname mismatch, certificate is not valid for 'localhost'")
        with connected(replace(settings, verify_host_name=False)) as zk:
            assert zk.get_children("/")


def test_waiting_for_a_server_is_not_waiting_for_another_certificate(
    secure_server: SecureServer, stranger: Authority
) -> None:
    """A publisher that follows a repository would wait for ever, and nobody would know."""
    with pytest.raises(BadConfiguration, match="its certificate is refused"):
        connect(settings_for(secure_server, stranger), wait=True)


def test_an_expired_certificate_is_refused(tmp_path: Path, authority: Authority) -> None:
    expired = authority.issue("localhost", days=-1)
    with SecureServer.start_secure(tmp_path, authority, expired) as server:
        refused(settings_for(server, authority), "certificate has expired")


def test_a_server_may_want_a_certificate(
    strict_server: SecureServer,
    authority: Authority,
    stranger: Authority,
    agent_certificate: Certified,
) -> None:
    with connected(settings_for(strict_server, authority, agent_certificate)) as zk:
        assert ("x509", "CN=agent") in who_am_i(zk.bulk.calls)
    refused(settings_for(strict_server, authority), "it refuses this side: .*bad certificate")
    wrong = settings_for(strict_server, authority, stranger.issue("agent"))
    refused(wrong, "it refuses this side: .*certificate unknown")


def test_with_tls_1_3_a_server_tells_later_that_it_wants_a_certificate(
    tmp_path: Path, authority: Authority, agent_certificate: Certified
) -> None:
    with SecureServer.start_secure(
        tmp_path,
        authority,
        authority.issue("localhost"),
        client_certificates=True,
        settings=TLS_13,
    ) as server:
        with connected(settings_for(server, authority, agent_certificate)) as zk:
            assert zk.client._connection._socket.version() == "TLSv1.3"
        without = settings_for(server, authority)
        refused(without, "it refuses this side: .*alert")
        with pytest.raises(BadConfiguration, match="it refuses this side"):
            connect(without, wait=True)


def test_a_port_without_tls_is_an_error_that_says_so(
    secure_server: SecureServer, authority: Authority
) -> None:
    settings = settings_for(secure_server, authority)
    plain = replace(settings, servers=secure_server.connection_string)
    refused(plain, "is TLS spoken at this port")


def test_a_renewed_certificate_counts_from_the_next_connection_on(
    tmp_path: Path, authority: Authority
) -> None:
    """An agent runs for months; a certificate that is renewed may live for hours."""
    old, new = authority.issue("old"), authority.issue("new")
    own = Certified(tmp_path / "own.crt", tmp_path / "own.key")

    def renew(certified: Certified) -> None:
        shutil.copy(certified.certificate, own.certificate)
        shutil.copy(certified.key, own.key)

    renew(old)
    with (
        SecureServer.start_secure(
            tmp_path / "server", authority, authority.issue("localhost"), client_certificates=True
        ) as server,
        connected(settings_for(server, authority, own)) as zk,
    ):
        assert ("x509", "CN=old") in who_am_i(zk.bulk.calls)
        renew(new)
        server.restart()
        assert ("x509", "CN=new") in who_am_i(zk.bulk.calls)


def test_a_file_that_is_half_written_only_delays_the_next_connection(
    tmp_path: Path, authority: Authority
) -> None:
    """It ended the thread that connects: an agent would have been deaf from then on."""
    ca = tmp_path / "ca.pem"
    shutil.copy(authority.file, ca)
    half_written = threading.Event()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "ca-file: " in record.getMessage():
                half_written.set()

    listener = Listener()
    logging.getLogger("kazoo.zc.zk").addHandler(listener)
    try:
        with (
            SecureServer.start_secure(
                tmp_path / "server", authority, authority.issue("localhost")
            ) as server,
            connected(replace(settings_for(server, authority), ca_file=str(ca))) as zk,
        ):
            ca.write_text("-----BEGIN CERT")
            server.restart()
            assert half_written.wait(LIMIT)
            shutil.copy(authority.file, ca)
            assert zk.get_children("/")
    finally:
        logging.getLogger("kazoo.zc.zk").removeHandler(listener)


def test_each_server_of_an_ensemble_is_checked_by_its_name(
    tmp_path: Path, authority: Authority
) -> None:
    """A client that loses its server goes to another one, by name as well."""
    with SecureEnsemble.start_secure(
        tmp_path, authority, authority.issue("localhost")
    ) as ensemble:
        settings = ZooKeeperSettings(
            ensemble.secure_connection_string, tls=True, ca_file=str(authority.file)
        )
        with connected(settings) as zk:
            zk.create("/before")
            port = zk.client._connection._socket.getpeername()[1]
            [used] = [
                server
                for server in ensemble.servers
                if isinstance(server, SecureServer)
                and server.secure_connection_string == f"localhost:{port}"
            ]
            used.kill()
            assert zk.exists("/before")
            assert zk.client._connection._socket.getpeername()[1] != port


def test_an_impostor_among_the_servers_is_not_used_when_the_others_are_away(
    tmp_path: Path, secure_server: SecureServer, authority: Authority
) -> None:
    said = threading.Event()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "Hostname mismatch" in record.getMessage():
                said.set()

    logger = logging.getLogger("kazoo.zc.zk")
    listener = Listener()
    other = authority.issue("other.example")
    with (
        SecureServer.start_secure(tmp_path / "impostor", authority, other) as impostor,
        SecureServer.start_secure(
            tmp_path / "real", authority, authority.issue("localhost")
        ) as real,
    ):
        both = f"{real.secure_connection_string},{impostor.secure_connection_string}"
        settings = replace(settings_for(real, authority), servers=both)
        with connected(settings) as zk:
            zk.create("/real")
            real.stop()
            logger.addHandler(listener)
            try:
                assert said.wait(LIMIT)
            finally:
                logger.removeHandler(listener)
            assert not zk.client.connected
            real.restart()
            assert zk.exists("/real")


def test_what_came_with_another_answer_is_not_waited_for(authority: Authority) -> None:
    """A proxy may pack several answers into one record; the rest came with the next ping."""
    certified = authority.issue("localhost")
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certified.certificate, certified.key)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            plain, _ = listening.accept()
            with server_side.wrap_socket(plain, server_side=True) as peer:
                peer.sendall(b"onetwo")
                peer.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        settings = ZooKeeperSettings(tls=True, ca_file=str(authority.file))
        handler = TlsHandler(lambda: tls_context(settings))
        address = listening.getsockname()
        with handler.create_connection(address, hostname="localhost", timeout=LIMIT) as made:
            assert made.recv(3) == b"one"
            assert handler.select([made], [], [], LIMIT) == ([made], [], [])
            assert made.recv(3) == b"two"
            made.sendall(b"x")
        thread.join()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"ca_file": "/nowhere"}, "ca-file: /nowhere cannot be used: No such file"),
        ({"ca_file": "/etc/passwd"}, "ca-file: /etc/passwd cannot be used: no certificate"),
        ({"certificate": "/nowhere"}, "certificate: /nowhere cannot be used: No such file"),
        ({"key": "/nowhere"}, "key: /nowhere cannot be used: No such file"),
        ({"key": "OTHER"}, "key: .* cannot be used: key values mismatch"),
        ({"key": "ENCRYPTED"}, "key: .* cannot be used: it is encrypted"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    tmp_path: Path,
    authority: Authority,
    agent_certificate: Certified,
    secure_server: SecureServer,
    change: dict[str, str],
    why: str,
) -> None:
    """Nobody sits at the terminal of an agent to type a password."""
    loaded = pem.load_pem_private_key(agent_certificate.key.read_bytes(), None)
    encrypted = tmp_path / "encrypted.key"
    encrypted.write_bytes(
        loaded.private_bytes(
            pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.BestAvailableEncryption(b"pass")
        )
    )
    files = {"OTHER": authority.issue("other").key, "ENCRYPTED": encrypted}
    given = {name: str(files.get(value, value)) for name, value in change.items()}
    settings = replace(settings_for(secure_server, authority, agent_certificate), **given)  # type: ignore[arg-type] # all are paths
    with pytest.raises(BadConfiguration, match=why):
        connect(settings)
