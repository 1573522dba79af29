"""What webhooks are sent of an event: a document for programs, a text for people."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Literal

from zc.zkdeployment.notifications.events import Event, Kind
from zc.zkdeployment.notifications.outbox import encode_event

FORMAT = 1

#: How a webhook wants to be told.
Form = Literal["json", "slack"]

_HEADLINES = {
    Kind.MISSED: "something came and went while nobody looked, before {version}",
    Kind.PUBLISHED: "{version} was published",
    Kind.VERSION_SET: "the version was set to {version}, without publishing it",
    Kind.RESUMED: "the fleet goes on, to {version}",
    Kind.STOPPED: "all stop, on the way to {version}",
    Kind.ERROR: "{count} failed, on the way to {version}",
    Kind.DRIFT: "on {count} something was not as it was deployed",
    Kind.RECOVERED: "{count} recovered",
    Kind.DONE: "all hosts reached {version}",
}


def summary(event: Event) -> str:
    """Return an event in a line, for people."""
    count = "1 host" if event.count == 1 else f"{event.count} hosts"
    text = _HEADLINES[event.kind].format(version=_shown(event), count=count)
    if event.by:
        text += f", by {event.by}"
    text = f"{text}: {event.reason}" if event.reason else text
    if not event.late:
        return text
    return f"{text} (told late, of {event.happened})" if event.happened else f"{text} (told late)"


def body(event: Event, identifier: str, form: Form, fleet: str | None) -> bytes:
    """Return what is sent; ``fleet`` is what people call the fleet, if they do."""
    document: dict[str, object]
    if form == "slack":
        prefix = f"[{fleet}] " if fleet else ""
        document = {"text": _slack("\n".join([prefix + summary(event), *_hosts(event)]))}
    else:
        told = encode_event(event)
        document = {"format": FORMAT, "id": identifier, "type": told.pop("kind"), "fleet": fleet}
        document |= told | {"summary": summary(event)}
    return json.dumps(document, ensure_ascii=False).encode(errors="replace")


def headers(identifier: str, body: bytes, secret: bytes | None, now: int) -> Mapping[str, str]:
    """Return what tells a receiver which event it is and, given a secret, who sent it when.

    As https://www.standardwebhooks.com has it: the signature is the HMAC-SHA256 of
    identifier, moment (seconds since 1970) and body, with dots between. ``now`` is the
    moment of this attempt.
    """
    found = {"webhook-id": identifier, "webhook-timestamp": str(now)}
    if secret is not None:
        content = f"{identifier}.{now}.".encode() + body
        digest = hmac.new(secret, content, hashlib.sha256).digest()
        found["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return found


def _shown(event: Event) -> str:
    return "an unknown version" if event.version is None else f"{event.version!r}"


def _hosts(event: Event) -> list[str]:
    lines = [f"- {each.name}: {each.text}" for each in event.hosts]
    more = event.count - len(event.hosts)
    return [*lines, f"- and {more} more"] if more > 0 else lines


def _slack(text: str) -> str:
    """Return a text in which nothing is a link, a mention or markup of Slack's."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
