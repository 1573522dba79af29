"""Reading settings: files in INI format, what their values refer to, and where that is.

Every path that a setting gives is meant below the root directory ``TEST_ROOT``
(agent.txt, "testroot"): it is prefixed with the root unless it lies below it
already. What cannot be read is :exc:`~zc.zkdeployment.errors.BadConfiguration`, which
names the setting; what files hold is in no message.
"""

from __future__ import annotations

import configparser
import os
import re
import stat
import threading
import time
import urllib.parse
from collections.abc import Collection, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.regular_files import read_regular

if TYPE_CHECKING:
    from http.client import HTTPResponse

_MOST = 64 * 1024  # bytes that a setting or a configuration file may have
_SHOWN = 200  # characters of a value, in a message
_MOST_LINES = 10  # with mistakes, in a message
_LATE = 1.0  # seconds, after which who should have noticed a timeout did not
_OTHERS = 0o077  # any access by group and others
_CREDENTIALS = "/run/credentials"  # of units, made by systemd for each; nobody else writes there

_control = re.compile(r"[\x00-\x1f\x7f]").search


def root_of(environ: Mapping[str, str]) -> str:
    """Return the root directory."""
    return str(Path(os.path.normpath(Path(environ.get("TEST_ROOT") or "/").absolute())))


def below(root: str, path: str) -> str:
    """Return where a path lies below the root directory."""
    inside = os.path.normpath("/" + path.lstrip("/"))
    return inside if Path(inside).is_relative_to(root) else root + inside


def absolute_path(setting: str, value: str, root: str) -> str:
    """Return the path that a setting gives, below the root directory."""
    if not value.startswith("/") or _control(value):
        raise BadConfiguration(f"{setting}: {value!r:.200} is not an absolute path")
    return below(root, value)


def read_ini(path: str) -> configparser.RawConfigParser:
    """Return what is in a configuration file, values as they are written."""
    if not Path(path).exists():
        raise BadConfiguration(f"configuration file: {path} does not exist")
    text = read_text("configuration file", path)
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text, source=path)
    except configparser.ParsingError as error:
        # Its own message shows the lines, of which one may be a secret.
        found = getattr(error, "errors", None) or [(getattr(error, "lineno", "?"), "")]
        lines = ", ".join(str(number) for number, _ in found[:_MOST_LINES])
        raise BadConfiguration(
            f"configuration file: {path} is not in INI format: see line {lines}"
        ) from None
    except configparser.Error as error:
        why = " ".join(str(error).split())[:400]
        raise BadConfiguration(f"configuration file: {path} is not in INI format: {why}") from None
    return parser


def known_settings(
    parser: configparser.RawConfigParser, path: str, section: str, known: Collection[str]
) -> dict[str, str]:
    """Return the settings of a section, without white space around them; nothing without it.

    Raises :exc:`~zc.zkdeployment.errors.BadConfiguration` for one that is not known, unless
    it is meant for all sections.
    """
    if not parser.has_section(section):
        return {}
    given = {key: value.strip() for key, value in parser[section].items()}
    for key in sorted(given.keys() - set(known)):
        if key in parser.defaults():
            continue
        meant = misspelled(key, known)
        hint = f"did you mean {meant}?" if meant else f"known are {', '.join(known)}"
        raise BadConfiguration(f"{path}: unknown setting {key:.200} in [{section:.100}]; {hint}")
    return given


def secret_file(setting: str, value: str, root: str, what: str, expected: str) -> tuple[str, str]:
    """Return the path of the private file that a secret setting names, and its text.

    ``what`` is what must not stand in the setting itself, ``expected`` what to write to the
    file instead. Raises :exc:`~zc.zkdeployment.errors.BadConfiguration`.
    """
    path = file_named_by(value, root)
    if path is None:  # the value may be the secret: it is not shown
        raise BadConfiguration(
            f"{setting}: {what} must not be in a configuration file. Write {expected} to a file"
            f" of its own, chmod 600 it, and name it: {setting.rpartition(' ')[2]} = file:///PATH"
        )
    check_private(setting, path)
    return path, read_text(setting, path)


def misspelled(setting: str, known: Collection[str]) -> str | None:
    """Return the known setting that an unknown one looks like, if it does."""
    import difflib  # only who misspelled something waits for it

    meant = difflib.get_close_matches(setting, known, n=1, cutoff=0.75)
    return meant[0] if meant else None


def file_named_by(value: str, root: str) -> str | None:
    """Return the path that a value ``file:///PATH`` refers to, ``None`` for any other value."""
    if not value.startswith("file:///"):
        return None
    return below(root, urllib.parse.unquote(value.removeprefix("file://")))


def check_private(setting: str, path: str) -> None:
    """Refuse a file with a secret that is not there, or not for its owner alone."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError) as error:
        raise _unreadable(setting, repr(path), f"{error}"[:_SHOWN]) from error
    if not stat.S_ISREG(found.st_mode):
        raise BadConfiguration(f"{setting}: {path} is not a file")
    if not is_private(path, found.st_mode):
        raise BadConfiguration(
            f"{setting}: {path} has mode {found.st_mode & 0o777:03o}, so that group or others"
            f" can use it; if nobody did, protect it with: chmod 600 {path}"
        )


def is_private(path: str, mode: int) -> bool:
    """Tell whether a file of this mode is for its owner alone.

    Of a credential systemd shows what its ACL allows the user of the unit as the rights of
    the group, which has none.
    """
    guarded = Path(path).is_relative_to(_CREDENTIALS)
    return not mode & (_OTHERS & ~stat.S_IRGRP if guarded else _OTHERS)


def resolve(setting: str, value: str, root: str, patience: float) -> str:
    """Return a value, or what the file or URL holds that it is.

    ``patience``, in seconds, is what a URL may take. Proxies are not used: a metadata
    service that tells a host who it is has to be asked directly.
    """
    path = file_named_by(value, root)
    if path is not None:
        return read_text(setting, path).strip()
    if value.startswith(("http://", "https://")):
        return _fetch(setting, value, patience).strip()
    return value


def read_text(setting: str, path: str) -> str:
    """Return the text of a file, nothing if there is none."""
    try:
        data = read_regular(Path(path), _MOST)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:  # a path that holds a NUL is a ValueError
        raise _unreadable(setting, repr(path), f"{error}"[:_SHOWN]) from error
    return _text(setting, path, data)


def _fetch(setting: str, url: str, patience: float) -> str:
    # A server that sends a byte now and then is never silent for long, nor is one that sends
    # whoever asks somewhere else: only another thread can tell when it has taken too long.
    found: SimpleQueue[str | BadConfiguration] = SimpleQueue()

    def ask() -> None:
        try:
            found.put(_ask(setting, url, patience))
        except BadConfiguration as error:
            found.put(error)

    threading.Thread(target=ask, name="settings", daemon=True).start()
    try:
        outcome = found.get(timeout=patience + _LATE)
    except Empty:
        raise _unreadable(setting, url, "it takes too long to answer") from None
    if isinstance(outcome, BadConfiguration):
        raise outcome
    return outcome


def _ask(setting: str, url: str, patience: float) -> str:
    import http.client  # these take as long to import as all else that an agent needs, and
    import urllib.error  # few agents ask a metadata service
    import urllib.request

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + patience
    try:
        with opener.open(url, timeout=patience) as response:
            data = _body(response, deadline)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.NOT_FOUND:
            return ""
        raise BadConfiguration(
            f"{setting}: {url:.200} answered with status {error.code}, not with 200 or 404"
        ) from error
    except (OSError, ValueError, http.client.HTTPException) as error:  # it may be no URL at all
        raise _unreadable(setting, url, f"{error}"[:_SHOWN]) from error
    return _text(setting, url, data)


def _unreadable(setting: str, where: str, why: str) -> BadConfiguration:
    return BadConfiguration(f"{setting}: {where:.{_SHOWN}} cannot be read: {why}")


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
        raise BadConfiguration(f"{setting}: {where:.{_SHOWN}} is longer than {_MOST} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadConfiguration(
            f"{setting}: {where:.{_SHOWN}} is not UTF-8 text: {error}"
        ) from error
