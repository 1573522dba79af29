"""Servers that speak TLS, and roots on a server of their own that are guarded by ACLs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.security import POLICY, Guarded
from tests.support.zookeeper import new_root

from zc.zkdeployment.access_control import initialize
from zc.zkdeployment.lab.tls import Authority, Certified, SecureServer
from zc.zkdeployment.lab.zookeeper import Server


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom servers and clients trust."""
    return Authority(tmp_path_factory.mktemp("authority") / "ca")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom nobody trusts."""
    return Authority(tmp_path_factory.mktemp("stranger") / "ca", "stranger")


@pytest.fixture(scope="session")
def agent_certificate(authority: Authority) -> Certified:
    return authority.issue("agent")


@pytest.fixture(scope="session")
def secure_server(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[SecureServer]:
    """A server that is called ``localhost``, and may be."""
    with SecureServer.start_secure(
        tmp_path_factory.mktemp("secure"), authority, authority.issue("localhost")
    ) as server:
        yield server


@pytest.fixture(scope="session")
def strict_server(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[SecureServer]:
    """A server that wants certificates of its clients, and may be called ``localhost``."""
    with SecureServer.start_secure(
        tmp_path_factory.mktemp("strict"),
        authority,
        authority.issue("localhost"),
        client_certificates=True,
    ) as server:
        yield server


@pytest.fixture(scope="session")
def _acl_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for nodes that not everybody may delete."""
    with Server.start(tmp_path_factory.mktemp("guarded")) as server:
        yield server


@pytest.fixture
def unguarded(_acl_server: Server) -> Guarded:
    """An empty root to which nobody has applied the policy yet."""
    server = _acl_server.connection_string
    return Guarded(server + new_root(server))


@pytest.fixture
def guarded(unguarded: Guarded) -> Guarded:
    """An empty root to which the policy was applied."""
    with unguarded.as_("admin") as zk:
        initialize(zk, POLICY)
    return unguarded
