"""Fleets as they are looked at, made without ZooKeeper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zc.zkdeployment.model import Version
from zc.zkdeployment.revisions.ledger import Publication
from zc.zkdeployment.revisions.revision import Record
from zc.zkdeployment.tree.origin import Origin
from zc.zkdeployment.views.lock_states import LockState
from zc.zkdeployment.views.overview import Overview, Sight, overview_of

AT = "2024-05-06T07:08:09Z"

ORIGIN = Origin("git://fleet", "abcdef", "ada", "Faster caches")


def publication(version: Version, serial: int = 1, reason: str | None = None) -> Publication:
    """A publication by Ada, a minute before the fleet is looked at."""
    at = "2024-05-06T07:07:09Z"
    return Publication(serial, version, "publish", at, "ada@ops", ORIGIN, {}, None, reason)


def record(version: Version, serial: int = 1) -> Record:
    """The record of that publication."""
    return Record(version, serial, "2024-05-06T07:07:09Z", "ada@ops", ORIGIN, "")


def fleet(
    version: Version = 1,
    index: int = 2,
    hosts: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    stopped: Mapping[str, Any] | None = None,
    newest: Publication | None = None,
    targets: frozenset[str] = frozenset(),
    locks: tuple[LockState, ...] = (),
    changed: str | None = AT,
) -> Overview:
    """A fleet at a version, whose hosts have these properties, by default ``h1`` that is done."""
    properties = {"version": version} | ({"stopped": stopped} if stopped else {})
    return overview_of(
        Sight(
            AT,
            properties,
            index,
            changed,
            {"h1": {"name": "web1", "version": 1}} if hosts is None else hosts,
            locks,
            newest,
            record(newest.version, newest.serial) if newest else None,
            targets,
        )
    )
