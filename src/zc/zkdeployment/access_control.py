"""Bringing the ACLs in ZooKeeper to what the policy says, and telling where they are not.

Nodes that are created get theirs at once (:mod:`zc.zkdeployment.connection`). Here are those
that were there before, or that somebody else made.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from kazoo.exceptions import (
    InvalidACLError,
    NoAuthError,
    NodeExistsError,
    NoNodeError,
    UnimplementedError,
)
from kazoo.security import ACL, make_digest_acl_credential

import zc.zk
from zc.zk.acls import read_acls, set_acls
from zc.zk.whoami import who_am_i
from zc.zkdeployment.connection import acl_for, as_acl
from zc.zkdeployment.errors import BadConfiguration, Refused
from zc.zkdeployment.settings.access import Policy
from zc.zkdeployment.settings.zookeeper_settings import ZooKeeperSettings
from zc.zkdeployment.tree.tree_parts import is_live

#: What agents need and may not create.
_NEEDED = ("/agent-locks", "/role-locks")

_SHOWN = 6  # characters of the hash of a password
_LETTERS = ((1, "r"), (2, "w"), (4, "c"), (8, "d"), (16, "a"))


@dataclass(frozen=True, slots=True)
class Deviation:
    """A node whose ACL is ``found``, ``None`` where there is no node, and should be ``wanted``.

    The lists are of lines ``SCHEME:ID rwcda``.
    """

    path: str
    found: tuple[str, ...] | None
    wanted: tuple[str, ...]


def policy_of(settings: ZooKeeperSettings) -> Policy:
    """Return the policy; raises :exc:`~zc.zkdeployment.errors.BadConfiguration` without one."""
    if settings.policy is None:
        raise BadConfiguration(
            "nobody is named who may do what: give acl-admin, acl-publisher and acl-agent in"
            " the section [zookeeper] of the file that --zookeeper-config names"
        )
    return settings.policy


def deviations(zk: zc.zk.ZK, policy: Policy) -> list[Deviation]:
    """Return where ACLs are not what they should be; takes the rights of an admin.

    Ephemeral nodes in the tree are those of applications, and are passed over.
    """
    return [deviation for deviation, _ in _deviations(zk, policy)]


def initialize(zk: zc.zk.ZK, policy: Policy) -> list[Deviation]:
    """Bring all ACLs to what they should be; return where they were not.

    What is done twice, or was cut off, does no harm. Raises
    :exc:`~zc.zkdeployment.errors.Refused`, with nothing done, if whoever runs this
    could not do so again, and ``NoAuthError`` naming a node that is not his.
    """
    _check_not_locked_out(zk, policy)
    found = list(_deviations(zk, policy))
    for deviation, acl in found:
        if deviation.found is None:
            with contextlib.suppress(NodeExistsError):
                zk.create(deviation.path, acl=acl)
    set_acls(zk.bulk, {each.path: acl for each, acl in found if each.found is not None})
    return [deviation for deviation, _ in found]


def identities(zk: zc.zk.ZK, settings: ZooKeeperSettings) -> list[str]:
    """Return who this side is for ZooKeeper, as the settings ``acl-…`` want it."""
    with contextlib.suppress(UnimplementedError):
        others = [f"{scheme}:{user}" for scheme, user in who_am_i(zk.bulk.calls)]
        return [*_digest_of(settings), *(each for each in others if each[:7] != "digest:")]
    return _digest_of(settings)


def _digest_of(settings: ZooKeeperSettings) -> list[str]:
    if not settings.digest:
        return []
    user, _, password = settings.digest.partition(":")
    return [f"digest:{make_digest_acl_credential(user, password)}"]


def _deviations(zk: zc.zk.ZK, policy: Policy) -> Iterator[tuple[Deviation, list[ACL]]]:
    paths = dict.fromkeys(_walk(zk, policy))
    for path in _NEEDED:
        if path not in paths and (missing := acl_for(policy, path)) is not None:
            yield Deviation(path, None, _lines(missing)), list(missing)
    for path, answer in zip(paths, read_acls(zk.bulk, paths), strict=True):
        if answer is None:
            continue  # gone meanwhile
        acls, stat = answer
        wanted = acl_for(policy, path)
        if wanted is None or (stat.ephemeralOwner and not is_live(path)):
            continue
        if set(acls) != set(wanted):
            yield Deviation(path, _lines(acls), _lines(wanted)), list(wanted)


def _walk(zk: zc.zk.ZK, policy: Policy) -> Iterator[str]:
    """Yield the paths of all nodes that the policy is about, parents first."""
    level = ["/"]
    while level:
        nodes = zk.bulk.read(level, data=False, children=True)
        yield from (node.path for node in nodes if node.exists)
        below = (
            f"{node.path.rstrip('/')}/{name}" for node in nodes for name in node.children or ()
        )
        level = sorted(path for path in below if policy.grants(path) is not None)


def _check_not_locked_out(zk: zc.zk.ZK, policy: Policy) -> None:
    """Try on a node of our own what whoever runs this may do afterwards."""
    probe = f"/acl-probe-{uuid.uuid4().hex}"
    acl = as_acl(policy.grants("/") or {})
    try:
        zk.create(probe, acl=acl, ephemeral=True)
        zk.bulk.calls.read(partial(zk.client.set_acls_async, probe, acl))
    except InvalidACLError:
        raise Refused(
            "ZooKeeper does not know one of the ids: it is malformed, or servers are not"
            " configured for its scheme; nothing was changed"
        ) from None
    except NoAuthError:
        who = ", ".join(_shorten(f"{scheme}:{user}") for scheme, user in _who(zk)) or "nobody"
        raise Refused(
            f"whoever runs this must be an admin, or could not change the ACLs again: ZooKeeper"
            f" sees {who}; nothing was changed. 'zkdeploy acl id' prints what acl-admin needs"
        ) from None
    finally:
        with contextlib.suppress(NoNodeError, NoAuthError):
            zk.delete(probe)  # where that fails, it goes with the session


def _who(zk: zc.zk.ZK) -> list[tuple[str, str]]:
    with contextlib.suppress(UnimplementedError):
        return who_am_i(zk.bulk.calls)
    return []


def _lines(acls: Sequence[Any]) -> tuple[str, ...]:
    return tuple(
        sorted(
            f"{_shorten(f'{acl.id.scheme}:{acl.id.id}')} "
            + "".join(letter for bit, letter in _LETTERS if acl.perms & bit)
            for acl in acls
        )
    )


def _shorten(principal: str) -> str:
    """Return an id to be shown: a hash of a password is not, as it can be guessed from."""
    scheme, _, name = principal.partition(":")
    user, colon, digest = name.partition(":")
    return f"digest:{user}:{digest[:_SHOWN]}…" if scheme == "digest" and colon else principal
