"""Who is told: what a configuration can say, and how it is told what is wrong with it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.notifications.events import Kind
from zc.zkdeployment.settings.notify_settings import NotifySettings, Webhook, read_notify_settings
from zc.zkdeployment.settings.setting_files import is_private

SECRET = bytes(range(32))

Read = Callable[[str], NotifySettings]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return what reads a configuration; DIR stands for a directory with secrets."""
    for name, text in {
        "secret": f"whsec_{base64.b64encode(SECRET).decode()}\n",
        "chat": "https://chat.example.com/T0/B0/xyz\n",
        "short": "whsec_YWJj\n",
        "plain": "password\n",
    }.items():
        path = tmp_path / name
        path.write_text(text)
        path.chmod(0o600)
    (tmp_path / "open").write_text("x")
    (tmp_path / "open").chmod(0o644)

    def read(text: str) -> NotifySettings:
        path = tmp_path / "notify.conf"
        path.write_text(text.replace("DIR", str(tmp_path)))
        return read_notify_settings(str(path), {})

    return read


GOOD = """
[notify]
fleet = production
gather = 5
[webhook ops]
url = https://ops.example.com:8443/hook?team=1
secret = file://DIR/secret
events = stopped, error
timeout = 3
ca-file = /etc/ca.pem
[webhook chat]
url = file://DIR/chat
form = slack
"""


def test_all_that_can_be_said(read: Read) -> None:
    assert read(GOOD) == NotifySettings(
        (
            Webhook(
                "ops",
                "https://ops.example.com:8443/hook?team=1",
                "json",
                SECRET,
                frozenset({Kind.STOPPED, Kind.ERROR}),
                3.0,
                "/etc/ca.pem",
            ),
            Webhook("chat", "https://chat.example.com/T0/B0/xyz", "slack"),
        ),
        "production",
        5.0,
    )


def test_secrets_are_in_no_traceback(read: Read) -> None:
    text = repr(read(GOOD))
    assert "xyz" not in text
    assert "\\x01" not in text


HOOK = "[webhook ops]\nsecret = file://DIR/secret\n"
WELL = HOOK + "url = https://x/\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "0 sections [webhook NAME]"),
        ("[notfy]\n", "unknown section [notfy]; known are [notify] and [webhook NAME]"),
        ("[zookeeper]\n", "How to talk to ZooKeeper says --zookeeper-config"),
        (WELL + "[notify]\nflet = x\n", "unknown setting flet in [notify]; did you mean fleet?"),
        (WELL + "colour = red\n", "unknown setting colour in [webhook ops]; known are url, form"),
        ("[webhook a b]\n", "name a webhook with at most 50 letters, digits and underscores"),
        (WELL + "form = xml\n", "[webhook ops] form: expected json or slack"),
        ("[webhook ops]\nurl = https://x/\n", "secret: without one nobody can tell messages"),
        (HOOK, "[webhook ops] url: it is missing"),
        (HOOK + "url = hook\n", "url: that is not https://HOST"),
        (HOOK + "url = https://\n", "url: that is not https://HOST"),
        (HOOK + "url = https://a..b/\n", "url: that is not https://HOST"),
        (HOOK + "url = https://x:99999/\n", "url: that is not https://HOST"),
        (HOOK + "url = https://me:pw@x/\n", "url: neither a user nor a fragment"),
        (HOOK + "url = ftp://x/\n", "url: expected https://"),
        (HOOK + "url = http://ops.example.com/\n", "anybody on the way could read the messages"),
        (HOOK + "url = file://DIR/open\n", "has mode 644"),
        (HOOK + "url = file://DIR/gone\n", "url: "),
        (WELL.replace("file://DIR/secret", "whsec_abc"), "must not be in a configuration file"),
        (WELL.replace("DIR/secret", "DIR/short"), "make one with: echo"),
        (WELL.replace("DIR/secret", "DIR/plain"), "make one with: echo"),
        (WELL.replace("DIR/secret", "DIR/open"), "has mode 644"),
        (WELL + "events =\n", "events: none is named"),
        (WELL + "events = stoped\n", "there is no 'stoped'; known are all, missed"),
        (WELL + "timeout = soon\n", "[webhook ops] timeout: expected seconds, 0.1 to 300"),
        (WELL + "[notify]\ngather = 999\n", "gather: expected seconds, 0 to 300, not '999'"),
        (WELL + "ca-file = ca.pem\n", "ca-file: 'ca.pem' is not an absolute path"),
    ],
)
def test_what_is_wrong_is_named(read: Read, text: str, expected: str) -> None:
    with pytest.raises(BadConfiguration) as raised:
        read(text)
    assert expected in str(raised.value)
    assert "abc" not in str(raised.value)


def test_this_machine_needs_no_encryption(read: Read) -> None:
    [webhook] = read(HOOK + "url = http://127.0.0.1:8080/\n").webhooks
    assert webhook.url == "http://127.0.0.1:8080/"


@pytest.mark.parametrize(
    ("path", "mode", "expected"),
    [
        ("/etc/secret", 0o100600, True),
        ("/etc/secret", 0o100640, False),
        ("/run/credentials/zkdeployment-notify.service/secret", 0o100440, True),
        ("/run/credentials/zkdeployment-notify.service/secret", 0o100444, False),
        ("/run/credentials/zkdeployment-notify.service/secret", 0o100460, False),
        ("/run/credentialsx/secret", 0o100440, False),
    ],
)
def test_what_systemd_hands_to_a_unit_is_private(path: str, mode: int, expected: bool) -> None:
    assert is_private(path, mode) is expected
