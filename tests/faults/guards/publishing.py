"""Guards of publishing, and of what is published."""

from __future__ import annotations

from tests.faults.guards.guard import guard

PUBLISHING = (
    guard(
        "an object of a revision is what its digest says",
        "adapters/objects.py",
        "if digest_of(found[digest]) != digest:",
        "if False:",
        "tests/integration/publishing/test_tampering.py",
    ),
    guard(
        "a record is that of the version that it is read for",
        "adapters/revisions.py",
        "if not same_version(record.version, version):",
        "if False:",
        "tests/integration/publishing/test_tampering.py",
        "tests/integration/publishing/test_signed_records.py",
        "tests/integration/agent/test_revisions.py",
    ),
    guard(
        "a signature is verified",
        "adapters/trust.py",
        "        self._keys.verify(envelope.key, envelope.signature, data)\n",
        "",
        "tests/integration/publishing/test_tampering.py",
        "tests/integration/publishing/test_signed_records.py",
    ),
    guard(
        "a signature ends",
        "adapters/trust.py",
        "if record.expires is not None and",
        "if False and",
        "tests/integration/publishing/test_signed_records.py",
    ),
    guard(
        "an older revision is not accepted again",
        "adapters/trust.py",
        "        self._accepted.check(record.serial, digest)\n",
        "",
        "tests/integration/publishing/test_signed_records.py",
    ),
    guard(
        "what was accepted is remembered",
        "adapters/accepted.py",
        'durable.write(self._path, json.dumps({"serial": serial, "digest": digest}))',
        "pass",
        "tests/integration/adapters/test_accepted.py",
    ),
    guard(
        "the version flips only if nobody else changed it",
        "adapters/revision_writer.py",
        "Set(HOSTS, hosts, fleet.node_version) if fleet.index",
        "Set(HOSTS, hosts) if fleet.index",
        "tests/integration/publishing/test_stop_meanwhile.py",
    ),
    guard(
        "one publisher at a time",
        "adapters/publisher_lock.py",
        'if f"{LOCK}/{first}" != place:',
        "if False:",
        "tests/integration/test_sync_fleet.py",
        "tests/integration/test_rollback.py",
    ),
    guard(
        "a stopped fleet is not published to",
        "publication/publish_rules.py",
        "if fleet.version is None and not limits.force:",
        "if False:",
        "tests/unit/publication/test_publish_rules.py",
    ),
    guard(
        "a fleet on its way is not published to",
        "publication/publish_rules.py",
        "if host := fleet.behind():",
        "if host := None:",
        "tests/unit/publication/test_publish_rules.py",
    ),
    guard(
        "most deployments do not go without anybody saying so",
        "publication/publish_rules.py",
        "if not gone or (gone < before and gone <= limits.share * before):",
        "if True:",
        "tests/unit/publication/test_publish_rules.py",
    ),
    guard(
        "what there was before a publisher was killed is known",
        "baseline.py",
        "kept = revisions.digests_before()",
        "kept = None",
        "tests/integration/publishing/test_killed_publisher.py",
    ),
    guard(
        "a version is not published twice with different trees",
        "publication/publish_rules.py",
        "if record is not None and record.tree != tree:",
        "if False:",
        "tests/unit/publication/test_publish_rules.py",
    ),
)
