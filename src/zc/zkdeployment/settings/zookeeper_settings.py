"""How to talk to ZooKeeper: the section ``[zookeeper]`` of a configuration file.

::

    [zookeeper]
    servers = zk1.example.com:2281,zk2.example.com:2281/fleet
    tls = yes
    ca-file = /etc/zkdeploy/ca.pem
    certificate = /etc/zkdeploy/agent.pem
    key = /etc/zkdeploy/agent.key
    digest = file:///etc/zkdeploy/password

Secrets are in files of their own, which only their owner may read. What a mistyped
setting would leave unprotected is an error, so there are no unknown settings here.
"""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from dataclasses import dataclass, field

from kazoo.hosts import collect_hosts
from kazoo.protocol.paths import normpath

from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.settings.access import Policy, parse_ids, parse_paths
from zc.zkdeployment.settings.setting_files import (
    absolute_path,
    check_private,
    known_settings,
    read_ini,
    secret_file,
)

DEFAULT_CONNECTION_STRING = "zookeeper:2181"

_SECTION = "zookeeper"
_TLS = ("ca-file", "certificate", "key", "verify-host-name")
_ROLES = ("acl-admin", "acl-publisher", "acl-agent", "acl-reader")
_KNOWN = ("servers", "tls", *_TLS, "digest", *_ROLES, "acl-exempt")


@dataclass(frozen=True, slots=True)
class ZooKeeperSettings:
    """How to talk to ZooKeeper, checked.

    ``servers`` is a connection string, ``None`` where something else says it. With ``tls``
    servers prove who they are to the authorities in ``ca_file``, by default those that
    the system trusts; ``verify_host_name`` says whether that must be whom they are called.
    ``certificate`` and ``key`` are what this side proves who it is with, ``digest`` is
    ``USER:PASSWORD``, too. ``policy`` says who may do what with nodes that are created.
    """

    servers: str | None = None
    tls: bool = False
    ca_file: str | None = None
    certificate: str | None = None
    key: str | None = None
    verify_host_name: bool = True
    digest: str | None = field(default=None, repr=False)
    policy: Policy | None = None

    @property
    def user(self) -> str | None:
        """The user whose password there is."""
        return self.digest.partition(":")[0] if self.digest else None


def check_servers(text: str) -> None:
    """Raise :exc:`ValueError` unless kazoo accepts a connection string."""
    _, root = collect_hosts(text)
    normpath(root or "/")


def read_zookeeper_settings(path: str, root: str) -> ZooKeeperSettings:
    """Return what the file at ``path`` says; it must have the section.

    Raises :exc:`~zc.zkdeployment.errors.BadConfiguration`.
    """
    parser = read_ini(path)
    if not parser.has_section(_SECTION):
        raise BadConfiguration(f"configuration file: {path} has no section [{_SECTION}]")
    return zookeeper_settings_from(parser, path, root)


def zookeeper_settings_from(
    parser: configparser.RawConfigParser, path: str, root: str
) -> ZooKeeperSettings:
    """Return what a file says that was read from ``path``; the defaults without a section.

    Paths are below ``root``. Raises :exc:`~zc.zkdeployment.errors.BadConfiguration`.
    """
    if not parser.has_section(_SECTION):
        return ZooKeeperSettings()
    given = known_settings(parser, path, _SECTION, _KNOWN)
    tls = _yes("tls", given.get("tls", "no"))
    if not tls and (vain := [key for key in _TLS if key in given]):
        raise BadConfiguration(
            f"{vain[0]}: without 'tls = yes' nothing is encrypted and no server proves who it is"
        )
    certificate, private = (_file(name, given, root) for name in ("certificate", "key"))
    if (certificate is None) != (private is None):
        raise BadConfiguration("certificate and key go together; both may name the same file")
    if private is not None:
        check_private("key", private)
    return ZooKeeperSettings(
        servers=_servers(given["servers"]) if "servers" in given else None,
        tls=tls,
        ca_file=_file("ca-file", given, root),
        certificate=certificate,
        key=private,
        verify_host_name=_yes("verify-host-name", given.get("verify-host-name", "yes")),
        digest=_digest(given["digest"], root) if "digest" in given else None,
        policy=_policy(given),
    )


def _yes(setting: str, value: str) -> bool:
    found = configparser.RawConfigParser.BOOLEAN_STATES.get(value.lower())
    if found is None:
        raise BadConfiguration(f"{setting}: {value!r:.200} is neither yes nor no")
    return found


def _servers(value: str) -> str:
    try:
        check_servers(value)
    except ValueError as error:
        raise BadConfiguration(
            f"servers: {value!r:.200} is not HOST:PORT[,HOST:PORT...][/PATH]: {error!s:.200}"
        ) from error
    return value


def _file(setting: str, given: Mapping[str, str], root: str) -> str | None:
    return absolute_path(setting, given[setting], root) if setting in given else None


def _digest(value: str, root: str) -> str:
    path, found = secret_file("digest", value, root, "a password", "USER:PASSWORD")
    text = found.rstrip("\r\n")
    user, _, password = text.partition(":")
    if not user or not password or not text.isprintable() or user != user.strip():
        raise BadConfiguration(f"digest: {path} holds something else than one line USER:PASSWORD")
    return text


def _policy(given: Mapping[str, str]) -> Policy | None:
    ids = {key: parse_ids(key, given[key]) for key in _ROLES if key in given}
    if not ids:
        if "acl-exempt" in given:
            raise BadConfiguration("acl-exempt: without acl-admin everything is exempt")
        return None
    for needed in _ROLES[:-1]:
        if not ids.get(needed):
            raise BadConfiguration(
                f"{needed}: nobody is named; acl-admin, acl-publisher and acl-agent go together"
            )
    return Policy(
        admin=ids["acl-admin"],
        publisher=ids["acl-publisher"],
        agent=ids["acl-agent"],
        reader=ids.get("acl-reader", ()),
        exempt=parse_paths("acl-exempt", given.get("acl-exempt", "")),
    )
