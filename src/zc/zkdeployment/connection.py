"""The one place where a connection to ZooKeeper is made."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from kazoo.exceptions import AuthFailedError, NoAuthError
from kazoo.security import ACL, Id

import zc.zk
from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.settings.access import Grants, Policy
from zc.zkdeployment.settings.zookeeper_settings import (
    DEFAULT_CONNECTION_STRING,
    ZooKeeperSettings,
)

_PROBES = ("/", "/hosts")  # everybody may read these, where there is a fleet already


def connect(
    settings: ZooKeeperSettings,
    *,
    session_timeout: float | None = None,
    wait: bool = False,
    check_credentials: bool = True,
) -> zc.zk.ZK:
    """Connect to ZooKeeper; else like :class:`zc.zk.ZK`.

    With ``check_credentials`` those with which nothing can be read are refused. Raises
    :exc:`zc.zk.errors.FailedConnect`, and
    :exc:`~zc.zkdeployment.errors.BadConfiguration` where one side does not trust the
    other: at once, not after having tried for ever.
    """
    servers = settings.servers or DEFAULT_CONNECTION_STRING
    options: dict[str, Any] = {}
    if settings.tls:
        tls_context(settings)  # what is wrong with the files is known before anything is tried
        options["tls"] = partial(tls_context, settings)
    if settings.digest:
        options["auth_data"] = _Credentials({("digest", settings.digest)})
    if settings.policy:
        options["acl_for"] = partial(acl_for, settings.policy)
    try:
        zk = zc.zk.ZK(servers, session_timeout, wait, **options)
    except zc.zk.NotTrusted as error:
        raise BadConfiguration(f"no trusted connection to ZooKeeper: {error}") from None
    try:
        if check_credentials and (settings.digest or settings.certificate):
            _check_credentials(zk, settings)
    except BaseException:
        zk.close()
        raise
    return zk


def acl_for(policy: Policy, path: str) -> Sequence[ACL] | None:
    """Return the ACL of the node at ``path``, ``None`` where the policy is silent."""
    grants = policy.grants(path)
    return None if grants is None else as_acl(grants)


def as_acl(grants: Grants) -> list[ACL]:
    """Return what kazoo wants to hear of."""
    return [
        ACL(int(may), Id(principal.scheme, principal.id))
        for principal, may in sorted(grants.items())
    ]


def tls_context(settings: ZooKeeperSettings) -> ssl.SSLContext:
    """Return what connections are made with; the files are read anew each time.

    Raises :exc:`~zc.zkdeployment.errors.BadConfiguration`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which checks certificates and names
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = settings.verify_host_name
    if settings.ca_file:
        with _naming("ca-file", settings.ca_file):
            context.load_verify_locations(settings.ca_file)
    else:
        context.load_default_certs()
    if settings.certificate and settings.key:
        for setting, path in (("certificate", settings.certificate), ("key", settings.key)):
            with _naming(setting, path):
                Path(path).open("rb").close()  # or the error below would not say which
        with _naming("key", settings.key):
            context.load_cert_chain(settings.certificate, settings.key, _no_password)
    return context


class _Credentials(set[tuple[str, str]]):
    """What kazoo authenticates with; shown by no traceback with local variables."""

    def __repr__(self) -> str:
        return "<credentials>"


def _no_password() -> NoReturn:
    raise ValueError("it is encrypted, and nobody is there to be asked for its password")


@contextlib.contextmanager
def _naming(setting: str, path: str) -> Any:
    try:
        yield
    except BadConfiguration:
        raise
    except ssl.SSLError as error:
        why = (error.reason or "it is not in PEM").replace("_", " ").lower()
        raise BadConfiguration(f"{setting}: {path} cannot be used: {why}") from None
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise BadConfiguration(f"{setting}: {path} cannot be used: {why}") from None


def _check_credentials(zk: zc.zk.ZK, settings: ZooKeeperSettings) -> None:
    """Refuse credentials with which nothing can be read: servers accept any password."""
    try:
        zk.bulk.read(_PROBES)
    except NoAuthError as error:
        who = f"digest user {settings.user!r}" if settings.user else "this certificate"
        raise BadConfiguration(
            f"ZooKeeper does not let {who} read {error}: is the password right, and is"
            " who it is for among those that the ACLs name?"
        ) from None
    except AuthFailedError:
        raise BadConfiguration("ZooKeeper refuses the credentials") from None
