"""A fleet whose nodes are guarded: who is who, and with which password."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from kazoo.security import make_digest_acl_credential

import zc.zk
from zc.zkdeployment.connection import connect
from zc.zkdeployment.settings.access import Policy, Principal
from zc.zkdeployment.settings.zookeeper_settings import ZooKeeperSettings

ROLES = ("admin", "publisher", "agent", "reader")


def password_of(role: str) -> str:
    return f"secret-of-{role}"


def principal_of(role: str) -> Principal:
    return Principal("digest", make_digest_acl_credential(role, password_of(role)))


POLICY = Policy(
    admin=(principal_of("admin"),),
    publisher=(principal_of("publisher"),),
    agent=(principal_of("agent"),),
    reader=(principal_of("reader"),),
)


@dataclass(frozen=True, slots=True)
class Guarded:
    """A root that has the ACLs of :data:`POLICY`, once an admin ran ``acl init``."""

    connection: str

    def settings(self, role: str | None) -> ZooKeeperSettings:
        """Return the settings of somebody in a role, or of somebody without a password."""
        open_to_all = ZooKeeperSettings(servers=self.connection, policy=POLICY)
        if role is None:
            return open_to_all
        return replace(open_to_all, digest=f"{role}:{password_of(role)}")

    @contextlib.contextmanager
    def as_(self, role: str | None) -> Iterator[zc.zk.ZK]:
        with contextlib.closing(connect(self.settings(role))) as zk:
            yield zk

    def configuration(self, directory: Path, role: str, password: str | None = None) -> Path:
        """Write a configuration file for somebody in a role; return its path."""
        secret = directory / f"{role}.password"
        secret.touch(mode=0o600)
        secret.write_text(f"{role}:{password or password_of(role)}\n")
        lines = [
            "[zkdeployment]",
            "host-id = h1",
            f"run-directory = {directory}/run",
            "[zookeeper]",
            f"servers = {self.connection}",
            f"digest = file://{secret}",
            *(f"acl-{each} = {principal_of(each)}" for each in ROLES),
        ]
        path = directory / f"{role}.conf"
        path.write_text("\n".join(lines))
        return path
