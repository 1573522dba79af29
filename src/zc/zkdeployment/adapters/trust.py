"""Which revisions an agent with public keys acts upon."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from zc.zkdeployment.adapters.accepted import Accepted
from zc.zkdeployment.adapters.signatures import PublicKeys
from zc.zkdeployment.errors import BadRevision
from zc.zkdeployment.moments import moment_of
from zc.zkdeployment.revisions.revision import Envelope, Record, digest_of


def _now() -> datetime:
    return datetime.now(UTC)


class SignedOnly:
    """Trusts records that are signed, not expired, and no older than the last one trusted.

    Which one that was is remembered, unless ``remember`` is false.
    """

    def __init__(
        self,
        keys: PublicKeys,
        accepted: Accepted,
        *,
        remember: bool = True,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._keys = keys
        self._accepted = accepted
        self._remember = remember
        self._now = now

    def check(self, envelope: Envelope, record: Record) -> None:
        """Raise :exc:`~zc.zkdeployment.errors.BadRevision` unless a record can be trusted."""
        if envelope.key is None or envelope.signature is None:
            raise BadRevision(
                "it is not signed, and this host accepts signed revisions only; publish it with"
                " 'zkdeploy sync --sign KEY'"
            )
        data = envelope.text.encode()
        self._keys.verify(envelope.key, envelope.signature, data)
        if record.expires is not None and self._now() >= moment_of(record.expires):
            raise BadRevision(
                f"its signature expired at {record.expires}; publish it again with"
                " 'zkdeploy sync --force --sign KEY'"
            )
        digest = digest_of(data)
        self._accepted.check(record.serial, digest)
        if self._remember:
            self._accepted.keep(record.serial, digest)
