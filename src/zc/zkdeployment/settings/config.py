"""What an agent has to know before it can ask ZooKeeper anything.

Raw settings come from a configuration file, or without one from the files that
agent.txt names. Both ways end in :class:`Settings`; nothing reaches it that was
not checked.

How files are read, and what a path is relative to: :mod:`~zc.zkdeployment.settings.setting_files`.
"""

from __future__ import annotations

import configparser
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from zc.zkdeployment.errors import BadConfiguration, MissingSetting
from zc.zkdeployment.settings.metrics_settings import KEYS as METRICS
from zc.zkdeployment.settings.metrics_settings import MetricsSettings, metrics_settings_from
from zc.zkdeployment.settings.setting_files import (
    absolute_path,
    below,
    misspelled,
    read_ini,
    read_text,
    resolve,
    root_of,
)
from zc.zkdeployment.settings.setting_values import (
    PACKAGE_MANAGERS,
    command,
    interval,
    node_name,
    one_of,
    public_keys,
    seconds,
)
from zc.zkdeployment.settings.zookeeper_settings import (
    DEFAULT_CONNECTION_STRING,
    ZooKeeperSettings,
    read_zookeeper_settings,
    zookeeper_settings_from,
)
from zc.zkdeployment.tree.timeouts import DEFAULT_TIMEOUT

__all__ = [
    "CONFIGURATION_VARIABLE",
    "DEFAULT_CONNECTION_STRING",
    "Settings",
    "check_zookeeper_address",
    "settings_from_configuration",
    "settings_from_files",
    "settings_of_operator",
]

#: Names a file whose section ``[zookeeper]`` counts, whatever else has one.
CONFIGURATION_VARIABLE = "ZKDEPLOY_ZOOKEEPER_CONFIG"

#: Seconds.
DEFAULT_VERIFY_INTERVAL = 3600.0

_SECTION = "zkdeployment"
_KNOWN = (
    "host-id",
    "role",
    "run-directory",
    "after",
    "public-keys",
    "timeout",
    "package-manager",
    "reports",
    "verify-interval",
    "drift",
    *METRICS,
)
_HOST_IDENTIFIER = "/etc/zmh/pxemac"
_ROLE = "/etc/zim/role"
_RUN_DIRECTORY = "/etc/zim"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of an agent, checked.

    ``host_identifier`` and ``role`` can be names of nodes. ``root`` and
    ``run_directory`` are absolute paths, the second below the first. ``after``
    is an argument list, empty where there is no hook. ``connection_string``
    says where ZooKeeper is, ``security`` how to talk to it. ``public_keys`` are
    absolute paths below the root; where there are any, what is published has to
    be signed. A program that the agent starts may take ``timeout`` seconds, unless
    the tree says otherwise. ``package_manager`` is ``'yum'``, ``'dnf'``, ``'apt'`` or
    ``'auto'``; ``None`` where nobody said.

    ``reports`` says whether the agent writes reports to its host node, ``None`` where nobody
    said. Every ``verify_interval`` seconds, 0 for never, it verifies what it deployed, and with
    ``repairs_drift`` deploys again what is not as it was. ``metrics`` says where its metrics
    are shown.
    """

    host_identifier: str
    role: str | None
    run_directory: str
    after: tuple[str, ...]
    root: str
    connection_string: str
    public_keys: tuple[str, ...] = ()
    security: ZooKeeperSettings = field(default_factory=ZooKeeperSettings)
    timeout: float = DEFAULT_TIMEOUT
    package_manager: str | None = None
    reports: bool | None = None
    verify_interval: float = DEFAULT_VERIFY_INTERVAL
    repairs_drift: bool = False
    metrics: MetricsSettings = field(default_factory=MetricsSettings)

    @property
    def zookeeper(self) -> ZooKeeperSettings:
        """Where ZooKeeper is, and how to talk to it."""
        return replace(self.security, servers=self.connection_string)


def settings_from_files(environ: Mapping[str, str]) -> Settings:
    """Return the settings of a host without a configuration file.

    Below the root directory: the host identifier is the first line of
    ``/etc/zmh/pxemac``, the role what ``/etc/zim/role`` holds, if anything, and
    ``/etc/zim`` is the run directory (agent.txt).

    Raises :exc:`~zc.zkdeployment.errors.MissingSetting` where there is no host
    identifier, :exc:`~zc.zkdeployment.errors.BadConfiguration` where a file
    cannot be read or holds something that cannot be used.
    """
    root = root_of(environ)
    where = below(root, _HOST_IDENTIFIER)
    first_line, _, _ = read_text("host-id", where).partition("\n")
    if not first_line.strip():
        raise MissingSetting(
            f"host-id not specified: {where} is missing or its first line is empty;"
            " write the host identifier there or name a configuration file"
        )
    role = read_text("role", below(root, _ROLE))
    given = {"host-id": first_line.strip(), "role": role.strip()}
    return _settings(given, settings_of_operator(environ), environ)


def settings_from_configuration(
    path: str, environ: Mapping[str, str], *, patience: float = 10.0
) -> Settings:
    """Return the settings that the configuration file at ``path`` gives.

    A value ``file:///PATH`` or ``http(s)://…`` is read from there; each URL may
    take ``patience`` seconds. A key that looks like a misspelled one is refused,
    other unknown keys are left to newer releases. How to talk to ZooKeeper says
    the section ``[zookeeper]``, unless the environment names another file for it.

    Raises :exc:`~zc.zkdeployment.errors.MissingSetting` and
    :exc:`~zc.zkdeployment.errors.BadConfiguration`.
    """
    root = root_of(environ)
    parser = read_ini(path)
    given = {
        key: resolve(key, raw.strip(), root, patience)
        for key, raw in _section(parser, path).items()
    }
    for required in ("host-id", "run-directory"):
        if not given.get(required):
            raise MissingSetting(f"{required} not specified")
    security = (
        settings_of_operator(environ)
        if environ.get(CONFIGURATION_VARIABLE)
        else zookeeper_settings_from(parser, path, root)
    )
    return _settings(given, security, environ)


def settings_of_operator(environ: Mapping[str, str]) -> ZooKeeperSettings:
    """Return how to talk to ZooKeeper where there is no agent's configuration.

    That is what the file says that :data:`CONFIGURATION_VARIABLE` names, if it is set.
    Raises :exc:`~zc.zkdeployment.errors.BadConfiguration`.
    """
    path = environ.get(CONFIGURATION_VARIABLE)
    return read_zookeeper_settings(path, root_of(environ)) if path else ZooKeeperSettings()


def check_zookeeper_address(
    expected: str, resolve: Callable[[str], str] = socket.gethostbyname
) -> None:
    """Raise ``BadConfiguration`` unless the name ``zookeeper`` stands for ``expected``.

    It keeps a staging machine from talking to production.
    """
    try:
        found = resolve("zookeeper")
    except OSError as error:
        raise BadConfiguration(
            f"the name zookeeper was to resolve to {expected}, but does not resolve: {error}"
        ) from error
    if found != expected:
        raise BadConfiguration(
            f"the name zookeeper resolves to {found}, not to {expected};"
            " refusing to work with somebody else's ZooKeeper"
        )


def _settings(
    given: Mapping[str, str], security: ZooKeeperSettings, environ: Mapping[str, str]
) -> Settings:
    root = root_of(environ)
    role = given.get("role")
    run_directory = given.get("run-directory", _RUN_DIRECTORY)
    return Settings(
        host_identifier=node_name("host-id", given["host-id"]),
        role=node_name("role", role) if role else None,
        run_directory=absolute_path("run-directory", run_directory, root),
        after=command("after", given.get("after", "")),
        root=root,
        connection_string=security.servers
        or environ.get("ZC_ZK_CONNECTION_STRING")
        or DEFAULT_CONNECTION_STRING,
        public_keys=public_keys(given["public-keys"], root) if "public-keys" in given else (),
        security=security,
        timeout=seconds("timeout", given["timeout"]) if given.get("timeout") else DEFAULT_TIMEOUT,
        package_manager=one_of("package-manager", given.get("package-manager"), PACKAGE_MANAGERS),
        reports=_reports(given.get("reports")),
        verify_interval=interval("verify-interval", given["verify-interval"])
        if given.get("verify-interval")
        else DEFAULT_VERIFY_INTERVAL,
        repairs_drift=one_of("drift", given.get("drift"), ("report", "repair")) == "repair",
        metrics=metrics_settings_from(given, root),
    )


def _reports(value: str | None) -> bool | None:
    given = one_of("reports", value, ("yes", "no"))
    return None if given is None else given == "yes"


def _section(parser: configparser.RawConfigParser, path: str) -> dict[str, str]:
    section = dict(parser[_SECTION]) if parser.has_section(_SECTION) else {}
    for key in sorted(section.keys() - set(_KNOWN)):
        if meant := misspelled(key, _KNOWN):
            raise BadConfiguration(f"{path}: unknown setting {key:.200}; did you mean {meant}?")
    return {key: value for key, value in section.items() if key in _KNOWN}
