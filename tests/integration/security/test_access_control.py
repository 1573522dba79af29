"""``acl init`` and ``acl check``: what they change, what they leave, and when they refuse."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from kazoo.exceptions import NoAuthError
from kazoo.security import OPEN_ACL_UNSAFE, READ_ACL_UNSAFE
from tests.support.publishing import Release
from tests.support.security import POLICY, Guarded, principal_of

import zc.zk
from zc.zk.progress import Work
from zc.zk.scan import scan
from zc.zkdeployment.access_control import deviations, identities, initialize
from zc.zkdeployment.connection import connect
from zc.zkdeployment.errors import BadConfiguration, Refused
from zc.zkdeployment.lab.tls import Authority, SecureServer
from zc.zkdeployment.settings.access import Policy, Principal
from zc.zkdeployment.settings.zookeeper_settings import ZooKeeperSettings

TREE = "/a : web\n  version = '1'\n  /deploy\n    /h1\n"


def acls_of(zk: zc.zk.ZK) -> dict[str, frozenset[object]]:
    return {path: frozenset(zk.client.get_acls(path)[0]) for path in scan(zk.bulk)}


def test_what_was_open_is_guarded_and_a_second_time_nothing_is_left(
    unguarded: Guarded, tmp_path: Path
) -> None:
    """A fleet that is years old is secured in one go, and a run that was cut off goes on."""
    with contextlib.closing(zc.zk.ZK(unguarded.connection)) as old:
        Release(tmp_path, 1, {"t.zk": TREE}).publish(old)
        old.create("/hosts/h1", ephemeral=True)
        old.create_recursive("/agent-locks/a", b"{}")
        old.create("/agent-locks/a/h1-", ephemeral=True, sequence=True)
        with unguarded.as_("admin") as zk:
            before = acls_of(zk)
            found = deviations(zk, POLICY)
            assert {each.path for each in found} == {*before, "/role-locks"}
            assert acls_of(zk) == before  # looking changes nothing
            assert initialize(zk, POLICY) == found
            assert deviations(zk, POLICY) == initialize(zk, POLICY) == []
            assert "/role-locks" in acls_of(zk)
        with pytest.raises(NoAuthError):
            old.read_tree("/")


@pytest.mark.parametrize("who", ["publisher", "agent", None])
def test_whoever_is_no_admin_cannot_lock_himself_out(unguarded: Guarded, who: str | None) -> None:
    """Nobody but the servers' superuser could ever change an ACL again."""
    with contextlib.closing(zc.zk.ZK(unguarded.connection)) as old:
        old.import_tree(TREE)
        before = acls_of(old)
        with unguarded.as_(who) as zk, pytest.raises(Refused) as caught:
            initialize(zk, POLICY)
        assert "must be an admin" in str(caught.value)
        assert (f"digest:{who}" if who else "ip:127.0.0.1") in str(caught.value)
        assert acls_of(old) == before


def test_an_id_that_the_servers_do_not_know_is_refused_before_anything_is_done(
    unguarded: Guarded,
) -> None:
    unknown = replace(POLICY, reader=(Principal("sasl", "somebody"),))
    with unguarded.as_("admin") as zk:
        with pytest.raises(Refused, match="does not know one of the ids"):
            initialize(zk, unknown)
        assert zk.client.get_acls("/")[0] == OPEN_ACL_UNSAFE


def test_a_node_of_somebody_else_is_named(guarded: Guarded) -> None:
    with guarded.as_("publisher") as zk:
        zk.create("/theirs", acl=READ_ACL_UNSAFE)
    with guarded.as_("admin") as zk:
        assert [each.path for each in deviations(zk, POLICY)] == ["/theirs"]
        with pytest.raises(NoAuthError, match="/theirs"):
            initialize(zk, POLICY)


def test_what_belongs_to_applications_is_left_alone(guarded: Guarded) -> None:
    """A service that runs would lose its node, or could not register again."""
    exempt = replace(POLICY, exempt=("/a/providers",))
    with guarded.as_("admin") as zk, guarded.as_(None) as service:
        zk.create("/a")
        zk.create("/a/providers", acl=OPEN_ACL_UNSAFE)
        zk.create("/a/guarded")
        service.register("/a/providers", "192.0.2.1:80")
        zk.create("/a/guarded/ephemeral", ephemeral=True, acl=OPEN_ACL_UNSAFE)
        assert [each.path for each in deviations(zk, POLICY)] == ["/a/providers"]
        assert initialize(zk, exempt) == []
        assert zk.client.get_acls("/a/providers")[0] == OPEN_ACL_UNSAFE


def test_somebody_may_delete_nodes_while_acls_are_read_and_set(unguarded: Guarded) -> None:
    with unguarded.as_("admin") as zk, unguarded.as_(None) as other:
        zk.import_tree("/a\n/b\n/c\n", acl=OPEN_ACL_UNSAFE)
        gone = {Work.ACLS_READ: "/a", Work.ACLS_SET: "/b"}

        def observer(work: Work, more: int, _: int | None) -> None:
            if not more and work in gone:
                other.delete(gone.pop(work))

        zk.bulk.observer = observer
        assert {"/b", "/c"} <= {each.path for each in initialize(zk, POLICY)}
        assert gone == {}
        assert deviations(zk, POLICY) == []


def test_everybody_is_told_how_to_be_named(unguarded: Guarded) -> None:
    """The hash of a password is nothing that anybody could write by hand."""
    with unguarded.as_("agent") as zk:
        found = identities(zk, unguarded.settings("agent"))
    assert found == [str(principal_of("agent")), "ip:127.0.0.1"]


def test_a_certificate_is_as_good_as_a_password(
    strict_server: SecureServer, authority: Authority
) -> None:
    """Who an agent is need not be a secret on its disk that is the same on all hosts."""
    admin, agent, other_agent = (
        ZooKeeperSettings(
            servers=strict_server.secure_connection_string,
            tls=True,
            ca_file=str(authority.file),
            certificate=str(issued.certificate),
            key=str(issued.key),
        )
        for issued in map(authority.issue, ("admin", "agent", "other-agent"))
    )
    with contextlib.closing(connect(admin)) as root:
        root.create("/x509")
    admin, agent, other_agent = (
        replace(each, servers=f"{each.servers}/x509") for each in (admin, agent, other_agent)
    )
    with contextlib.closing(connect(admin)) as zk, contextlib.closing(connect(agent)) as other:
        assert identities(zk, admin)[0] == "x509:CN=admin"
        policy = Policy(
            admin=(Principal("x509", "CN=admin"),),
            publisher=(Principal("x509", "CN=publisher"),),
            agent=(Principal("x509", "CN=agent"),),
        )
        assert initialize(zk, policy)
        with pytest.raises(NoAuthError):
            other.create("/evil")
        other.create("/agent-locks/a")
        zk.create_recursive("/hosts", b"{}")
        assert deviations(zk, policy)[0].found == ("world:anyone rwcda",)
        assert initialize(zk, policy)
        assert deviations(zk, policy) == []
    with pytest.raises(BadConfiguration, match="does not let this certificate read /: "):
        connect(other_agent)
