"""What webhooks are sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from importlib import resources

import jsonschema
import pytest

from zc.zkdeployment.model import Version
from zc.zkdeployment.notifications.events import MOST_NAMED, About, Event, Kind
from zc.zkdeployment.notifications.messages import body, headers, summary

EVENT = Event(
    Kind.ERROR,
    "2024-05-06T07:08:09Z",
    "2.0",
    hosts=(About("h1", "web1", "no space left"), About("h2", "web2", "<!here> & so on")),
    count=12,
)
STOP = Event(Kind.STOPPED, "2024-05-06T07:08:09Z", 2, "smoke", "ada@ops")


def test_programs_get_all_fields() -> None:
    assert json.loads(body(EVENT, "abc-7", "json", "production")) == {
        "format": 1,
        "id": "abc-7",
        "type": "error",
        "fleet": "production",
        "at": "2024-05-06T07:08:09Z",
        "version": "2.0",
        "reason": None,
        "by": None,
        "hosts": [
            {"host": "h1", "name": "web1", "text": "no space left"},
            {"host": "h2", "name": "web2", "text": "<!here> & so on"},
        ],
        "count": 12,
        "happened": None,
        "late": False,
        "summary": "12 hosts failed, on the way to '2.0'",
    }


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("version", [1, 1.5, "1", None, False])
def test_what_programs_get_is_as_the_schema_says(kind: Kind, version: Version) -> None:
    schema = json.loads(
        resources.files("zc.zkdeployment").joinpath("schemas/notification.json").read_text()
    )
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema | {"additionalProperties": False})
    for event in (replace(EVENT, kind=kind, version=version), replace(STOP, kind=kind)):
        validator.validate(json.loads(body(event, "abc-7", "json", None)))


def test_what_is_told_late_says_so_and_when_it_was() -> None:
    late = replace(STOP, late=True, happened="2024-05-06T06:00:00Z")
    assert summary(late).endswith(": smoke (told late, of 2024-05-06T06:00:00Z)")
    assert summary(replace(late, happened=None)).endswith(": smoke (told late)")


def test_people_get_a_text() -> None:
    assert json.loads(body(EVENT, "abc-7", "slack", "production")) == {
        "text": "[production] 12 hosts failed, on the way to '2.0'\n"
        "- web1: no space left\n"
        "- web2: &lt;!here&gt; &amp; so on\n"
        "- and 10 more"
    }
    assert json.loads(body(STOP, "abc-7", "slack", None)) == {
        "text": "all stop, on the way to 2, by ada@ops: smoke"
    }


@pytest.mark.parametrize("kind", list(Kind))
def test_every_event_can_be_said_in_a_line(kind: Kind) -> None:
    assert summary(replace(EVENT, kind=kind, version=None)).isprintable()


def test_half_a_character_spoils_no_message() -> None:
    document = json.loads(body(replace(EVENT, version="\ud800"), "abc-7", "json", None))
    assert document["version"] == "?"


def test_a_signature_can_be_made_again_by_who_knows_the_secret() -> None:
    """As https://www.standardwebhooks.com says, so that its libraries can be used."""
    secret, data = b"s" * 32, body(EVENT, "abc-7", "json", None)
    found = headers("abc-7", data, secret, 1_700_000_000)
    digest = hmac.new(secret, b"abc-7.1700000000." + data, hashlib.sha256).digest()
    assert found == {
        "webhook-id": "abc-7",
        "webhook-timestamp": "1700000000",
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    assert "webhook-signature" not in headers("abc-7", data, None, 1_700_000_000)
    assert len(EVENT.hosts) <= MOST_NAMED
