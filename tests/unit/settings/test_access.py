"""Who may do what with which node."""

from __future__ import annotations

import pytest

from zc.zkdeployment.settings.access import ANYONE, May, Policy, Principal

ADMIN, PUBLISHER, AGENT, READER = (Principal("x509", f"CN={name}") for name in "apgr")
POLICY = Policy((ADMIN,), (PUBLISHER,), (AGENT,), (READER,))

_LETTERS = dict(zip(("r", "w", "c", "d", "a"), (1, 2, 4, 8, 16), strict=True))


def may(letters: str) -> May:
    return May(sum(_LETTERS[letter] for letter in letters))


@pytest.mark.parametrize(
    ("path", "publisher", "agent"),
    [
        ("/", "rcd", "r"),
        ("/hosts", "rw", "rwcd"),
        ("/hosts/h1", "r", "rw"),
        ("/hosts-lock", "rcd", "r"),
        ("/hosts-lock/publisher-1", "r", "r"),
        ("/agent-locks", "r", "rc"),
        ("/agent-locks/a,b", "r", "rwcd"),
        ("/agent-locks/a,b/h1-0000000001", "r", "r"),
        ("/role-locks", "rwcd", "r"),
        ("/role-locks/cache", "rwcd", "rcd"),
        ("/role-locks/cache/lr-0000000001", "r", "r"),
        ("/roles", "rwcd", "r"),
        ("/roles/cache", "rwcd", "r"),
        ("/revisions", "rwcd", "r"),
        ("/revisions/objects/x/0", "rwcd", "r"),
        ("/cust", "rwcd", "r"),
        ("/cust/cms/deploy/h1", "rwcd", "r"),
        ("/hosts-of-old/h1", "rwcd", "r"),
    ],
)
def test_each_role_may_what_it_needs_and_no_more(path: str, publisher: str, agent: str) -> None:
    assert POLICY.grants(path) == {
        ADMIN: May.ALL,
        PUBLISHER: may(publisher),
        AGENT: may(agent),
        READER: May.READ,
    }


@pytest.mark.parametrize("path", ["/zookeeper", "/zookeeper/quota", "/a/b", "/a/b/c"])
def test_what_is_exempt_and_what_is_the_servers_is_no_matter(path: str) -> None:
    assert Policy((ADMIN,), (PUBLISHER,), (AGENT,), exempt=("/a/b",)).grants(path) is None
    assert Policy((ADMIN,), (PUBLISHER,), (AGENT,), exempt=("/a/b",)).grants("/a/bc")


def test_who_is_in_several_roles_may_what_each_may() -> None:
    """Twice in one ACL he would be refused, or have the rights of the last one."""
    policy = Policy((ADMIN,), (PUBLISHER, ADMIN), (PUBLISHER,), (ANYONE,))
    assert policy.grants("/hosts") == {
        ADMIN: May.ALL,
        PUBLISHER: may("rwcd"),
        ANYONE: May.READ,
    }
