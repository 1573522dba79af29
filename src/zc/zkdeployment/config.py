"""What an agent has to know before it can ask ZooKeeper anything.

Raw settings come from a configuration file, or without one from the files that
agent.txt names. Both ways end in :class:`Settings`; nothing reaches it that was
not checked.

How files are read, and what a path is relative to: :mod:`~zc.zkdeployment.setting_files`.
"""

from __future__ import annotations

import configparser
import re
import shlex
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from zc.zkdeployment.errors import BadConfiguration, MissingSetting
from zc.zkdeployment.setting_files import (
    absolute_path,
    below,
    misspelled,
    read_ini,
    read_text,
    resolve,
    root_of,
)
from zc.zkdeployment.timeouts import DEFAULT_TIMEOUT, EXPECTED_TIMEOUT, is_timeout
from zc.zkdeployment.zookeeper_settings import (
    DEFAULT_CONNECTION_STRING,
    ZooKeeperSettings,
    read_zookeeper_settings,
    zookeeper_settings_from,
)

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

_SECTION = "zkdeployment"
_PACKAGE_MANAGERS = ("yum", "dnf", "apt", "auto")
_KNOWN = ("host-id", "role", "run-directory", "after", "public-keys", "timeout", "package-manager")
_HOST_IDENTIFIER = "/etc/zmh/pxemac"
_ROLE = "/etc/zim/role"
_RUN_DIRECTORY = "/etc/zim"

# What ZooKeeper refuses in a node's name, white space, and what would be a path.
_node_name = re.compile(r"[^\s/\x00-\x1f\x7f-\x9f\ud800-\uf8ff\ufff0-\uffff]{1,200}").fullmatch


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
        host_identifier=_name("host-id", given["host-id"]),
        role=_name("role", role) if role else None,
        run_directory=absolute_path("run-directory", run_directory, root),
        after=_command("after", given.get("after", "")),
        root=root,
        connection_string=security.servers
        or environ.get("ZC_ZK_CONNECTION_STRING")
        or DEFAULT_CONNECTION_STRING,
        public_keys=_public_keys(given["public-keys"], root) if "public-keys" in given else (),
        security=security,
        timeout=_timeout("timeout", given["timeout"]) if given.get("timeout") else DEFAULT_TIMEOUT,
        package_manager=_package_manager("package-manager", given.get("package-manager")),
    )


def _name(setting: str, value: str) -> str:
    if value in (".", "..") or not _node_name(value):
        raise BadConfiguration(
            f"{setting}: {value!r:.200} cannot be the name of a node: expected at most 200"
            " characters, no white space, no control characters and no slash"
        )
    return value


def _public_keys(value: str, root: str) -> tuple[str, ...]:
    paths = tuple(absolute_path("public-keys", path, root) for path in value.split())
    if not paths:
        # To take it for no setting would be to trust whatever is published.
        raise BadConfiguration("public-keys: no file is named; name one or remove the setting")
    return paths


def _command(setting: str, value: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        raise BadConfiguration(f"{setting}: {value!r:.200} is no command line: {error}") from error


def _timeout(setting: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not is_timeout(seconds):
        raise BadConfiguration(f"{setting}: expected {EXPECTED_TIMEOUT}, not {value!r:.200}")
    return seconds


def _package_manager(setting: str, value: str | None) -> str | None:
    if value and value not in _PACKAGE_MANAGERS:
        expected = " or ".join((", ".join(_PACKAGE_MANAGERS[:-1]), _PACKAGE_MANAGERS[-1]))
        raise BadConfiguration(f"{setting}: expected {expected}, not {value!r:.200}")
    return value or None


def _section(parser: configparser.RawConfigParser, path: str) -> dict[str, str]:
    section = dict(parser[_SECTION]) if parser.has_section(_SECTION) else {}
    for key in sorted(section.keys() - set(_KNOWN)):
        if meant := misspelled(key, _KNOWN):
            raise BadConfiguration(f"{path}: unknown setting {key:.200}; did you mean {meant}?")
    return {key: value for key, value in section.items() if key in _KNOWN}
