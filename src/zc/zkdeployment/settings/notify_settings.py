"""Who is told what of a fleet: the configuration of ``zkdeploy notify``.

::

    [notify]
    fleet = production

    [webhook operators]
    url = https://ops.example.com/zkdeploy
    secret = file:///etc/zkdeploy/webhook.secret

    [webhook chat]
    url = file:///etc/zkdeploy/chat.url
    form = slack
    events = stopped, error, done

Secrets, of which the URL may be one, are in files of their own, which only their owner may
read. Nobody notices what is not sent, so there are no unknown settings here.
"""

from __future__ import annotations

import base64
import binascii
import configparser
import urllib.parse
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.notifications.events import Kind
from zc.zkdeployment.notifications.messages import Form
from zc.zkdeployment.settings.setting_files import (
    absolute_path,
    check_private,
    file_named_by,
    known_settings,
    read_ini,
    read_text,
    root_of,
    secret_file,
)

_NOTIFY = "notify"
_WEBHOOK = "webhook "
_KNOWN = ("fleet", "gather")
_KNOWN_OF_WEBHOOK = ("url", "form", "secret", "events", "timeout", "ca-file")
_FORMS: Mapping[str, Form] = {"json": "json", "slack": "slack"}
_KINDS = {kind.value: kind for kind in Kind}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SECRET = "whsec_"  # noqa: S105 # what secrets begin with, and no secret
_LEAST_SECRET, _MOST_SECRET = 24, 64  # bytes, as https://www.standardwebhooks.com has it
_LONGEST_NAME = 50
_MOST_WEBHOOKS = 20


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where messages go. ``secret`` signs them, ``None`` for none; ``timeout`` is in seconds.

    ``ca_file`` has the authorities that a server is to be vouched for by; ``None``: those
    that the system trusts.
    """

    name: str
    url: str = field(repr=False)
    form: Form = "json"
    secret: bytes | None = field(default=None, repr=False)
    kinds: frozenset[Kind] = frozenset(Kind)
    timeout: float = 10.0
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """Whom to tell. ``fleet`` is what people call it, ``None`` for no name.

    What happens within ``gather`` seconds is told at once.
    """

    webhooks: tuple[Webhook, ...]
    fleet: str | None = None
    gather: float = 2.0


def read_notify_settings(path: str, environ: Mapping[str, str]) -> NotifySettings:
    """Return what the file at ``path`` says.

    Paths in it are below the root directory that ``environ`` names. Raises
    :exc:`~zc.zkdeployment.errors.BadConfiguration`.
    """
    parser, root = read_ini(path), root_of(environ)
    for section in parser.sections():
        if section != _NOTIFY and not section.startswith(_WEBHOOK):
            raise BadConfiguration(
                f"{path}: unknown section [{section:.200}]; known are [{_NOTIFY}] and"
                f" [{_WEBHOOK}NAME]. How to talk to ZooKeeper says --zookeeper-config"
            )
    names = [section for section in parser.sections() if section.startswith(_WEBHOOK)]
    if not 0 < len(names) <= _MOST_WEBHOOKS:
        raise BadConfiguration(
            f"{path}: {len(names)} sections [{_WEBHOOK}NAME], each of which says where messages"
            f" go; expected 1 to {_MOST_WEBHOOKS}"
        )
    given = _section(parser, path, _NOTIFY, _KNOWN)
    return NotifySettings(
        tuple(_webhook(_section(parser, path, name, _KNOWN_OF_WEBHOOK), root) for name in names),
        given.get("fleet") or None,
        _seconds("gather", given.get("gather", "2"), 0.0, 300.0),
    )


def _section(
    parser: configparser.RawConfigParser, path: str, section: str, known: Collection[str]
) -> dict[str, str]:
    """Return the settings of a section, and its name as ``''``."""
    return known_settings(parser, path, section, known) | {"": section}


def _webhook(given: Mapping[str, str], root: str) -> Webhook:
    section = given[""]
    name = section.removeprefix(_WEBHOOK).strip()
    if not name.isidentifier() or len(name) > _LONGEST_NAME:
        raise BadConfiguration(
            f"[{section:.100}]: name a webhook with at most {_LONGEST_NAME} letters, digits and"
            " underscores"
        )
    form = _FORMS.get(given.get("form", "json"))
    if form is None:
        raise BadConfiguration(f"[{section}] form: expected json or slack")
    if form == "json" and "secret" not in given:
        raise BadConfiguration(
            f"[{section}] secret: without one nobody can tell messages of this fleet from others."
            f' Make one: (umask 077; echo "{_SECRET}$(openssl rand -base64 32)" >/PATH), and name'
            " it: secret = file:///PATH"
        )
    return Webhook(
        name,
        _url(section, given.get("url", ""), root),
        form,
        _secret(section, given["secret"], root) if "secret" in given else None,
        _events(section, given.get("events", "all")),
        _seconds(f"[{section}] timeout", given.get("timeout", "10"), 0.1, 300.0),
        absolute_path(f"[{section}] ca-file", given["ca-file"], root)
        if "ca-file" in given
        else None,
    )


def _url(section: str, value: str, root: str) -> str:
    setting = f"[{section}] url"
    if not value:
        raise BadConfiguration(f"{setting}: it is missing; it says where messages go")
    path = file_named_by(value, root)
    if path is not None:
        check_private(setting, path)
        value = read_text(setting, path).strip()
    try:
        parts = urllib.parse.urlsplit(value)
        usable = bool((parts.hostname or "").encode("idna")) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or not value.isascii() or not value.isprintable() or " " in value:
        raise BadConfiguration(f"{setting}: that is not https://HOST[:PORT]/PATH")
    if parts.username is not None or parts.fragment:
        raise BadConfiguration(f"{setting}: neither a user nor a fragment (#) can be in it")
    if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in _LOOPBACK):
        raise BadConfiguration(
            f"{setting}: expected https://…: anybody on the way could read the messages;"
            " http://… is for this machine itself"
        )
    return value


def _secret(section: str, value: str, root: str) -> bytes:
    setting = f"[{section}] secret"
    path, found = secret_file(setting, value, root, "a secret", "it")
    text = found.strip()
    try:
        secret = base64.b64decode(text.removeprefix(_SECRET), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not text.startswith(_SECRET) or not _LEAST_SECRET <= len(secret) <= _MOST_SECRET:
        raise BadConfiguration(
            f"{setting}: {path} does not hold {_SECRET} and, in base64, {_LEAST_SECRET} to"
            f' {_MOST_SECRET} bytes; make one with: echo "{_SECRET}$(openssl rand -base64 32)"'
        )
    return secret


def _events(section: str, value: str) -> frozenset[Kind]:
    if value == "all":
        return frozenset(Kind)
    names = value.replace(",", " ").split()
    for name in names:
        if name not in _KINDS:
            raise BadConfiguration(
                f"[{section}] events: there is no {name!r:.100};"
                f" known are all, {', '.join(_KINDS)}"
            )
    if not names:
        raise BadConfiguration(f"[{section}] events: none is named; remove it to be told of all")
    return frozenset(_KINDS[name] for name in names)


def _seconds(setting: str, value: str, least: float, most: float) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not least <= seconds <= most:
        raise BadConfiguration(
            f"{setting}: expected seconds, {least:g} to {most:g}, not {value!r:.100}"
        )
    return seconds
