"""Which records hosts with keys believe: whoever has none makes no host do anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from tests.support.publishing import LIMITS, TERMS
from tests.support.signed import TWO, Fleet, refused

from zc.zkdeployment.adapters.accepted import Accepted
from zc.zkdeployment.adapters.signatures import PublicKeys, SigningKey, generate, public_path
from zc.zkdeployment.adapters.trust import SignedOnly
from zc.zkdeployment.model import Desired
from zc.zkdeployment.revisions.revision import (
    Envelope,
    encode_record,
)
from zc.zkdeployment.rollback import rollback
from zc.zkdeployment.settings.config import Settings
from zc.zkdeployment.wiring import trust_of


def test_an_older_record_of_the_same_version_is_not_believed_again(fleet: Fleet) -> None:
    """It may have been published again because the first publication expired."""
    old = fleet.envelope()
    fleet.publish(TWO, 2)
    rollback(fleet.zk, 1, fleet.terms, LIMITS)
    fleet.desired()
    fleet.put(old)
    refused(fleet.desired, "serial 1 is older than serial 3")


def test_the_record_of_another_version_is_not_believed(fleet: Fleet) -> None:
    fleet.publish(TWO, 2)
    fleet.put(fleet.envelope(2), 1)
    refused(fleet.desired, "version 1: its record is that of version 2")
    refused(partial(fleet.desired, True), "version True")
    fleet.put(fleet.envelope(2), "2")
    refused(partial(fleet.desired, "2"), "version '2': its record is that of version 2")


def test_an_unsigned_record_is_not_believed(fleet: Fleet) -> None:
    fleet.put(Envelope(fleet.envelope().text))
    refused(fleet.desired, "version 1: it is not signed")
    fleet.publish(TWO, 2, TERMS)
    refused(partial(fleet.desired, 2), "version 2: it is not signed")


def test_another_key_counts_for_nothing(fleet: Fleet) -> None:
    """Not even where it claims to be the one that is trusted."""
    generate(fleet.directory / "other")
    other = SigningKey.load(fleet.directory / "other")
    text = fleet.envelope().text
    signature = other.sign(text.encode())
    fleet.put(Envelope(text, other.key_id, signature))
    refused(fleet.desired, "does not trust")
    fleet.put(Envelope(text, fleet.key.key_id, signature))
    refused(fleet.desired, "signature is not that of key")
    fleet.publish(TWO, 2, replace(TERMS, signer=other))
    refused(partial(fleet.desired, 2), "does not trust")


def test_a_signature_of_one_record_is_none_of_another(fleet: Fleet) -> None:
    signed = fleet.envelope()
    for record in (
        replace(signed.record, serial=99),
        replace(signed.record, expires="2999-01-01T00:00:00Z"),
        replace(signed.record, shards={}),
    ):
        fleet.put(replace(signed, text=encode_record(record)))
        refused(fleet.desired, "signature is not that of key")


def test_a_revision_counts_until_the_moment_it_expires(fleet: Fleet, tmp_path: Path) -> None:
    fleet.publish(TWO, 2, replace(fleet.terms, valid_for=timedelta(days=1)))
    keys = PublicKeys.load([public_path(tmp_path / "key")])
    end = TERMS.at + timedelta(days=1)

    def at(moment: datetime) -> Desired:
        accepted = Accepted(str(tmp_path / "elsewhere"))
        return fleet.desired(2, SignedOnly(keys, accepted, now=lambda: moment))

    assert at(end - timedelta(microseconds=1)).deployments
    refused(lambda: at(end), "version 2: its signature expired at 2030-01-03T03:04:05Z")


def test_the_clock_of_the_host_says_what_expired(fleet: Fleet) -> None:
    past = datetime(2020, 1, 1, tzinfo=UTC)
    fleet.publish(TWO, 2, replace(fleet.terms, at=past, valid_for=timedelta(days=1)))
    refused(partial(fleet.desired, 2), "expired at 2020-01-02")


def test_what_is_older_than_what_was_accepted_is_refused_after_a_restart_too(
    fleet: Fleet, settings: Settings
) -> None:
    fleet.publish(TWO, 2)
    fleet.desired(2)
    restarted = trust_of(settings)
    refused(lambda: fleet.desired(1, restarted), "version 1: serial 1 is older than serial 2")
    assert fleet.desired(2, restarted).deployments


def test_two_records_of_one_serial_are_not_both_believed(fleet: Fleet) -> None:
    """Somebody set ZooKeeper back, and published something else from there."""
    text = encode_record(replace(fleet.envelope().record, by="someone-else"))
    fleet.put(Envelope(text, fleet.key.key_id, fleet.key.sign(text.encode())))
    refused(fleet.desired, "serial 1 has digest")


@pytest.mark.parametrize("gone", [None, "/revisions/versions", "/revisions"])
def test_hosts_with_keys_never_fall_back_to_the_live_tree(fleet: Fleet, gone: str | None) -> None:
    """Anybody who can write to ZooKeeper could change that."""
    if gone:
        fleet.zk.delete_recursive(gone)
    for version in (7, "7", 1.5, True):
        fleet.zk.properties("/hosts", watch=False).update(version=version)
        refused(partial(fleet.desired, version), f"version {version!r} was not published")
    if gone:
        refused(fleet.desired, "version 1 was not published")
