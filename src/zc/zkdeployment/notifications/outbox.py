"""Events that are to be sent, to whom, and what was sent: all that a sender leaves behind.

It is written down whole before anything is sent, and where the next sender finds it. So an
event may be sent twice, under the same identifier, and is lost only where more than
:data:`MOST_WAITING` wait.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from zc.zkdeployment.notifications.events import About, Event, Kind, Told

FORMAT = 1

#: Events that wait to be sent, and bytes of all of this; the oldest are dropped.
MOST_WAITING = 100
MOST_BYTES = 400 * 1024


_STRANGE = "what was told of the fleet is not in the form in which it is remembered"


@dataclass(frozen=True, slots=True)
class Notice:
    """An event with its number; from one to the next it grows by 1."""

    number: int
    event: Event


@dataclass(frozen=True, slots=True)
class Outbox:
    """Everything that is remembered. ``name`` tells it from others, that were there before.

    ``last`` is the number of the last event, ``sent`` that of the last one that a webhook
    was sent, by its name, whether it was taken or given up.
    """

    name: str
    told: Told
    last: int = 0
    waiting: tuple[Notice, ...] = ()
    sent: Mapping[str, int] = field(default_factory=dict)

    def identifier(self, notice: Notice) -> str:
        """Return what tells an event from all others, however often it is sent."""
        return f"{self.name}-{notice.number}"

    def for_webhooks(self, names: Collection[str]) -> Outbox:
        """Return this for these webhooks; one that was not known is sent what comes from now."""
        return replace(self, sent={name: self.sent.get(name, self.last) for name in names})

    def add(self, events: Iterable[Event], told: Told) -> Outbox:
        """Return this with more events, after which ``told`` is what was told."""
        notices = [Notice(number, each) for number, each in enumerate(events, self.last + 1)]
        waiting = (*self.waiting, *notices)[-MOST_WAITING:]
        return replace(self, told=told, last=self.last + len(notices), waiting=waiting)

    def dropped_by(self, more: int) -> int:
        """Return how many events are dropped, the oldest, if so many more are added."""
        return max(0, len(self.waiting) + more - MOST_WAITING)

    def next_for(self, webhook: str) -> Notice | None:
        """Return the first event that a webhook was not sent yet."""
        after = self.sent.get(webhook, self.last)
        return next((each for each in self.waiting if each.number > after), None)

    def after_sending(self, webhook: str, number: int) -> Outbox:
        """Return this once a webhook was sent an event; what nobody is to be sent is dropped."""
        sent = {**self.sent, webhook: max(number, self.sent.get(webhook, 0))}
        least = min(sent.values())
        waiting = tuple(each for each in self.waiting if each.number > least)
        return replace(self, sent=sent, waiting=waiting)


def encode_outbox(outbox: Outbox) -> bytes:
    """Return the bytes of the node that holds it, without the oldest events if they are many."""
    while len(data := _encode(outbox)) > MOST_BYTES and outbox.waiting:
        outbox = replace(outbox, waiting=outbox.waiting[len(outbox.waiting) // 10 + 1 :])
    return data


def decode_outbox(data: bytes) -> Outbox | None:
    """Return what :func:`encode_outbox` wrote, ``None`` for an empty node.

    Raises :exc:`ValueError` where it is something else.
    """
    if data in (b"", b"{}"):
        return None
    try:
        match json.loads(data):
            case {
                "format": int(),
                "name": str(name),
                "last": int(last),
                "told": dict(told),
                "waiting": list(waiting),
                "sent": dict(sent),
            } if all(isinstance(number, int) for number in sent.values()):
                notices = tuple(map(_notice, waiting))
                return Outbox(name, Told(**told), last, notices, sent)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{_STRANGE}: {error!s:.200}") from error
    raise ValueError(_STRANGE)


def encode_event(event: Event) -> dict[str, Any]:
    """Return an event as JSON has it."""
    return {**asdict(event), "kind": event.kind.value, "hosts": [*map(asdict, event.hosts)]}


def _encode(outbox: Outbox) -> bytes:
    document = {
        "format": FORMAT,
        "name": outbox.name,
        "last": outbox.last,
        "told": asdict(outbox.told),
        "waiting": [
            {"number": each.number, "event": encode_event(each.event)} for each in outbox.waiting
        ],
        "sent": dict(outbox.sent),
    }
    return json.dumps(document, ensure_ascii=False).encode(errors="replace")


def _notice(found: Mapping[str, Any]) -> Notice:
    event = dict(found["event"])
    about = tuple(About(**each) for each in event.pop("hosts"))
    return Notice(int(found["number"]), Event(Kind(event.pop("kind")), hosts=about, **event))
