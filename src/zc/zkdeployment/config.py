"""What an agent has to know before it can ask ZooKeeper anything.

Raw settings come from a configuration file, or without one from the files that
agent.txt names. Both ways end in :class:`Settings`; nothing reaches it that was
not checked.

Every path that a setting gives is meant below the root directory ``TEST_ROOT``
(agent.txt, "testroot"): it is prefixed with the root unless it lies below it
already.
"""

from __future__ import annotations

import configparser
import difflib
import os
import re
import shlex
import socket
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zc.zkdeployment.errors import BadConfiguration, MissingSetting

if TYPE_CHECKING:
    from http.client import HTTPResponse

DEFAULT_CONNECTION_STRING = "zookeeper:2181"

_SECTION = "zkdeployment"
_KNOWN = ("host-id", "role", "run-directory", "after", "public-keys")
_HOST_IDENTIFIER = "/etc/zmh/pxemac"
_ROLE = "/etc/zim/role"
_RUN_DIRECTORY = "/etc/zim"
_MOST = 64 * 1024  # bytes that a setting or a configuration file may have

# What ZooKeeper refuses in a node's name, white space, and what would be a path.
_node_name = re.compile(r"[^\s/\x00-\x1f\x7f-\x9f\ud800-\uf8ff\ufff0-\uffff]{1,200}").fullmatch
_control = re.compile(r"[\x00-\x1f\x7f]").search


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of an agent, checked.

    ``host_identifier`` and ``role`` can be names of nodes. ``root`` and
    ``run_directory`` are absolute paths, the second below the first. ``after``
    is an argument list, empty where there is no hook. ``connection_string``
    says where ZooKeeper is. ``public_keys`` are absolute paths below the root;
    where there are any, what is published has to be signed.
    """

    host_identifier: str
    role: str | None
    run_directory: str
    after: tuple[str, ...]
    root: str
    connection_string: str
    public_keys: tuple[str, ...] = ()


def settings_from_files(environ: Mapping[str, str]) -> Settings:
    """Return the settings of a host without a configuration file.

    Below the root directory: the host identifier is the first line of
    ``/etc/zmh/pxemac``, the role what ``/etc/zim/role`` holds, if anything, and
    ``/etc/zim`` is the run directory (agent.txt).

    Raises :exc:`~zc.zkdeployment.errors.MissingSetting` where there is no host
    identifier, :exc:`~zc.zkdeployment.errors.BadConfiguration` where a file
    cannot be read or holds something that cannot be used.
    """
    root = _root(environ)
    where = _below(root, _HOST_IDENTIFIER)
    first_line, _, _ = _read("host-id", where).partition("\n")
    if not first_line.strip():
        raise MissingSetting(
            f"host-id not specified: {where} is missing or its first line is empty;"
            " write the host identifier there or name a configuration file"
        )
    role = _read("role", _below(root, _ROLE))
    return _settings({"host-id": first_line.strip(), "role": role.strip()}, environ)


def settings_from_configuration(
    path: str, environ: Mapping[str, str], *, patience: float = 10.0
) -> Settings:
    """Return the settings that the configuration file at ``path`` gives.

    A value ``file:///PATH`` or ``http(s)://…`` is read from there; each URL may
    take ``patience`` seconds. Proxies are not used: a metadata service that
    tells a host who it is has to be asked directly. A key that looks like a
    misspelled one is refused, other unknown keys are left to newer releases.

    Raises :exc:`~zc.zkdeployment.errors.MissingSetting` and
    :exc:`~zc.zkdeployment.errors.BadConfiguration`.
    """
    root = _root(environ)
    given = {
        key: _resolve(key, raw.strip(), root, patience) for key, raw in _read_section(path).items()
    }
    for required in ("host-id", "run-directory"):
        if not given.get(required):
            raise MissingSetting(f"{required} not specified")
    return _settings(given, environ)


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


def _settings(given: Mapping[str, str], environ: Mapping[str, str]) -> Settings:
    root = _root(environ)
    role = given.get("role")
    return Settings(
        host_identifier=_name("host-id", given["host-id"]),
        role=_name("role", role) if role else None,
        run_directory=_path("run-directory", given.get("run-directory", _RUN_DIRECTORY), root),
        after=_command("after", given.get("after", "")),
        root=root,
        connection_string=environ.get("ZC_ZK_CONNECTION_STRING") or DEFAULT_CONNECTION_STRING,
        public_keys=_public_keys(given["public-keys"], root) if "public-keys" in given else (),
    )


def _root(environ: Mapping[str, str]) -> str:
    return str(Path(os.path.normpath(Path(environ.get("TEST_ROOT") or "/").absolute())))


def _below(root: str, path: str) -> str:
    inside = os.path.normpath("/" + path.lstrip("/"))
    return inside if Path(inside).is_relative_to(root) else root + inside


def _name(setting: str, value: str) -> str:
    if value in (".", "..") or not _node_name(value):
        raise BadConfiguration(
            f"{setting}: {value[:200]!r} cannot be the name of a node: expected at most 200"
            " characters, no white space, no control characters and no slash"
        )
    return value


def _path(setting: str, value: str, root: str) -> str:
    if not value.startswith("/") or _control(value):
        raise BadConfiguration(f"{setting}: {value[:200]!r} is not an absolute path")
    return _below(root, value)


def _public_keys(value: str, root: str) -> tuple[str, ...]:
    paths = tuple(_path("public-keys", path, root) for path in value.split())
    if not paths:
        # To take it for no setting would be to trust whatever is published.
        raise BadConfiguration("public-keys: no file is named; name one or remove the setting")
    return paths


def _command(setting: str, value: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        raise BadConfiguration(
            f"{setting}: {value[:200]!r} is no command line: {error}"
        ) from error


def _read_section(path: str) -> dict[str, str]:
    if not Path(path).exists():
        raise BadConfiguration(f"configuration file: {path} does not exist")
    text = _read("configuration file", path)
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text, source=path)
    except configparser.Error as error:
        why = " ".join(str(error).split())
        raise BadConfiguration(
            f"configuration file: {path} is not in INI format: {why}"
        ) from error
    section = dict(parser[_SECTION]) if parser.has_section(_SECTION) else {}
    for key in sorted(section.keys() - set(_KNOWN)):
        if meant := difflib.get_close_matches(key, _KNOWN, n=1, cutoff=0.75):
            raise BadConfiguration(f"{path}: unknown setting {key}; did you mean {meant[0]}?")
    return {key: value for key, value in section.items() if key in _KNOWN}


def _resolve(setting: str, value: str, root: str, patience: float) -> str:
    if value.startswith("file:///"):
        inside = urllib.parse.unquote(value.removeprefix("file://"))
        return _read(setting, _below(root, inside)).strip()
    if value.startswith(("http://", "https://")):
        return _fetch(setting, value, patience).strip()
    return value


def _read(setting: str, path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MOST + 1)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:  # a path that holds a NUL is a ValueError
        raise BadConfiguration(f"{setting}: {path!r} cannot be read: {error}") from error
    return _text(setting, path, data)


def _fetch(setting: str, url: str, patience: float) -> str:
    import http.client  # these take as long to import as all else that an agent needs, and
    import urllib.error  # few agents ask a metadata service
    import urllib.request

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + patience
    try:
        with opener.open(url, timeout=patience) as response:
            return _text(setting, url, _body(response, deadline))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.NOT_FOUND:
            return ""
        raise BadConfiguration(
            f"{setting}: {url} answered with status {error.code}, not with 200 or 404"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise BadConfiguration(f"{setting}: {url} cannot be read: {error}") from error


def _body(response: HTTPResponse, deadline: float) -> bytes:
    data = b""
    while len(data) <= _MOST and (chunk := response.read1(_MOST)):
        data += chunk
        if time.monotonic() > deadline:
            raise TimeoutError("it takes too long to answer")
    if response.length and len(data) <= _MOST:
        # Part of a host identifier might be another host's.
        raise ConnectionError(f"{response.length} bytes of the answer are missing")
    return data


def _text(setting: str, where: str, data: bytes) -> str:
    if len(data) > _MOST:
        raise BadConfiguration(f"{setting}: {where} is longer than {_MOST} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadConfiguration(f"{setting}: {where} is not UTF-8 text: {error}") from error
